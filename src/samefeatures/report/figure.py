"""One method's table as a picture: PNG and SVG, laid out in inches so that no text overlaps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from samefeatures.report.certainty import SHORT_NOTE, marked
from samefeatures.report.drawing import (
    DOTS_PER_INCH,
    FONT,
    LARGE,
    LINE,
    MUTED,
    SMALL,
    blank,
    save,
    style,
    write,
)
from samefeatures.report.grid import COLUMNS, MISSING, ROWS, Grid, is_own, penalty, plain
from samefeatures.report.shading import INK, LEVELS, TICKS, background, shade, text_on
from samefeatures.study.results import Cell

CELL = (0.66, 0.50)  # width, height in inches
MARGIN = 0.18
SLANT = 45.0
SLANTED: dict[str, Any] = {"rotation": SLANT, "rotation_mode": "anchor"}
NAME, AXIS, TITLE = 9.0, 8.5, 11.5
SUBTITLE = "Large: top-1 accuracy, %.  Small: change against the source's own accuracy, %."
HEADING = MARGIN + 0.42  # title and subtitle, in inches
LEGEND = (2.6, 0.11)  # width, height of the colour bar


@dataclass(frozen=True, slots=True)
class _Layout:
    """Inches, from the upper left corner of the page to that of the table."""

    left: float
    top: float
    width: float
    height: float


def draw(grid: Grid, folder: Path, stem: str) -> list[Path]:
    """Write ``stem.png`` and ``stem.svg`` into ``folder``; the same bytes for the same grid."""
    title = f"Hybrids by {plain(grid.label)}: top-1 accuracy and change vs source"
    with style():
        return save(picture(grid), folder, stem, png=title, svg=title)


def picture(grid: Grid) -> Figure:
    """The figure; its size follows from the number of networks and the length of their names."""
    layout = _layout(grid)
    figure = blank(layout.width, layout.height)
    axes = figure.add_axes((0, 0, 1, 1))
    # One unit is one inch, downwards, so that all that follows can be counted out.
    axes.set_xlim(0, layout.width)
    axes.set_ylim(layout.height, 0)
    axes.axis("off")
    _heads(axes, grid, layout)
    for i, row in enumerate(grid.rows):
        for j, cell in enumerate(row):
            _cell(axes, cell, layout.left + j * CELL[0], layout.top + i * CELL[1])
    _frames(axes, grid, layout)
    _legend(axes, layout, layout.top + len(grid.names) * CELL[1] + 0.34)
    return figure


def _layout(grid: Grid) -> _Layout:
    count = len(grid.names)
    widths = [_width(name, NAME) for name in grid.names]
    slant = math.radians(SLANT)
    # Axis name (turned), gap, row names, gap.
    left = MARGIN + 0.30 + max(widths, default=0.0) + 0.12
    heads = max(widths, default=0.0) * math.sin(slant) + 0.20
    # A slanted name starts in the middle of its column and may end right of the last one.
    ends = [(i + 0.5) * CELL[0] + wide * math.cos(slant) + 0.10 for i, wide in enumerate(widths)]
    right = left + max(count * CELL[0], _width(COLUMNS, AXIS), *ends)
    texts = max(
        _width(_title(grid), TITLE, bold=True),
        _width(SUBTITLE, SMALL),
        *(_width(line, SMALL) for line in SHORT_NOTE),
        _legend_width(),
    )
    # The turned name of the rows' axis may be longer than a small table is high.
    longer = _width(ROWS, AXIS) - count * CELL[1]
    top = HEADING + max(0.30 + heads, longer + 0.10)
    height = top + count * CELL[1] + 1.06
    return _Layout(left, top, max(right, MARGIN + texts) + MARGIN, height)


def _title(grid: Grid) -> str:
    return f"{plain(grid.label)}: features of one network, classified by another's head"


def _heads(axes: Axes, grid: Grid, layout: _Layout) -> None:
    write(axes, MARGIN, MARGIN + 0.08, _title(grid), TITLE, weight="bold", va="center")
    write(axes, MARGIN, MARGIN + 0.29, SUBTITLE, SMALL, color=MUTED, va="center")
    write(axes, layout.left, HEADING + 0.16, COLUMNS, AXIS, color=MUTED, va="center")
    size = len(grid.names) * CELL[1]
    # Beside the middle of the table, or upwards from its foot where that is too low for it.
    length = _width(ROWS, AXIS)
    foot = layout.top + min(size, (size + length) / 2)
    x = MARGIN + 0.08
    write(axes, x, foot, ROWS, AXIS, color=MUTED, rotation=90, ha="center", va="bottom")
    for i, name in enumerate(grid.names):
        middle = layout.top + (i + 0.5) * CELL[1]
        write(axes, layout.left - 0.10, middle, plain(name), NAME, ha="right", va="center")
        x = layout.left + (i + 0.5) * CELL[0] - 0.05
        write(axes, x, layout.top - 0.07, plain(name), NAME, va="bottom", **SLANTED)


def _cell(axes: Axes, cell: Cell | None, x: float, y: float) -> None:
    colour = background(shade(penalty(cell)))
    axes.add_patch(Rectangle((x, y), *CELL, facecolor=colour, edgecolor=LINE, linewidth=0.6))
    middle = x + CELL[0] / 2
    if cell is None:
        write(axes, middle, y + CELL[1] / 2, MISSING, LARGE, color=MUTED, ha="center", va="center")
        return
    ink = text_on(colour)
    large, small = marked(cell)
    bold = "bold" if is_own(cell) else "normal"
    write(axes, middle, y + 0.19, large, LARGE, color=ink, weight=bold, ha="center", va="center")
    write(axes, middle, y + 0.365, small, SMALL, color=ink, ha="center", va="center")


def _frames(axes: Axes, grid: Grid, layout: _Layout) -> None:
    """Around the diagonal, drawn last so that no neighbour covers a side."""
    for i in range(len(grid.names)):
        corner = (layout.left + i * CELL[0] + 0.02, layout.top + i * CELL[1] + 0.02)
        size = (CELL[0] - 0.04, CELL[1] - 0.04)
        axes.add_patch(Rectangle(corner, *size, fill=False, edgecolor=INK, linewidth=1.1))


def _legend_width() -> float:
    return LEGEND[0] + 0.2 + 0.3 + _width("own head", SMALL)


def _legend(axes: Axes, layout: _Layout, y: float) -> None:
    # From the table's left where there is room, so that the two line up.
    x = max(min(layout.left, layout.width - MARGIN - _legend_width()), MARGIN)
    step = LEGEND[0] / LEVELS
    for i in range(LEVELS):
        colour = background(i / (LEVELS - 1))
        # To the end, under the next: two rectangles side by side would show a seam.
        box = (x + i * step, y), LEGEND[0] - i * step, LEGEND[1]
        axes.add_patch(Rectangle(*box, facecolor=colour, linewidth=0))
    axes.add_patch(Rectangle((x, y), *LEGEND, fill=False, edgecolor=LINE, linewidth=0.6))
    write(axes, x, y - 0.05, "loss vs source, %", SMALL, color=MUTED, va="bottom")
    for tick in TICKS:
        place = x + shade(tick) * LEGEND[0]
        write(axes, place, y + 0.15, f"{tick:g}", SMALL, color=MUTED, ha="center", va="top")
    own = x + LEGEND[0] + 0.2
    axes.add_patch(Rectangle((own, y - 0.01), 0.18, 0.13, fill=False, edgecolor=INK, linewidth=1.1))
    write(axes, own + 0.24, y + 0.055, "own head", SMALL, color=MUTED, va="center")
    # The marks' note is wider than a small table: from the margin then.
    longest = max(_width(line, SMALL) for line in SHORT_NOTE)
    x = max(min(layout.left, layout.width - MARGIN - longest), MARGIN)
    for place, line in enumerate(SHORT_NOTE):
        write(axes, x, y + 0.42 + 0.14 * place, line, SMALL, color=MUTED, va="center")


def _width(text: str, size: float, *, bold: bool = False) -> float:
    """Inches that ``text`` takes."""
    figure = blank(1, 1, dpi=DOTS_PER_INCH)
    weight = "bold" if bold else "normal"
    shown = figure.text(0, 0, plain(text), family=FONT, size=size, weight=weight, parse_math=False)
    return float(shown.get_window_extent().width) / DOTS_PER_INCH
