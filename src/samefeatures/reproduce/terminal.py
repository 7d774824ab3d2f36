"""A comparison in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from samefeatures.report.grid import plain
from samefeatures.reproduce.figures import WITHIN, Comparison
from samefeatures.reproduce.sheets import MARK, Entry, Sheet, sheets

LONGEST_NAME = 22
STYLES = ("bold", "dim", "")
"""Of the lines of a cell: ours, printed, difference."""


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print every table, what is missing, the set-up and the summary.

    A table too wide for the console is cut into blocks of columns. Differences of more than half a
    point are red where the console has colours.
    """
    console.print(Text(comparison.title, style="bold"))
    for sheet in sheets(comparison):
        console.print()
        _print_sheet(sheet, console)
    if comparison.misprints:
        console.print(Text(f"{MARK} misprint, compared with what the other figures give"))
    console.print(Text(f"Red: more than {WITHIN} off. –: missing.", style="dim"))
    parts = {
        "Missing": [f"{name}: {why}" for name, why in comparison.missing.items()],
        "What differs in the set-up": comparison.setup,
        "Summary": comparison.summary,
    }
    for title, lines in parts.items():
        if lines:
            console.print()
            console.print(Text(title, style="bold"))
            for line in lines:
                console.print(Text(f"- {plain(line)}"))


def _print_sheet(sheet: Sheet, console: Console) -> None:
    console.print(Text(sheet.title, style="bold"))
    if sheet.note:
        console.print(Text(sheet.note, style="dim"))
    heads = [str(i) for i in range(1, len(sheet.columns) + 1)] if sheet.square else sheet.columns
    label = min(LONGEST_NAME, max(cell_len(name) for name, _ in sheet.rows)) + 4
    if not sheet.square:
        label = max(cell_len(name) for name, _ in sheet.rows) + 1
    for block in _blocks(sheet, heads, console.width - label):
        _print_block(sheet, heads, block, console)


def _blocks(sheet: Sheet, heads: Sequence[str], room: int) -> list[range]:
    """Runs of columns that fit beside the labels."""
    widths = [1 + max(_width(entries[i]) for _, entries in sheet.rows) for i in range(len(heads))]
    if not sheet.square:  # heads may be broken at spaces
        widths = [
            max(w, 1 + max(map(cell_len, head.split())))
            for w, head in zip(widths, heads, strict=True)
        ]
    out, start, used = [], 0, 0
    for i, width in enumerate(widths):
        if i > start and used + width > room:
            out.append(range(start, i))
            start, used = i, 0
        used += width
    return [*out, range(start, len(heads))]


def _width(entry: Entry) -> int:
    return max(cell_len(line) for line in entry.lines)


def _print_block(sheet: Sheet, heads: Sequence[str], block: range, console: Console) -> None:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(sheet.corner, no_wrap=sheet.square, overflow="ellipsis")
    for i in block:
        table.add_column(heads[i], justify="right", overflow="fold")
    for place, (name, entries) in enumerate(sheet.rows, start=1):
        shown = f"{place:>2} {_short(plain(name))}" if sheet.square else plain(name)
        table.add_row(Text(shown), *(_cell(entries[i]) for i in block))
    console.print(table)


def _cell(entry: Entry) -> Text:
    out = Text(justify="right")
    for place, line in enumerate(entry.lines):
        style = STYLES[place] if len(entry.lines) > 1 else ""
        if place == len(entry.lines) - 1 and entry.far:
            style = "red"
        out.append(("\n" if place else "") + line, style)
    return out


def _short(name: str) -> str:
    return name if cell_len(name) <= LONGEST_NAME else set_cell_size(name, LONGEST_NAME - 1) + "…"
