"""Medians of the printed table and of ours over the same cells, counted both ways.

The thesis counts the zeros of the diagonal; a median over the maps leaves them out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from samefeatures.base.numbers import finite_or_none
from samefeatures.reproduce.figures import Median
from samefeatures.reproduce.misprints import recomputed_change
from samefeatures.reproduce.published import Pair, Thesis
from samefeatures.scores.medians import median
from samefeatures.study.results import Cell


def medians(thesis: Thesis, ours: Mapping[Pair, Cell]) -> tuple[Median, ...]:
    """Median change vs source and loss vs target, each over the maps and over all cells."""
    return tuple(_medians(thesis, ours))


def _medians(thesis: Thesis, ours: Mapping[Pair, Cell]) -> Iterator[Median]:
    printed = {
        ("change vs source", "%"): {p: recomputed_change(thesis, *p) for p in thesis.accuracy},
        ("loss vs target", "points"): {p: printed_loss(thesis, *p) for p in thesis.accuracy},
    }
    found = {
        "change vs source": {p: cell.change_vs_source_pct for p, cell in ours.items()},
        "loss vs target": {p: cell.loss_vs_target_points for p, cell in ours.items()},
    }
    for (what, unit), table in printed.items():
        for over in ("maps", "cells"):
            pairs = [(a, b) for a, b in table if over == "cells" or a != b]
            both = [pair for pair in pairs if finite_or_none(found[what].get(pair)) is not None]
            yield Median(
                what=what,
                unit=unit,
                over=over,
                everywhere=median(table[p] for p in pairs),
                published=median(table[p] for p in both) if both else None,
                ours=median(found[what][p] for p in both) if both else None,
                count=len(both),
                of=len(pairs),
            )


def printed_loss(thesis: Thesis, source: str, target: str) -> float:
    """Points that the target's head loses on the source's mapped features."""
    return thesis.accuracy[target, target].value - thesis.accuracy[source, target].value
