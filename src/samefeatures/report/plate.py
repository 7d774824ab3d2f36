"""A table as a picture, laid out in inches so that no text overlaps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from samefeatures.base.shown import plain
from samefeatures.report import crowded
from samefeatures.report.drawing import DOTS_PER_INCH, FONT, LARGE, LINE, MUTED, SMALL, blank, write
from samefeatures.report.grid import COLUMNS, MISSING, ROWS
from samefeatures.report.shading import INK, LEVELS, background, text_on
from samefeatures.report.tiles import Tile, Tiles

CELL = (0.66, 0.50)  # width, height in inches
WIDEST = 7.0  # of a crowded plate: both columns of a paper
MARGIN = 0.18
AXIS, TITLE = 8.5, 11.5
SLANTED, UPRIGHT = 45.0, 90.0
HEADING = MARGIN + 0.42  # title and subtitle, in inches
GAP = 0.34  # of rows under the table, for their heading
LEGEND = (2.6, 0.11)  # width, height of the colour bar
NOTE = 0.14  # height of a line of the notes


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
        axes: What rows and what columns are.
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
    axes: tuple[str, str] = (ROWS, COLUMNS)


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Inches of a cell, points of its large text and of names, and how column names lie."""

    cell: tuple[float, float]
    large: float
    name: float
    slant: float

    @classmethod
    def of(cls, plate: Plate) -> _Sizes:
        """Of many networks what two columns of a paper have room for, as large as it is."""
        count = len(plate.names)
        if not crowded.is_crowded(count):
            return cls(CELL, LARGE, 9.0, SLANTED)
        name = 6.5 if count <= crowded.NARROW else 5.5
        room = WIDEST - 2 * MARGIN - 0.42 - max(_width(text, name) for text in plate.names)
        wide = min(max(room / count, name / 54), 0.34)  # or names would stand on each other
        return cls((wide, max(min(0.7 * wide, 0.2), name / 54)), name - 0.5, name, UPRIGHT)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Inches, from the upper left corner of the page to that of the table."""

    left: float
    top: float
    width: float
    height: float
    sizes: _Sizes

    def corner(self, i: int, j: int) -> tuple[float, float]:
        """Upper left, of the cell in a row and column."""
        return self.left + j * self.sizes.cell[0], self.top + i * self.sizes.cell[1]


def picture(*plates: Plate) -> Figure:
    """The figure, plates side by side; its size follows from the names, how many and how long."""
    layouts = [_layout(plate) for plate in plates]
    width, height = sum(each.width for each in layouts), max(each.height for each in layouts)
    figure, left = blank(width, height), 0.0
    for plate, layout in zip(plates, layouts, strict=True):
        place = (left, height - layout.height, layout.width, layout.height)
        box = [part / whole for part, whole in zip(place, (width, height) * 2, strict=True)]
        axes = figure.add_axes((box[0], box[1], box[2], box[3]))
        _draw(axes, plate, layout)
        left += layout.width
    return figure


def _draw(axes: Axes, plate: Plate, layout: _Layout) -> None:
    # One unit is one inch, downwards, so that all that follows can be counted out.
    axes.set_xlim(0, layout.width)
    axes.set_ylim(layout.height, 0)
    axes.axis("off")
    _heads(axes, plate, layout)
    for i, row in enumerate(plate.rows):
        _row(axes, row, layout.corner(i, 0), layout.sizes)
    _frames(axes, plate, layout)
    _, foot = layout.corner(len(plate.names), 0)
    if plate.beneath:
        foot = _beneath(axes, plate, layout, foot)
    _legend(axes, plate, layout, foot + 0.34)


def _layout(plate: Plate) -> _Layout:
    count, sizes = len(plate.names), _Sizes.of(plate)
    wide, high = sizes.cell
    widths = [_width(name, sizes.name) for name in plate.names]
    labels = [*widths, *(_width(label, sizes.name) for label, _ in plate.beneath)]
    slant = math.radians(sizes.slant)
    # Axis name (turned), gap, row names, gap.
    left = MARGIN + 0.30 + max(labels, default=0.0) + 0.12
    heads = max(widths, default=0.0) * math.sin(slant) + 0.20
    # A slanted name starts in the middle of its column and may end right of the last one.
    ends = [(i + 0.5) * wide + long * math.cos(slant) + 0.10 for i, long in enumerate(widths)]
    heading = _width(plate.beneath_heading, SMALL)
    right = left + max(count * wide, _width(plate.axes[1], AXIS), heading, *ends)
    texts = max(
        _width(plate.title, TITLE, bold=True),
        _width(plate.subtitle, SMALL),
        *(_width(line, SMALL) for line in plate.notes),
        _legend_width(plate),
    )
    # The turned name of the rows' axis may be longer than a small table is high.
    longer = _width(plate.axes[0], AXIS) - count * high
    top = HEADING + max(0.30 + heads, longer + 0.10)
    height = top + count * high + 0.78 + NOTE * len(plate.notes)
    if plate.beneath:
        height += GAP + len(plate.beneath) * high
    return _Layout(left, top, max(right, MARGIN + texts) + MARGIN, height, sizes)


def _heads(axes: Axes, plate: Plate, layout: _Layout) -> None:
    write(axes, MARGIN, MARGIN + 0.08, plate.title, TITLE, weight="bold", va="center")
    write(axes, MARGIN, MARGIN + 0.29, plate.subtitle, SMALL, color=MUTED, va="center")
    write(axes, layout.left, HEADING + 0.16, plate.axes[1], AXIS, color=MUTED, va="center")
    (wide, high), name = layout.sizes.cell, layout.sizes.name
    size = len(plate.names) * high
    # Beside the middle of the table, or upwards from its foot where that is too low for it.
    length = _width(plate.axes[0], AXIS)
    foot = layout.top + min(size, (size + length) / 2)
    x = MARGIN + 0.08
    write(axes, x, foot, plate.axes[0], AXIS, color=MUTED, rotation=90, ha="center", va="bottom")
    upright = layout.sizes.slant == UPRIGHT
    lying: dict[str, Any] = {"rotation": layout.sizes.slant, "rotation_mode": "anchor"}
    for i, text in enumerate(map(plain, plate.names)):
        x, y = layout.corner(i, i)
        write(axes, layout.left - 0.10, y + high / 2, text, name, ha="right", va="center")
        middle = x + wide / 2 - (0 if upright else 0.05)
        above = "center" if upright else "bottom"
        write(axes, middle, layout.top - 0.07, text, name, va=above, **lying)


def _row(axes: Axes, row: Tiles, corner: tuple[float, float], sizes: _Sizes) -> None:
    x, y = corner
    for j, tile in enumerate(row):
        _cell(axes, tile, (x + j * sizes.cell[0], y), sizes)


def _cell(axes: Axes, tile: Tile | None, corner: tuple[float, float], sizes: _Sizes) -> None:
    (x, y), (wide, high) = corner, sizes.cell
    colour = background(tile.darkness if tile else 0.0)
    axes.add_patch(Rectangle((x, y), wide, high, facecolor=colour, edgecolor=LINE, linewidth=0.6))
    centred: dict[str, Any] = {"ha": "center", "va": "center"}
    middle = x + wide / 2
    if tile is None:
        write(axes, middle, y + high / 2, MISSING, sizes.large, color=MUTED, **centred)
        return
    how = {
        "color": text_on(colour),
        "weight": "bold" if tile.own else "normal",
        "style": "italic" if tile.italic else "normal",
    }
    at = y + (0.19 if tile.small else high / 2)
    if tile.large:
        write(axes, middle, at, tile.large, sizes.large, **how, **centred)
    if tile.small:
        write(axes, middle, y + 0.365, tile.small, SMALL, color=text_on(colour), **centred)


def _frames(axes: Axes, plate: Plate, layout: _Layout) -> None:
    """Around what is the network's own, drawn last so that no neighbour covers a side."""
    (wide, high), thin = layout.sizes.cell, layout.sizes.cell[0] / 33
    for i in range(len(plate.names)):
        tile = plate.rows[i][i]
        if tile is None or not tile.own:
            continue
        x, y = layout.corner(i, i)
        box = (x + thin, y + thin), wide - 2 * thin, high - 2 * thin
        axes.add_patch(Rectangle(*box, fill=False, edgecolor=INK, linewidth=max(55 * thin, 0.7)))


def _beneath(axes: Axes, plate: Plate, layout: _Layout, foot: float) -> float:
    """Rows under the table, set off from it; returns where they end."""
    heading, (_, high) = plate.beneath_heading, layout.sizes.cell
    write(axes, layout.left, foot + GAP - 0.10, heading, SMALL, color=MUTED, va="center")
    for i, (label, row) in enumerate(plate.beneath):
        y = foot + GAP + i * high
        write(
            axes, layout.left - 0.10, y + high / 2, plain(label), layout.sizes.name, color=MUTED,
            ha="right", va="center", style="italic",
        )  # fmt: skip
        _row(axes, row, (layout.left, y), layout.sizes)
    return foot + GAP + len(plate.beneath) * high


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
