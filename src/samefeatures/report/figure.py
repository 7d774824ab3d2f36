"""One method's table as a picture."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from samefeatures.base.shown import plain
from samefeatures.report import crowded, plate
from samefeatures.report.beneath import HEADING
from samefeatures.report.certainty import SHORT_NOTE
from samefeatures.report.drawing import save, style
from samefeatures.report.grid import Grid
from samefeatures.report.plate import Plate
from samefeatures.report.shading import TICKS, shade
from samefeatures.report.tiles import beneath_of, of_grid

SUBTITLE = "Large: top-1 accuracy, %.  Small: change against the source's own accuracy, %."
ITALIC = "Italic: not significantly different from the target's own network"


def draw(grid: Grid, folder: Path, stem: str) -> list[Path]:
    """Write ``stem.png``, ``.svg`` and ``.pdf`` into ``folder``; same grid, same bytes."""
    shown = "top-1 accuracy and change vs source" if grid.leading is None else grid.leading.label
    title = f"Hybrids by {plain(grid.label)}: {shown}"
    with style():
        return save(picture(grid), folder, stem, title=title)


def picture(grid: Grid) -> Figure:
    """The figure; its size follows from the number of networks and the length of their names."""
    subtitle = SUBTITLE
    notes: tuple[str, ...] = SHORT_NOTE
    if crowded.is_crowded(len(grid.names)):
        subtitle, notes = _one_number(grid), () if _shaded(grid) else (ITALIC, SHORT_NOTE[1])
    title, scale = "features of one network, classified by another's head", "loss vs source, %"
    diagonal = "own head" if grid.leading is None else "the network itself"
    if grid.leading is not None:
        title, subtitle, notes = grid.leading.label, f"{grid.leading.says}.", ()
        scale = f"missing to {grid.leading.same:g}, %"
    beneath = beneath_of(grid)
    found = Plate(
        title=f"{plain(grid.label)}: {title}",
        subtitle=subtitle,
        names=grid.names,
        rows=of_grid(grid),
        beneath=beneath,
        beneath_heading=HEADING if beneath else "",
        scale=scale,
        ticks=tuple((f"{tick:g}", shade(tick)) for tick in TICKS),
        notes=notes,
        diagonal=diagonal,
    )
    return plate.picture(found)


def _one_number(grid: Grid) -> str:
    if _shaded(grid):
        return "The darker, the greater the loss against the source's own accuracy."
    whole = not crowded.digits(len(grid.names), grid.digits)
    return f"Top-1 accuracy in {'whole percents' if whole else 'percent'}."


def _shaded(grid: Grid) -> bool:
    return crowded.is_shaded(len(grid.names))
