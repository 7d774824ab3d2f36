"""A comparison in a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from samefeatures.base.shown import plain
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
    print_lines("Missing", [f"{n}: {why}" for n, why in comparison.missing.items()], console)
    print_lines("What differs in the set-up", comparison.setup, console)
    print_lines("Summary", comparison.summary, console)


def print_lines(title: str, lines: Sequence[str], console: Console, *, bullet: str = "- ") -> None:
    """Lines that are not cut, under a title; nothing where there are none."""
    if lines:
        console.print()
        console.print(Text(title, style="bold"))
        for line in lines:
            console.print(Text(f"{bullet}{plain(line)}"), soft_wrap=True)


def _print_sheet(sheet: Sheet, console: Console) -> None:
    console.print(Text(sheet.title, style="bold"))
    if sheet.note:
        console.print(Text(sheet.note, style="dim"), soft_wrap=True)
    labels = [_label(sheet, place, name) for place, (name, _) in enumerate(sheet.rows, start=1)]
    heads = _heads(sheet)
    widths = [max(map(cell_len, head.split("\n"))) for head in heads]
    for _, entries in sheet.rows:
        widths = [max(w, _width(entry)) for w, entry in zip(widths, entries, strict=True)]
    room = console.width - max(map(cell_len, labels))
    for block in _blocks(widths, room):
        _print_block(sheet, labels, heads, block, console)


def _label(sheet: Sheet, place: int, name: str) -> str:
    text = plain(name)
    if not sheet.square:
        return text
    fits = cell_len(text) <= LONGEST_NAME
    return f"{place:>2} {text if fits else set_cell_size(text, LONGEST_NAME - 1) + '…'}"


def _heads(sheet: Sheet) -> list[str]:
    """Numbers of the rows' networks, or heads broken at spaces to the width of their cells."""
    if sheet.square:
        return [str(place) for place in range(1, len(sheet.columns) + 1)]
    out = []
    for i, head in enumerate(sheet.columns):
        cells = max(_width(entries[i]) for _, entries in sheet.rows)
        width = max(cells, *map(len, head.split()))
        out.append("\n".join(textwrap.wrap(head, width)))
    return out


def _blocks(widths: Sequence[int], room: int) -> list[range]:
    """Runs of columns that fit beside the labels, each with a space before it."""
    out, start, used = [], 0, 0
    for i, width in enumerate(widths):
        if i > start and used + width + 1 > room:
            out.append(range(start, i))
            start, used = i, 0
        used += width + 1
    return [*out, range(start, len(widths))]


def _width(entry: Entry) -> int:
    return max(cell_len(line) for line in entry.lines)


def _print_block(
    sheet: Sheet, labels: Sequence[str], heads: Sequence[str], block: range, console: Console
) -> None:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("Source" if sheet.square else sheet.corner, no_wrap=True)
    for i in block:
        table.add_column(heads[i], justify="right", no_wrap=True)
    for label, (_, entries) in zip(labels, sheet.rows, strict=True):
        table.add_row(Text(label), *(_cell(entries[i]) for i in block))
    console.print(table)


def _cell(entry: Entry) -> Text:
    out = Text(justify="right")
    for place, line in enumerate(entry.lines):
        style = STYLES[place] if len(entry.lines) > 1 else ""
        if place == len(entry.lines) - 1 and entry.far:
            style = "red"
        out.append(("\n" if place else "") + line, style)
    return out
