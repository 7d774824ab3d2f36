"""Find the figures of the thesis and the paper that their own other figures contradict.

Nothing here knows a misprinted figure beforehand. Each derived figure is computed again from those
that it derives from, as an interval, because those are rounded too; when no value in the interval
rounds to what is printed, it is a misprint. What is wrong but no figure was found by reading
(``Slip``); it stands behind.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from samefeatures.reproduce.published import (
    TRAIN_IMAGES,
    VAL_IMAGES,
    Pair,
    Paper,
    Printed,
    Said,
    Slip,
    Thesis,
)

Span = tuple[float, float]
Derived = tuple[Span, float, str]
"""All values that other figures allow, the one that they give, and a sentence on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Misprint:
    """Something printed that does not follow from the rest of the document.

    Attributes:
        where: Table or section.
        what: Which of its figures, e.g. ``change vs source``.
        source: Whose features; empty where the figure belongs to no cell.
        target: Whose head.
        printed: As printed.
        recomputed: What the other figures give; None for what is no figure.
        why: One sentence.
    """

    where: str
    what: str
    source: str = ""
    target: str = ""
    printed: str
    recomputed: float | None
    why: str


def thesis_misprints(thesis: Thesis) -> tuple[Misprint, ...]:
    """Check Table 5.1 against 5.2, the changes of 5.2 against its accuracies, and the text."""
    found: list[Misprint] = []
    for name, network in thesis.networks.items():
        own = thesis.accuracy[name, name]
        derived = own.span, own.value, f"the diagonal of Table 5.2 has {own.text}"
        found += _held("Table 5.1", "local top-1", (name, name), network.local_top1, derived)
    for pair, printed in thesis.change.items():
        found += _held("Table 5.2", "change vs source", pair, printed, _change(thesis, pair))
    for said in thesis.said:
        found += _held_in_text(said, _of_thesis(thesis, said))
    return (*found, *map(_slip, thesis.slips))


def paper_misprints(paper: Paper) -> tuple[Misprint, ...]:
    """Check percents and losses of the paper's Table 1 against its counts, and the text."""
    found: list[Misprint] = []
    for pair, row in paper.rows.items():
        whole = (said for said in paper.said if (said.what, said.pair) == ("top-1", pair))
        more = "".join(f"; section {said.section} has {said.printed.text}" for said in whole)
        top1 = _exact(percent_right(paper, pair), f"its counts of {VAL_IMAGES:,} give", more)
        found += _held("Table 1", "top-1", pair, row.percent, top1)
        if row.loss is not None:
            loss = _exact(points_lost(paper, pair), f"its counts of {VAL_IMAGES:,} give")
            found += _held("Table 1", "loss vs target", pair, row.loss, loss)
    for said in paper.said:
        found += _held_in_text(said, _of_paper(paper, said))
    return (*found, *map(_slip, paper.slips))


def _held(
    where: str, what: str, pair: Pair, printed: Printed, derived: Derived
) -> Iterator[Misprint]:
    """The misprint, where no value that the other figures allow rounds to what is printed."""
    span, value, why = derived
    if not _meet(printed.span, span):
        source, target = pair
        yield Misprint(
            where=where,
            what=what,
            source=source,
            target=target,
            printed=printed.text,
            recomputed=value,
            why=why,
        )


def _held_in_text(said: Said, derived: Derived | None) -> Iterator[Misprint]:
    if derived is not None:
        yield from _held(f"Section {said.section}", said.what, said.pair, said.printed, derived)


def _slip(slip: Slip) -> Misprint:
    where = f"Section {slip.section}"
    return Misprint(
        where=where, what=slip.what, printed=slip.printed, recomputed=None, why=slip.why
    )


def _of_thesis(thesis: Thesis, said: Said) -> Derived | None:
    """What the tables make of a figure in the text; None where they say nothing of it."""
    match said.what:
        case "reported top-1":
            row = thesis.networks[said.source].reported_top1
            return row.span, row.value, f"Table 5.1 reports {row.text}"
        case "percent gained vs target":
            return _gain(thesis, said.pair)
        case "drop vs source":
            (low, high), value, why = _change(thesis, said.pair)
            return (-high, -low), -value, why
        case "greatest drop vs source":
            spans = [change_span(thesis, *pair) for pair in _pairs(thesis, "maps")]
            worst = min(low for low, _ in spans), min(high for _, high in spans)
            return worst, sum(worst) / 2, "Table 5.2 gives another"
        case "median change vs source":
            return _median(thesis, said.printed)
    return None


def _change(thesis: Thesis, pair: Pair) -> Derived:
    source, target = pair
    value, printed = recomputed_change(thesis, source, target), thesis.change[pair]
    sign = " (the sign is wrong)" if round(value, printed.digits) == -printed.value else ""
    accuracies = thesis.accuracy[pair].text, thesis.accuracy[source, source].text
    why = f"its accuracies {' and '.join(accuracies)} give {value:+.2f}{sign}"
    return change_span(thesis, source, target), value, why


def _gain(thesis: Thesis, pair: Pair) -> Derived:
    """In percent of the target's own accuracy, as the other percents of the section are."""
    ours, own = thesis.accuracy[pair], thesis.accuracy[pair[1], pair[1]]
    value, points = 100 * (ours.value / own.value - 1), ours.value - own.value
    why = f"{ours.text} against {own.text} are {points:.2f} points, or {value:.2f} %"
    return _relative(ours.span, own.span), value, why


def _median(thesis: Thesis, printed: Printed) -> Derived:
    spans = {over: _median_span(thesis, over=over) for over in ("maps", "cells")}
    maps, cells = (median_change(thesis, over=over) for over in spans)
    why = f"over the {len(_pairs(thesis, 'maps'))} maps it is {maps:+.2f}"
    if _meet(printed.span, spans["cells"]):
        why += (
            f"; it holds over all {len(thesis.accuracy)} cells, the zeros of the diagonal counted "
            f"({cells:+.2f} from the accuracies)"
        )
    return spans["maps"], maps, why


def _of_paper(paper: Paper, said: Said) -> Derived | None:
    """The same of the paper, whose counts are exact."""
    match said.what:
        case "top-1":
            return _exact(percent_right(paper, said.pair), "the counts of Table 1 give")
        case "loss vs target":
            return _exact(points_lost(paper, said.pair), "the counts of Table 1 give")
        case "gain vs target":
            return _exact(-points_lost(paper, said.pair), "the counts of Table 1 give")
        case "mislabelled by the target":
            wrong = VAL_IMAGES - paper.rows[said.target, said.target].correct
            return _exact(wrong, "the counts of Table 1 give")
        case "millions of training images":
            return _exact(TRAIN_IMAGES / 1e6, f"ILSVRC2012 has {TRAIN_IMAGES:,}:")
    return None


def _exact(value: float, given: str, more: str = "") -> Derived:
    return (value, value), value, f"{given} {value:.2f}{more}"


def percent_right(paper: Paper, pair: Pair) -> float:
    """Top-1 in percent, from the count."""
    return 100 * paper.rows[pair].correct / VAL_IMAGES


def points_lost(paper: Paper, pair: Pair) -> float:
    """Points of accuracy against the target's own, from both counts."""
    own = paper.rows[pair[1], pair[1]].correct
    return 100 * (own - paper.rows[pair].correct) / VAL_IMAGES


def recomputed_change(thesis: Thesis, source: str, target: str) -> float:
    """Percent change against the source's own accuracy, from the printed accuracies."""
    own = thesis.accuracy[source, source].value
    return 100 * (thesis.accuracy[source, target].value - own) / own


def change_span(thesis: Thesis, source: str, target: str) -> Span:
    """All changes that accuracies give which round to the printed ones."""
    if source == target:
        return 0.0, 0.0
    return _relative(thesis.accuracy[source, target].span, thesis.accuracy[source, source].span)


def median_change(thesis: Thesis, *, over: str) -> float:
    """Median of the recomputed changes over the ``maps``, or over all ``cells``."""
    return statistics.median(recomputed_change(thesis, *pair) for pair in _pairs(thesis, over))


def _median_span(thesis: Thesis, *, over: str) -> Span:
    spans = [change_span(thesis, *pair) for pair in _pairs(thesis, over)]
    return statistics.median(s[0] for s in spans), statistics.median(s[1] for s in spans)


def _pairs(thesis: Thesis, over: str) -> list[Pair]:
    return [(a, b) for a, b in thesis.accuracy if over == "cells" or a != b]


def _relative(of: Span, to: Span) -> Span:
    """Percent changes between any two values of two spans."""
    return 100 * (of[0] / to[1] - 1), 100 * (of[1] / to[0] - 1)


def _meet(first: Span, second: Span) -> bool:
    # Counts sit on the border between two roundings now and then; either is right.
    slack = 1e-9
    return first[0] <= second[1] + slack and second[0] <= first[1] + slack
