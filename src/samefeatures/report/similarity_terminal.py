"""Similarity of all pairs in a terminal: a small table for each measure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.style import Style
from rich.text import Text

from samefeatures.base.shown import plain
from samefeatures.report.grid import MISSING, number
from samefeatures.report.ranking import Ranked, ranking_sentence, rankings
from samefeatures.report.shading import background, text_on
from samefeatures.report.short_names import short_names
from samefeatures.report.similarity import Square, darkness, squares
from samefeatures.report.terminal_grid import LONGEST_NAME, MANY
from samefeatures.study.results import Similarity

WIDTH = 5
"""Columns of a cell."""


def print_similarity(found: Similarity, console: Console, *, order: str = "study") -> None:
    """Print every measure source by target, beyond controls too, and what the rankings come to.

    A table too wide for the console is cut into blocks of columns. Of more than 15 networks medians
    and ranges are printed alone. Where the console has fewer than 256 colours nothing is shaded.
    """
    console.print(Text(plain(found.title), style="bold"))
    for measure in found.measures:
        for table in squares(found, measure.name, order=order):
            way = "up" if measure.same > measure.apart else "down"
            console.print(Text.assemble((f"\n{table.title}", "bold"), f"  {way} is nearer"))
            if len(table.names) <= MANY:
                _print_table(table, console)
            console.print(Text(table.line))
        console.print(Text(f"{measure.says}; of {found.rows(measure.name)} images.", style="dim"))
    _print_rankings(rankings(found), console)
    for note in found.notes:
        console.print(Text(f"\n{note}"))


def _print_table(table: Square, console: Console) -> None:
    names = [plain(name) for name in table.names]
    digits, longest = len(str(len(names))), min(LONGEST_NAME, max(map(cell_len, names)))
    label = digits + longest + 2
    room = max(1, (console.width - label) // WIDTH)
    for first in range(0, len(names), room):
        block = range(first, min(first + room, len(names)))
        heads = "".join(f"{i + 1:>{WIDTH}}" for i in block)
        console.print(Text(f"{'':{label}}{heads}", style="dim"), no_wrap=True, crop=False)
        for place, name in enumerate(short_names(names, longest), start=1):
            line = Text(f"{place:>{digits}} {set_cell_size(name, longest)} ")
            for column in block:
                line.append(*_cell(table, place - 1, column, console))
            console.print(line, no_wrap=True, crop=False)


def _cell(table: Square, row: int, column: int, console: Console) -> tuple[str, Style]:
    value = float(table.values[row, column])
    text = f"{number(value) if math.isfinite(value) else MISSING:>{WIDTH}}"
    if console.color_system not in ("256", "truecolor"):
        return text, Style()
    colour = background(darkness(value, table.measure))
    return text, Style(color=text_on(colour), bgcolor=colour, bold=row == column or None)


def _print_rankings(ranked: Sequence[Ranked], console: Console) -> None:
    sentence = ranking_sentence(ranked)
    if sentence:
        console.print(Text(f"\n{sentence}"))
