"""The document's table once more, from nothing but the source's predicted class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from samefeatures.report.grid import signed
from samefeatures.reproduce.figures import Figure, beside
from samefeatures.reproduce.published import Pair, Printed
from samefeatures.scores.medians import median
from samefeatures.study.results import StudyResults

ANSWERS = "answers alone"
"""Of which table the figures are."""


def answers_figures(printed: Mapping[Pair, Printed], results: StudyResults) -> Iterator[Figure]:
    """Of every printed hybrid what OLS from one-hot answers gives; none without such controls.

    On the diagonal stands the network itself, as in the document.

    Args:
        printed: Top-1 of each cell.
        results: A study with ``controls``.
    """
    if results.controls is None or not results.controls.spaces.rows:
        return
    rows = [row for row in results.controls.spaces.rows if row.kind == "answers"]
    ours = {(row.of, row.target): row.top1 for row in rows}
    ours |= {(net.name, net.name): net.top1 for net in results.networks}
    for pair, percent in printed.items():
        yield beside(ANSWERS, "top-1", pair, percent, ours.get(pair))


def answers_sentence(figures: Iterable[Figure]) -> Iterator[str]:
    """One, where there are such figures."""
    mine = [f for f in figures if f.table == ANSWERS]
    own = {f.source: f.ours for f in mine if f.source == f.target}
    changes = [
        100 * (f.ours - base) / base
        for f in mine
        if f.source != f.target and f.ours is not None and (base := own.get(f.source))
    ]
    if changes:
        low, high = signed(min(changes)), signed(max(changes))
        yield (
            f"From the source's answers alone, one-hot, {len(changes)} hybrids change its top-1 by "
            f"a median of {signed(median(changes))} % ({low} to {high} %): features add what a "
            "table of accuracies shows beyond that."
        )
