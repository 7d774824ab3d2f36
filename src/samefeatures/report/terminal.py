"""The tables in a terminal: two lines per network, shaded by background colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from samefeatures.base.shown import plain
from samefeatures.report.beneath import HEADING as BENEATH
from samefeatures.report.beneath import SpaceCell
from samefeatures.report.certainty import source_mark, target_mark
from samefeatures.report.controls import HEADS, control_lines, heading
from samefeatures.report.grid import (
    COLUMNS,
    MISSING,
    ROWS,
    Grid,
    grids,
    is_own,
    number,
    penalty,
    signed,
    written,
)
from samefeatures.report.sentences import sentences
from samefeatures.report.shading import TICKS, background, shade, text_on
from samefeatures.report.shared import listings
from samefeatures.report.summary import measure_lines, under
from samefeatures.report.tasks import ABOUT, ALONE, HEADING, task_views
from samefeatures.study.results import Cell, StudyResults

LONGEST_NAME = 22


@dataclass(frozen=True, slots=True)
class _Printed:
    """One cell: its two lines, and their style where colours are on.

    Both end with a mark, or with the space whose place a mark takes; an own head has brackets.
    """

    large: str
    small: str
    style: Style
    own: bool = False


def print_tables(results: StudyResults, console: Console) -> None:
    """Print warnings, each method's table with its medians, and the sentences to take away.

    Ten networks fit into 100 columns. A table too wide for the console is cut into blocks of
    columns. Where the console has fewer than 256 colours, or is no terminal, nothing is shaded.
    """
    console.print(Text(plain(results.title), style="bold"))
    for warning in results.warnings:
        console.print(Text.assemble(("Warning: ", "bold yellow"), plain(warning)))
    for use, data in (("Fit", results.fit_data), ("Eval", results.eval_data)):
        if data.listing:
            console.print(Text(f"{use}: {plain(data.listing)}", style="dim"))
    for grid in grids(results):
        console.print()
        _print_grid(grid, console)
        for line in under(grid):
            console.print(Text(line))
    for grid in grids(results)[:1]:  # the same whatever the method
        for line in measure_lines(grid, "spaces"):
            console.print(Text(f"\n{line}"))
    _print_shared(results, console)
    _print_controls(results, console)
    _print_tasks(results, console)
    console.print()
    console.print(Text("To take away", style="bold"))
    for place, sentence in enumerate(sentences(results), start=1):
        console.print(Text(f"{place}. {sentence}"))


def print_facts(facts: Sequence[Mapping[str, str]], console: Console) -> None:
    """One block per network: its ``name``, then the other facts in order."""
    for record in facts:
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for label, value in record.items():
            if label != "name":
                table.add_row(label, Text(plain(value)))
        console.print(Text(plain(record["name"]), style="bold"))
        console.print(table)


def _print_shared(results: StudyResults, console: Console) -> None:
    """Lists of what is shared beyond the answers, and whom hybrids follow."""
    for found in listings(results):
        console.print(Text(f"\n{found.title}", style="bold"))
        for said in found.says:
            console.print(Text(said))
        table = Table(box=None, padding=(0, 2, 0, 0))
        for place, head in enumerate(found.heads):
            table.add_column(
                head, overflow="fold", justify="right" if place >= found.words else "left"
            )
        for row in found.rows:
            table.add_row(*map(Text, row))
        console.print(table)
        for note in found.notes:
            console.print(Text(note, style="dim"))


def _print_controls(results: StudyResults, console: Console) -> None:
    lines = control_lines(results)
    if results.controls is None or not lines:
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for head in (HEADS[0], *HEADS[2:]):
        table.add_column(head, overflow="fold", no_wrap=head in (HEADS[0], HEADS[2]))
    for line in lines:
        table.add_row(*map(Text, (line.name, line.top1, line.agreement, line.reading)))
    console.print()
    console.print(Text.assemble(("Controls", "bold"), "  ", heading(results.controls)))
    console.print(table)


def _print_tasks(results: StudyResults, console: Console) -> None:
    if results.tasks:
        console.print(Text(f"\n{HEADING}", style="bold"))
        console.print(Text(ABOUT))
    for task in task_views(results):
        console.print(Text(f"\n{task.title}: {task.question}"))
        _print_grid(task.grid, console)
        alone = ", ".join(f"{i} {number(top1)}" for i, top1 in enumerate(task.alone, start=1))
        console.print(Text(f"{ALONE}, %, by target: {alone}"))
        for line in task.lines:
            console.print(Text(line))


def _print_grid(grid: Grid, console: Console) -> None:
    shaded = console.color_system in ("256", "truecolor")
    rows = [[_cell(cell, shaded=shaded) for cell in row] for row in grid.rows]
    under_it = [[_space(cell, shaded=shaded) for cell in line.cells] for line in grid.beneath]
    width = max(
        (max(len(c.large) + 1 - c.own, len(c.small)) for row in rows for c in row), default=2
    )
    digits = len(str(len(grid.names)))
    names = [plain(name) for name in grid.names]
    labels = [line.what for line in grid.beneath]
    longest = min(LONGEST_NAME, max(map(cell_len, (*names, *labels)), default=0))
    label_width = digits + 1 + longest + 1
    per_block = max(1, (console.width - label_width) // width)
    console.print(Text.assemble((f"{plain(grid.label)}", "bold"), "  top-1 %, change vs source %"))
    for first in range(0, len(names), per_block):
        block = range(first, min(first + per_block, len(names)))
        console.print(_heads(block, label_width, width), no_wrap=True, crop=False)
        for place, (name, row) in enumerate(zip(names, rows, strict=True)):
            head = f"{place + 1:>{digits}} {set_cell_size(_short(name), longest)} "
            for line in _row(head, [row[i] for i in block], width):
                console.print(line, no_wrap=True, crop=False)
        if grid.beneath:
            console.print(Text(BENEATH, style="dim"))
        for space, cells in zip(grid.beneath, under_it, strict=True):
            whose = str(names.index(plain(space.of)) + 1) if space.of else ""
            head = f"{whose:>{digits}} {set_cell_size(space.what, longest)} "
            for line in _row(head, [cells[i] for i in block], width):
                console.print(line, no_wrap=True, crop=False)
    _print_legend(names, shaded=shaded, console=console)


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


def _cell(cell: Cell | None, *, shaded: bool) -> _Printed:
    if cell is None:
        return _Printed(f"{MISSING} ", " ", Style())
    style = _style(shade(penalty(cell))) if shaded else Style()
    large, small = number(cell.top1), signed(cell.change_vs_source_pct)
    large = f"[{large}]" if is_own(cell) else f"{large}{target_mark(cell) or ' '}"
    return _Printed(large, f"{small}{source_mark(cell) or ' '}", style, is_own(cell))


def _space(cell: SpaceCell | None, *, shaded: bool) -> _Printed:
    large, small = written(cell)
    style = _style(shade(cell.penalty)) if shaded and cell and small else Style()
    return _Printed(f"{large} ", f"{small} ", style)


def _style(darkness: float) -> Style:
    # The unshaded cell is white too: on a dark terminal darker would else mean a smaller penalty.
    colour = background(darkness)
    return Style(color=text_on(colour), bgcolor=colour)


def _short(name: str) -> str:
    return name if cell_len(name) <= LONGEST_NAME else set_cell_size(name, LONGEST_NAME - 1) + "…"


def _print_legend(names: Sequence[str], *, shaded: bool, console: Console) -> None:
    for place, name in enumerate(names, start=1):
        if _short(name) != name:
            console.print(Text(f"{place} = {name}", style="dim"))
    if shaded:
        line = Text("Loss vs source: ")
        for tick in TICKS:
            line.append(f" {tick:g} % ", _style(shade(tick)))
        line.append("  [ ] own head")
        console.print(line)
    else:
        console.print(Text("[ ] = a network with its own head."))
