"""Find the figures of the thesis and the paper that their own other figures contradict.

Nothing here knows a misprint beforehand. Each derived figure is computed again from the figures
that it derives from, as an interval, because those are rounded too; when no value in the interval
rounds to what is printed, it is a misprint.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from samefeatures.reproduce.published import PAPER_IMAGES, Pair, PaperRow, Thesis

Span = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Misprint:
    """A printed figure that does not follow from the document's others.

    Attributes:
        where: Table or section.
        what: Which of its figures, e.g. ``change vs source``.
        source: Whose features; empty where the figure belongs to no cell.
        target: Whose head.
        printed: As printed.
        recomputed: What the other figures give.
        why: One sentence.
    """

    where: str
    what: str
    source: str = ""
    target: str = ""
    printed: str
    recomputed: float
    why: str


def thesis_misprints(thesis: Thesis) -> tuple[Misprint, ...]:
    """Check Table 5.1 against 5.2, the changes of 5.2 against its accuracies, and the text."""
    return (*_own_accuracies(thesis), *_changes(thesis), *_text(thesis))


def paper_misprints(rows: Mapping[Pair, PaperRow]) -> tuple[Misprint, ...]:
    """Check percents and losses of the paper's Table 1 against its counts."""
    found = []
    for (source, target), row in rows.items():
        own = rows[target, target].correct
        derived = {"top-1": (row.percent, 100 * row.correct / PAPER_IMAGES)}
        if row.loss is not None:
            derived["loss vs target"] = (row.loss, 100 * (own - row.correct) / PAPER_IMAGES)
        for what, (printed, value) in derived.items():
            if not _overlap(printed.span, (value, value)):
                found.append(
                    Misprint(
                        where="Table 1",
                        what=what,
                        source=source,
                        target=target,
                        printed=printed.text,
                        recomputed=value,
                        why=f"its counts of {PAPER_IMAGES:,} give {value:.2f}",
                    )
                )
    return tuple(found)


def _own_accuracies(thesis: Thesis) -> Iterator[Misprint]:
    for name, network in thesis.networks.items():
        own = thesis.accuracy[name, name]
        if not _overlap(network.local_top1.span, own.span):
            yield Misprint(
                where="Table 5.1",
                what="top-1",
                source=name,
                target=name,
                printed=network.local_top1.text,
                recomputed=own.value,
                why=f"the diagonal of Table 5.2 has {own.text}",
            )


def _changes(thesis: Thesis) -> Iterator[Misprint]:
    for (source, target), printed in thesis.change.items():
        if _overlap(printed.span, change_span(thesis, source, target)):
            continue
        value = recomputed_change(thesis, source, target)
        sign = " (the sign is wrong)" if round(value, printed.digits) == -printed.value else ""
        yield Misprint(
            where="Table 5.2",
            what="change vs source",
            source=source,
            target=target,
            printed=printed.text,
            recomputed=value,
            why=f"its accuracies {thesis.accuracy[source, target].text} and "
            f"{thesis.accuracy[source, source].text} give {value:+.2f}{sign}",
        )


def _text(thesis: Thesis) -> Iterator[Misprint]:
    drop = thesis.said["greatest drop vs source"]
    hybrids = {pair: change_span(thesis, *pair) for pair in thesis.accuracy if pair[0] != pair[1]}
    worst = (min(low for low, _ in hybrids.values()), min(high for _, high in hybrids.values()))
    if not _overlap(drop.span, worst):
        yield _in_text(thesis, "greatest drop vs source", sum(worst) / 2, "Table 5.2 gives another")
    median = thesis.said["median change vs source"]
    if not _overlap(median.span, _median_span(thesis, over="maps")):
        maps, cells = (median_change(thesis, over=over) for over in ("maps", "cells"))
        why = f"over the {len(hybrids)} maps it is {maps:+.2f}"
        if _overlap(median.span, _median_span(thesis, over="cells")):
            why += (
                f"; it holds over all {len(thesis.accuracy)} cells, the zeros of the diagonal "
                f"counted ({cells:+.2f} from the accuracies)"
            )
        yield _in_text(thesis, "median change vs source", maps, why)


def _in_text(thesis: Thesis, what: str, recomputed: float, why: str) -> Misprint:
    return Misprint(
        where=f"Section {thesis.sections[what]}",
        what=what,
        printed=thesis.said[what].text,
        recomputed=recomputed,
        why=why,
    )


def recomputed_change(thesis: Thesis, source: str, target: str) -> float:
    """Percent change against the source's own accuracy, from the printed accuracies."""
    own = thesis.accuracy[source, source].value
    return 100 * (thesis.accuracy[source, target].value - own) / own


def change_span(thesis: Thesis, source: str, target: str) -> Span:
    """All changes that accuracies give which round to the printed ones."""
    if source == target:
        return 0.0, 0.0
    low, high = thesis.accuracy[source, target].span
    own_low, own_high = thesis.accuracy[source, source].span
    return 100 * (low / own_high - 1), 100 * (high / own_low - 1)


def median_change(thesis: Thesis, *, over: str) -> float:
    """Median of the recomputed changes over the ``maps``, or over all ``cells``."""
    return statistics.median(recomputed_change(thesis, *pair) for pair in _pairs(thesis, over))


def _median_span(thesis: Thesis, *, over: str) -> Span:
    spans = [change_span(thesis, *pair) for pair in _pairs(thesis, over)]
    return statistics.median(s[0] for s in spans), statistics.median(s[1] for s in spans)


def _pairs(thesis: Thesis, over: str) -> list[Pair]:
    return [(a, b) for a, b in thesis.accuracy if over == "cells" or a != b]


def _overlap(first: Span, second: Span) -> bool:
    # Counts sit on the border between two roundings now and then; either is right.
    slack = 1e-9
    return first[0] <= second[1] + slack and second[0] <= first[1] + slack
