"""One method's table in a terminal: two lines per network, or one where they are many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.style import Style
from rich.text import Text

from samefeatures.base.shown import plain
from samefeatures.report.beneath import HEADING as BENEATH
from samefeatures.report.beneath import SpaceCell
from samefeatures.report.certainty import source_mark, target_mark
from samefeatures.report.grid import (
    COLUMNS,
    MISSING,
    ROWS,
    Grid,
    is_own,
    lacking,
    measured,
    number,
    penalty,
    signed,
    written,
)
from samefeatures.report.shading import TICKS, background, shade, text_on
from samefeatures.report.short_names import short_names
from samefeatures.study.results import Cell

MANY = 15
"""Above so many networks a table is compact: a line per network, top-1 alone."""
LONGEST_NAME = 22
NARROWEST = 10


@dataclass(frozen=True, slots=True)
class _Printed:
    """One cell: its two lines, and their style where colours are on.

    Both end with a mark, or with the space whose place a mark takes; an own head has brackets.
    """

    large: str
    small: str
    style: Style
    own: bool = False


def compact(grid: Grid) -> bool:
    """Whether its networks are too many for two lines each."""
    return len(grid.names) > MANY


def print_grid(grid: Grid, console: Console) -> None:
    """The cells, cut into blocks of columns that fit the console; nothing else of the method."""
    small = compact(grid)
    shaded = console.color_system in ("256", "truecolor")
    single = small or grid.leading is not None
    rows = [[_cell(cell, grid, shaded=shaded, small=small) for cell in row] for row in grid.rows]
    beneath = () if small else grid.beneath
    under_it = [[_space(cell, shaded=shaded) for cell in line.cells] for line in beneath]
    width = max(
        (max(len(c.large) + 1 - c.own, len(c.small)) for row in rows for c in row), default=2
    )
    digits = len(str(len(grid.names)))
    names = [plain(name) for name in grid.names]
    labels = [line.what for line in beneath]
    room = max(NARROWEST, console.width // 4) if small else LONGEST_NAME
    longest = min(room, max(map(cell_len, (*names, *labels)), default=0))
    short = short_names(names, max(longest, NARROWEST))
    label_width = digits + 1 + longest + 1
    per_block = max(1, (console.width - label_width) // width)
    what = "top-1 %" if small else "top-1 %, change vs source %"
    what = grid.leading.label if grid.leading else what
    console.print(Text.assemble((plain(grid.label), "bold"), f"  {what}"))
    for first in range(0, len(names), per_block):
        block = range(first, min(first + per_block, len(names)))
        console.print(_heads(block, label_width, width), no_wrap=True, crop=False)
        for place, (name, row) in enumerate(zip(short, rows, strict=True)):
            head = f"{place + 1:>{digits}} {set_cell_size(name, longest)} "
            for line in _row(head, [row[i] for i in block], width)[: 1 if single else 2]:
                console.print(line, no_wrap=True, crop=False)
        if beneath:
            console.print(Text(BENEATH, style="dim"))
        for space, cells in zip(beneath, under_it, strict=True):
            whose = str(names.index(plain(space.of)) + 1) if space.of else ""
            head = f"{whose:>{digits}} {set_cell_size(space.what, longest)} "
            for line in _row(head, [cells[i] for i in block], width):
                console.print(line, no_wrap=True, crop=False)
    for place, (name, shown) in enumerate(zip(names, short, strict=True), start=1):
        if shown != name and not small:
            console.print(Text(f"{place} = {name}", style="dim"))
    _print_legend(shaded=shaded, console=console)


def _heads(block: range, label_width: int, width: int) -> Text:
    """The axes, and the number of each column's network."""
    line = Text(f"{'':{label_width}}{COLUMNS}, by the numbers of the rows\n", style="dim")
    # A narrow label column has no room for the long name of the rows' axis.
    axis = next(text for text in (ROWS, "Source", "") if cell_len(text) < label_width)
    line.append(f"{axis:{label_width}}")
    for i in block:
        line.append(f"{i + 1:>{width - 1}} ")
    return line


def _row(head: str, cells: Sequence[_Printed], width: int) -> tuple[Text, Text]:
    upper, lower = Text(head), Text(" " * cell_len(head))
    for cell in cells:
        upper.append(f"{cell.large:>{width}}", cell.style + Style(bold=cell.own or None))
        lower.append(f"{cell.small:>{width}}", cell.style)
    return upper, lower


def _cell(cell: Cell | None, grid: Grid, *, shaded: bool, small: bool) -> _Printed:
    if cell is None:
        return _Printed(f"{MISSING} ", " ", Style())
    if grid.leading is not None:
        style = _style(lacking(cell, grid.leading), shaded=shaded)
        large = measured(cell.measure(grid.leading.name), 2 if small else 3)
        return _Printed(f"[{large}]" if is_own(cell) else f"{large} ", "", style, is_own(cell))
    style = _style(penalty(cell), shaded=shaded)
    large = number(cell.top1, 1 if small else 2)
    if small:
        return _Printed(f"[{large}]" if is_own(cell) else f"{large} ", "", style, is_own(cell))
    change = f"{signed(cell.change_vs_source_pct)}{source_mark(cell) or ' '}"
    large = f"[{large}]" if is_own(cell) else f"{large}{target_mark(cell) or ' '}"
    return _Printed(large, change, style, is_own(cell))


def _space(cell: SpaceCell | None, *, shaded: bool) -> _Printed:
    large, small = written(cell)
    style = _style(cell.penalty if cell else math.nan, shaded=shaded)
    return _Printed(f"{large} ", f"{small} ", style)


def _style(missing: float, *, shaded: bool) -> Style:
    """None of NaN: what is not known is neither a loss nor none."""
    if not shaded or math.isnan(missing):
        return Style()
    # The cell without a loss is white: on a dark terminal darker would else mean a smaller penalty.
    colour = background(shade(missing))
    return Style(color=text_on(colour), bgcolor=colour)


def _print_legend(*, shaded: bool, console: Console) -> None:
    if shaded:
        line = Text("Loss vs source: ")
        for tick in TICKS:
            line.append(f" {tick:g} % ", _style(tick, shaded=shaded))
        line.append("  [ ] own head")
        console.print(line)
    else:
        console.print(Text("[ ] = a network with its own head."))
