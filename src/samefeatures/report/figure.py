"""One method's table as a picture: PNG and SVG."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from samefeatures.base.shown import plain
from samefeatures.report import plate
from samefeatures.report.beneath import HEADING, SpaceCell
from samefeatures.report.certainty import SHORT_NOTE, marked
from samefeatures.report.drawing import save, style
from samefeatures.report.grid import Grid, is_own, penalty, written
from samefeatures.report.plate import Plate, Tile
from samefeatures.report.shading import TICKS, shade
from samefeatures.study.results import Cell

SUBTITLE = "Large: top-1 accuracy, %.  Small: change against the source's own accuracy, %."


def draw(grid: Grid, folder: Path, stem: str) -> list[Path]:
    """Write ``stem.png`` and ``stem.svg`` into ``folder``; the same bytes for the same grid."""
    title = f"Hybrids by {plain(grid.label)}: top-1 accuracy and change vs source"
    with style():
        return save(picture(grid), folder, stem, png=title, svg=title)


def picture(grid: Grid) -> Figure:
    """The figure; its size follows from the number of networks and the length of their names."""
    found = Plate(
        title=f"{plain(grid.label)}: features of one network, classified by another's head",
        subtitle=SUBTITLE,
        names=grid.names,
        rows=tuple(tuple(map(_tile, row)) for row in grid.rows),
        beneath=tuple((line.label, tuple(map(_space, line.cells))) for line in grid.beneath),
        beneath_heading=HEADING if grid.beneath else "",
        scale="loss vs source, %",
        ticks=tuple((f"{tick:g}", shade(tick)) for tick in TICKS),
        notes=SHORT_NOTE,
    )
    return plate.picture(found)


def _tile(cell: Cell | None) -> Tile | None:
    if cell is None:
        return None
    large, small = marked(cell)
    return Tile(large=large, small=small, darkness=shade(penalty(cell)), bold=is_own(cell))


def _space(cell: SpaceCell | None) -> Tile | None:
    if cell is None:
        return None
    large, small = written(cell)
    return Tile(large=large, small=small, darkness=shade(cell.penalty))
