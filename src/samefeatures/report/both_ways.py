"""Every pair with both directions beside each other: the paper's Table 1 for N networks."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from itertools import combinations

from samefeatures.report.grid import Grid
from samefeatures.study.results import Cell

COLUMNS = ("correct", "top1", "loss_vs_target_points", "p_vs_target", "fixed", "broken")


@dataclass(frozen=True, slots=True)
class BothWays:
    """A pair: the cell from ``first`` into ``second``'s head, and the one back."""

    first: str
    second: str
    there: Cell
    back: Cell


def both_ways(grid: Grid) -> list[BothWays]:
    """All pairs of which both directions were scored, in the order of the study."""
    cells = _cells(grid)
    return [
        BothWays(first, second, cells[first, second], cells[second, first])
        for first, second in combinations(grid.names, 2)
        if {(first, second), (second, first)} <= cells.keys()
    ]


def as_csv(grids: tuple[Grid, ...]) -> str:
    """All pairs of all methods: counts, percents and losses there and back, a row per pair."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    ways = [f"{column}_{way}" for way in ("there", "back") for column in COLUMNS]
    table.writerow(["method", "first", "second", "n", "first_correct", "second_correct", *ways])
    for grid in grids:
        own = {name: cell.correct for (name, head), cell in _cells(grid).items() if name == head}
        for pair in both_ways(grid):
            ends = (pair.first, pair.second)
            found = [getattr(cell, c) for cell in (pair.there, pair.back) for c in COLUMNS]
            correct = [own.get(name, "") for name in ends]
            table.writerow([grid.method, *ends, pair.there.n, *correct, *found])
    return text.getvalue()


def _cells(grid: Grid) -> dict[tuple[str, str], Cell]:
    return {(cell.source, cell.target): cell for cell in grid.scored}
