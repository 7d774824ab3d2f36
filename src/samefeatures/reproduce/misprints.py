"""Find the figures of the thesis and the paper that their own other figures contradict.

Nothing here knows a misprinted figure beforehand. Each derived figure is computed again from those
that it derives from, as an interval, because those are rounded too; when no value in the interval
rounds to what is printed, it is a misprint. What is wrong but no figure was found by reading
(``Slip``); it stands behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from samefeatures.scores.medians import median

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
    tables = [
        *(_said("Table 5.1", "local top-1", (name, name), network.local_top1)
          for name, network in thesis.networks.items()),
        *(_said("Table 5.2", "change vs source", pair, printed)
          for pair, printed in thesis.change.items()),
    ]  # fmt: skip
    known = (said for said in (*tables, *thesis.said) if said.what in _THESIS)
    found = (_contradicted(said, _THESIS[said.what](thesis, said)) for said in known)
    return (*filter(None, found), *map(_slip, thesis.slips))


def paper_misprints(paper: Paper) -> tuple[Misprint, ...]:
    """Check percents and losses of the paper's Table 1 against its counts, and the text."""
    tables = [
        _said("Table 1", what, pair, printed)
        for pair, row in paper.rows.items()
        for what, printed in (("top-1", row.percent), ("loss vs target", row.loss))
        if printed is not None
    ]
    known = (said for said in (*tables, *paper.said) if said.what in _PAPER)
    found = (_contradicted(said, _PAPER[said.what](paper, said)) for said in known)
    return (*filter(None, found), *map(_slip, paper.slips))


def _said(where: str, what: str, pair: Pair, printed: Printed) -> Said:
    return Said(where=where, what=what, source=pair[0], target=pair[1], printed=printed)


def _contradicted(said: Said, derived: Derived) -> Misprint | None:
    """A misprint, where no value that the other figures allow rounds to what is printed."""
    span, value, why = derived
    if _meet(said.printed.span, span):
        return None
    return Misprint(
        where=said.where,
        what=said.what,
        source=said.source,
        target=said.target,
        printed=said.printed.text,
        recomputed=value,
        why=why,
    )


def _slip(slip: Slip) -> Misprint:
    return Misprint(
        where=slip.where, what=slip.what, printed=slip.printed, recomputed=None, why=slip.why
    )


def _own(thesis: Thesis, said: Said) -> Derived:
    own = thesis.accuracy[said.pair]
    return own.span, own.value, f"the diagonal of Table 5.2 has {own.text}"


def _reported(thesis: Thesis, said: Said) -> Derived:
    reported = thesis.networks[said.source].reported_top1
    return reported.span, reported.value, f"Table 5.1 reports {reported.text}"


def _change(thesis: Thesis, said: Said) -> Derived:
    value, printed = recomputed_change(thesis, *said.pair), said.printed
    sign = " (the sign is wrong)" if round(value, printed.digits) == -printed.value else ""
    hybrid, own = thesis.accuracy[said.pair].text, thesis.accuracy[said.source, said.source].text
    why = f"its accuracies {hybrid} and {own} give {value:+.2f}{sign}"
    return change_span(thesis, *said.pair), value, why


def _drop(thesis: Thesis, said: Said) -> Derived:
    (low, high), value, why = _change(thesis, said)
    return (-high, -low), -value, why


def _gain(thesis: Thesis, said: Said) -> Derived:
    """In percent of the target's own accuracy, as the other percents of the section are."""
    ours, own = thesis.accuracy[said.pair], thesis.accuracy[said.target, said.target]
    value, points = 100 * (ours.value / own.value - 1), ours.value - own.value
    why = f"{ours.text} against {own.text} are {points:.2f} points, or {value:.2f} %"
    return _relative(ours.span, own.span), value, why


def _greatest_drop(thesis: Thesis, _: Said) -> Derived:
    spans = [change_span(thesis, *pair) for pair in _pairs(thesis, "maps")]
    worst = min(low for low, _ in spans), min(high for _, high in spans)
    return worst, sum(worst) / 2, "Table 5.2 gives another"


def _median(thesis: Thesis, said: Said) -> Derived:
    value, cells = (median_change(thesis, over=over) for over in ("maps", "cells"))
    why = f"over the {len(_pairs(thesis, 'maps'))} maps it is {value:+.2f}"
    if _meet(said.printed.span, _median_span(thesis, over="cells")):
        why += (
            f"; it holds over all {len(thesis.accuracy)} cells, the zeros of the diagonal counted "
            f"({cells:+.2f} from the accuracies)"
        )
    return _median_span(thesis, over="maps"), value, why


_THESIS: Mapping[str, Callable[[Thesis, Said], Derived]] = {
    "local top-1": _own,
    "reported top-1": _reported,
    "change vs source": _change,
    "drop vs source": _drop,
    "percent gained vs target": _gain,
    "greatest drop vs source": _greatest_drop,
    "median change vs source": _median,
}
"""What other figures give; the naive experiment stands alone."""


def _counted(paper: Paper, said: Said, value: float) -> Derived:
    """Counts are exact."""
    if said.where != "Table 1":
        return (value, value), value, f"the counts of Table 1 give {value:.2f}"
    others = (s for s in paper.said if (s.what, s.pair) == (said.what, said.pair))
    more = (f"section {s.place} has {s.printed.text}" for s in others if s.what == "top-1")
    why = "; ".join((f"its counts of {VAL_IMAGES:,} give {value:.2f}", *more))
    return (value, value), value, why


_MILLIONS = TRAIN_IMAGES / 1e6
_PAPER: Mapping[str, Callable[[Paper, Said], Derived]] = {
    "top-1": lambda paper, s: _counted(paper, s, percent_right(paper, s.pair)),
    "loss vs target": lambda paper, s: _counted(paper, s, points_lost(paper, s.pair)),
    "gain vs target": lambda paper, s: _counted(paper, s, -points_lost(paper, s.pair)),
    "mislabelled by the target": lambda paper, s: _counted(
        paper, s, VAL_IMAGES - paper.rows[s.target, s.target].correct
    ),
    "millions of training images": lambda _, __: (
        (_MILLIONS, _MILLIONS), _MILLIONS, f"ILSVRC2012 has {TRAIN_IMAGES:,}: {_MILLIONS:.2f}"
    ),
}  # fmt: skip
"""What other figures give; how many images a map fixes stands alone."""


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
    return median(recomputed_change(thesis, *pair) for pair in _pairs(thesis, over))


def _median_span(thesis: Thesis, *, over: str) -> Span:
    spans = [change_span(thesis, *pair) for pair in _pairs(thesis, over)]
    return median(s[0] for s in spans), median(s[1] for s in spans)


def _pairs(thesis: Thesis, over: str) -> list[Pair]:
    return [(a, b) for a, b in thesis.accuracy if over == "cells" or a != b]


def _relative(of: Span, to: Span) -> Span:
    """Percent changes between any two values of two spans."""
    return 100 * (of[0] / to[1] - 1), 100 * (of[1] / to[0] - 1)


def _meet(first: Span, second: Span) -> bool:
    # Counts sit on the border between two roundings now and then; either is right.
    slack = 1e-9
    return first[0] <= second[1] + slack and second[0] <= first[1] + slack
