"""Cells as paper shows them, in LaTeX and in figures: two numbers, one, or the shade alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

from samefeatures.report import crowded
from samefeatures.report.beneath import SpaceCell
from samefeatures.report.beyond import Heat, darkness, texts
from samefeatures.report.certainty import marked, target_mark
from samefeatures.report.grid import (
    MISSING,
    Grid,
    exponent,
    is_own,
    lacking,
    measured,
    number,
    penalty,
    written,
)
from samefeatures.report.shading import shade
from samefeatures.study.results import Cell, MeasureSummary
from samefeatures.study.results.spaces import BeyondRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A cell: one or two texts on a background from 0, light, to 1, dark.

    Attributes:
        own: Of a network with its own head, or with itself.
        italic: A hybrid that is not unlike the target's own network, where marks have no room.
    """

    large: str
    small: str = ""
    darkness: float = 0.0
    own: bool = False
    italic: bool = False


LONGEST = 5
"""Letters that a cell of a crowded table has room for."""

Tiles = tuple[Tile | None, ...]
"""A row; None was not scored, or not looked at."""


def of_grid(grid: Grid) -> tuple[Tiles, ...]:
    """Accuracies of a method, source by target; the leading measure where nothing was counted."""
    if grid.leading is not None:
        return tuple(tuple(map(partial(_measured, grid, grid.leading), row)) for row in grid.rows)
    one = _crowded if crowded.is_crowded(len(grid.names)) else _roomy
    return tuple(
        tuple(None if cell is None else one(cell, grid) for cell in row) for row in grid.rows
    )


def beneath_of(grid: Grid) -> tuple[tuple[str, Tiles], ...]:
    """Label and cells of the control spaces under a table; a crowded one has no room for them."""
    if crowded.is_crowded(len(grid.names)):
        return ()
    return tuple(
        (line.label, tuple(_space(cell, grid.digits) for cell in line.cells))
        for line in grid.beneath
    )


def of_heat(heat: Heat) -> tuple[Tiles, ...]:
    """R² beyond what is given, source by target."""
    count = len(heat.names)
    return tuple(
        tuple(_itself(count) if i == j else _beyond(row, count) for j, row in enumerate(line))
        for i, line in enumerate(heat.rows)
    )


def _roomy(cell: Cell, grid: Grid) -> Tile:
    large, small = marked(cell, grid.digits)
    return Tile(large=large, small=small, darkness=shade(penalty(cell)), own=_own_head(cell))


def _crowded(cell: Cell, grid: Grid) -> Tile:
    count, lost = len(grid.names), penalty(cell)
    text = number(cell.top1, crowded.digits(count, grid.digits))
    alone = "" if math.isfinite(lost) else MISSING
    return Tile(
        large=alone if crowded.is_shaded(count) else text,
        darkness=shade(lost),
        own=_own_head(cell),
        italic=bool(target_mark(cell)),
    )


def _own_head(cell: Cell) -> bool:
    """Whether it is a network with its own head: one that has none has nothing to be framed."""
    return is_own(cell) and cell.scored


def _measured(grid: Grid, measure: MeasureSummary, cell: Cell | None) -> Tile | None:
    if cell is None:
        return None
    large = _one(cell.measure(measure.name), len(grid.names))
    return Tile(large=large, darkness=shade(lacking(cell, measure)), own=is_own(cell))


def _space(cell: SpaceCell | None, digits: int) -> Tile | None:
    if cell is None:
        return None
    large, small = written(cell, digits)
    return Tile(large=large, small=small, darkness=shade(cell.penalty))


def _itself(count: int) -> Tile:
    return Tile(large=_one(1.0, count) if crowded.is_crowded(count) else number(1.0), own=True)


def _beyond(row: BeyondRow | None, count: int) -> Tile | None:
    if row is None:
        return None
    if crowded.is_crowded(count):
        large, small = _one(row.r2, count), ""
    else:
        large, small = texts(row)
    return Tile(large=large, small=small.replace(" to ", "–"), darkness=darkness(row))


def _one(r2: float | None, count: int) -> str:
    """R², of many networks in whole percents."""
    value = math.nan if r2 is None else r2
    if crowded.is_shaded(count):
        return "" if math.isfinite(value) else MISSING
    text = measured(value, 2) if count <= crowded.NARROW else number(100 * value, 0)
    if not crowded.is_crowded(count) or len(text) <= LONGEST:
        return text
    return exponent(value if count <= crowded.NARROW else 100 * value, 0)
