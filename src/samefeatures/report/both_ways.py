"""Every pair with both directions beside each other: the paper's Table 1 for N networks."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

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
    found = []
    for i, first in enumerate(grid.names):
        for j in range(i + 1, len(grid.names)):
            there, back = grid.rows[i][j], grid.rows[j][i]
            if there is not None and back is not None:
                found.append(BothWays(first, grid.names[j], there, back))
    return found


def as_csv(grids: tuple[Grid, ...]) -> str:
    """All pairs of all methods: counts, percents and losses there and back, a row per pair."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    ways = [f"{column}_{way}" for way in ("there", "back") for column in COLUMNS]
    table.writerow(["method", "first", "second", "n", "first_correct", "second_correct", *ways])
    for grid in grids:
        for pair in both_ways(grid):
            own = [_own(grid, name) for name in (pair.first, pair.second)]
            cells = [getattr(cell, c) for cell in (pair.there, pair.back) for c in COLUMNS]
            table.writerow([grid.method, pair.first, pair.second, pair.there.n, *own, *cells])
    return text.getvalue()


def _own(grid: Grid, name: str) -> int | str:
    place = grid.names.index(name)
    cell = grid.rows[place][place]
    return cell.correct if cell else ""
