"""A table as a picture, laid out in inches so that no text overlaps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from samefeatures.base.shown import plain
from samefeatures.report.drawing import DOTS_PER_INCH, FONT, LARGE, LINE, MUTED, SMALL, blank, write
from samefeatures.report.grid import COLUMNS, MISSING, ROWS
from samefeatures.report.shading import INK, LEVELS, background, text_on

CELL = (0.66, 0.50)  # width, height in inches
MARGIN = 0.18
SLANT = 45.0
SLANTED: dict[str, Any] = {"rotation": SLANT, "rotation_mode": "anchor"}
NAME, AXIS, TITLE = 9.0, 8.5, 11.5
HEADING = MARGIN + 0.42  # title and subtitle, in inches
GAP = 0.34  # of rows under the table, for their heading
LEGEND = (2.6, 0.11)  # width, height of the colour bar
NOTE = 0.14  # height of a line of the notes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A cell: two figures on a background from 0, light, to 1, dark."""

    large: str
    small: str = ""
    darkness: float = 0.0
    bold: bool = False


Tiles = tuple[Tile | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plate:
    """A square table, with rows under it that have no column.

    Attributes:
        title: Above it.
        subtitle: How cells are read.
        names: Of rows and columns.
        rows: By name, one cell a column; None is a dash.
        beneath: Label and cells of each row under the table.
        beneath_heading: Above those.
        scale: What the shade says.
        ticks: Along the scale: text and place from 0 to 1.
        notes: Lines under all of it.
        diagonal: What a frame says.
    """

    title: str
    subtitle: str
    names: tuple[str, ...]
    rows: tuple[Tiles, ...]
    beneath: tuple[tuple[str, Tiles], ...] = ()
    beneath_heading: str = ""
    scale: str
    ticks: tuple[tuple[str, float], ...]
    notes: tuple[str, ...] = ()
    diagonal: str = "own head"


@dataclass(frozen=True, slots=True)
class _Layout:
    """Inches, from the upper left corner of the page to that of the table."""

    left: float
    top: float
    width: float
    height: float


def picture(plate: Plate) -> Figure:
    """The figure; its size follows from the number of names and their length."""
    layout = _layout(plate)
    figure = blank(layout.width, layout.height)
    axes = figure.add_axes((0, 0, 1, 1))
    # One unit is one inch, downwards, so that all that follows can be counted out.
    axes.set_xlim(0, layout.width)
    axes.set_ylim(layout.height, 0)
    axes.axis("off")
    _heads(axes, plate, layout)
    for i, row in enumerate(plate.rows):
        _row(axes, row, layout.left, layout.top + i * CELL[1])
    _frames(axes, plate, layout)
    foot = layout.top + len(plate.names) * CELL[1]
    if plate.beneath:
        foot = _beneath(axes, plate, layout, foot)
    _legend(axes, plate, layout, foot + 0.34)
    return figure


def _layout(plate: Plate) -> _Layout:
    count = len(plate.names)
    widths = [_width(name, NAME) for name in plate.names]
    labels = [*widths, *(_width(label, NAME) for label, _ in plate.beneath)]
    slant = math.radians(SLANT)
    # Axis name (turned), gap, row names, gap.
    left = MARGIN + 0.30 + max(labels, default=0.0) + 0.12
    heads = max(widths, default=0.0) * math.sin(slant) + 0.20
    # A slanted name starts in the middle of its column and may end right of the last one.
    ends = [(i + 0.5) * CELL[0] + wide * math.cos(slant) + 0.10 for i, wide in enumerate(widths)]
    heading = _width(plate.beneath_heading, SMALL)
    right = left + max(count * CELL[0], _width(COLUMNS, AXIS), heading, *ends)
    texts = max(
        _width(plate.title, TITLE, bold=True),
        _width(plate.subtitle, SMALL),
        *(_width(line, SMALL) for line in plate.notes),
        _legend_width(plate),
    )
    # The turned name of the rows' axis may be longer than a small table is high.
    longer = _width(ROWS, AXIS) - count * CELL[1]
    top = HEADING + max(0.30 + heads, longer + 0.10)
    height = top + count * CELL[1] + 0.78 + NOTE * len(plate.notes)
    if plate.beneath:
        height += GAP + len(plate.beneath) * CELL[1]
    return _Layout(left, top, max(right, MARGIN + texts) + MARGIN, height)


def _heads(axes: Axes, plate: Plate, layout: _Layout) -> None:
    write(axes, MARGIN, MARGIN + 0.08, plate.title, TITLE, weight="bold", va="center")
    write(axes, MARGIN, MARGIN + 0.29, plate.subtitle, SMALL, color=MUTED, va="center")
    write(axes, layout.left, HEADING + 0.16, COLUMNS, AXIS, color=MUTED, va="center")
    size = len(plate.names) * CELL[1]
    # Beside the middle of the table, or upwards from its foot where that is too low for it.
    length = _width(ROWS, AXIS)
    foot = layout.top + min(size, (size + length) / 2)
    x = MARGIN + 0.08
    write(axes, x, foot, ROWS, AXIS, color=MUTED, rotation=90, ha="center", va="bottom")
    for i, name in enumerate(plate.names):
        middle = layout.top + (i + 0.5) * CELL[1]
        write(axes, layout.left - 0.10, middle, plain(name), NAME, ha="right", va="center")
        x = layout.left + (i + 0.5) * CELL[0] - 0.05
        write(axes, x, layout.top - 0.07, plain(name), NAME, va="bottom", **SLANTED)


def _row(axes: Axes, row: Tiles, x: float, y: float) -> None:
    for j, tile in enumerate(row):
        _cell(axes, tile, x + j * CELL[0], y)


def _cell(axes: Axes, tile: Tile | None, x: float, y: float) -> None:
    colour = background(tile.darkness if tile else 0.0)
    axes.add_patch(Rectangle((x, y), *CELL, facecolor=colour, edgecolor=LINE, linewidth=0.6))
    middle = x + CELL[0] / 2
    if tile is None:
        write(axes, middle, y + CELL[1] / 2, MISSING, LARGE, color=MUTED, ha="center", va="center")
        return
    ink = text_on(colour)
    bold = "bold" if tile.bold else "normal"
    at = y + (0.19 if tile.small else CELL[1] / 2)
    write(axes, middle, at, tile.large, LARGE, color=ink, weight=bold, ha="center", va="center")
    if tile.small:
        write(axes, middle, y + 0.365, tile.small, SMALL, color=ink, ha="center", va="center")


def _frames(axes: Axes, plate: Plate, layout: _Layout) -> None:
    """Around the diagonal, drawn last so that no neighbour covers a side."""
    for i in range(len(plate.names)):
        corner = (layout.left + i * CELL[0] + 0.02, layout.top + i * CELL[1] + 0.02)
        size = (CELL[0] - 0.04, CELL[1] - 0.04)
        axes.add_patch(Rectangle(corner, *size, fill=False, edgecolor=INK, linewidth=1.1))


def _beneath(axes: Axes, plate: Plate, layout: _Layout, foot: float) -> float:
    """Rows under the table, set off from it; returns where they end."""
    heading = plate.beneath_heading
    write(axes, layout.left, foot + GAP - 0.10, heading, SMALL, color=MUTED, va="center")
    for i, (label, row) in enumerate(plate.beneath):
        y = foot + GAP + i * CELL[1]
        middle = y + CELL[1] / 2
        write(
            axes, layout.left - 0.10, middle, plain(label), NAME, color=MUTED, ha="right",
            va="center", style="italic",
        )  # fmt: skip
        _row(axes, row, layout.left, y)
    return foot + GAP + len(plate.beneath) * CELL[1]


def _legend_width(plate: Plate) -> float:
    return LEGEND[0] + 0.2 + 0.3 + _width(plate.diagonal, SMALL)


def _legend(axes: Axes, plate: Plate, layout: _Layout, y: float) -> None:
    # From the table's left where there is room, so that the two line up.
    x = max(min(layout.left, layout.width - MARGIN - _legend_width(plate)), MARGIN)
    step = LEGEND[0] / LEVELS
    for i in range(LEVELS):
        colour = background(i / (LEVELS - 1))
        # To the end, under the next: two rectangles side by side would show a seam.
        box = (x + i * step, y), LEGEND[0] - i * step, LEGEND[1]
        axes.add_patch(Rectangle(*box, facecolor=colour, linewidth=0))
    axes.add_patch(Rectangle((x, y), *LEGEND, fill=False, edgecolor=LINE, linewidth=0.6))
    write(axes, x, y - 0.05, plate.scale, SMALL, color=MUTED, va="bottom")
    for text, at in plate.ticks:
        place = x + at * LEGEND[0]
        write(axes, place, y + 0.15, text, SMALL, color=MUTED, ha="center", va="top")
    own = x + LEGEND[0] + 0.2
    axes.add_patch(Rectangle((own, y - 0.01), 0.18, 0.13, fill=False, edgecolor=INK, linewidth=1.1))
    write(axes, own + 0.24, y + 0.055, plate.diagonal, SMALL, color=MUTED, va="center")
    # Notes may be wider than a small table: from the margin then.
    longest = max((_width(line, SMALL) for line in plate.notes), default=0.0)
    x = max(min(layout.left, layout.width - MARGIN - longest), MARGIN)
    for place, line in enumerate(plate.notes):
        write(axes, x, y + 0.42 + NOTE * place, line, SMALL, color=MUTED, va="center")


def _width(text: str, size: float, *, bold: bool = False) -> float:
    """Inches that ``text`` takes."""
    figure = blank(1, 1, dpi=DOTS_PER_INCH)
    weight = "bold" if bold else "normal"
    shown = figure.text(0, 0, plain(text), family=FONT, size=size, weight=weight, parse_math=False)
    return float(shown.get_window_extent().width) / DOTS_PER_INCH
