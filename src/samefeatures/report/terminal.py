"""What a scored study says in a terminal: warnings, tables, controls, sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from textwrap import wrap
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from samefeatures.base.shown import plain
from samefeatures.report.certainty import marks_note
from samefeatures.report.controls import HEADS, control_lines, heading
from samefeatures.report.grid import MISSING, fitted, grids, number
from samefeatures.report.listing import Listing
from samefeatures.report.sentences import sentences
from samefeatures.report.shared import listings
from samefeatures.report.short_names import short_names
from samefeatures.report.summary import measure_lines, under
from samefeatures.report.tasks import ABOUT, ALONE, HEADING, task_views
from samefeatures.report.terminal_grid import MANY, compact, print_grid
from samefeatures.study.results import StudyResults

FULL = (
    "These are many networks: top-1 of one method is printed here. Names in full, changes, marks "
    "and all tables stand in report/tables.md and report/report.html, all numbers in results.csv."
)


def print_tables(results: StudyResults, console: Console) -> None:
    """Print warnings, each method's table with its medians, and the sentences to take away.

    Ten networks fit into 100 columns. A table too wide for the console is cut into blocks of
    columns. Of more than 15 networks one table is printed, a line a network. Where the console has
    fewer than 256 colours, or is no terminal, nothing is shaded.
    """
    console.print(Text(plain(results.title), style="bold"))
    for warning in results.warnings:
        console.print(Text.assemble(("Warning: ", "bold yellow"), plain(warning)))
    for use, data in (("Fit", results.fit_data), ("Eval", results.eval_data)):
        if data.listing:
            console.print(Text(f"{use}: {plain(data.listing)}", style="dim"))
    _print_methods(results, console)
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


def _print_methods(results: StudyResults, console: Console) -> None:
    """Every method's table; of many networks the first that is fitted has one."""
    tables = grids(results)
    first = fitted(tables)
    for grid in tables:
        console.print()
        small = compact(grid)
        if grid is first or not small:
            print_grid(grid, console)
        else:
            console.print(Text(plain(grid.label), style="bold"))
        unmarked = {marks_note(grid)} if small else set()
        for line in under(replace(grid, beneath=()) if small else grid):
            if line not in unmarked:
                console.print(Text(line))
    if first is not None and compact(first):
        console.print(Text(f"\n{FULL}", style="dim"))


def print_facts(
    facts: Sequence[Mapping[str, str]], console: Console, *, whole: bool = False
) -> None:
    """One block per network: its ``name``, then the other facts in order.

    Args:
        facts: By label.
        console: Where.
        whole: Blocks for more than 15 networks too, which else have a line each.
    """
    if len(facts) > MANY and not whole:
        _print_few_facts(facts, console)
        return
    for record in facts:
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for label, value in record.items():
            if label != "name":
                table.add_row(label, Text(plain(value)))
        console.print(Text(plain(record["name"]), style="bold"))
        console.print(table)


def _print_few_facts(facts: Sequence[Mapping[str, str]], console: Console) -> None:
    """A line each, and below what is odd."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("network", no_wrap=True)
    for label in FEW:
        table.add_column(label, no_wrap=True, justify="right")
    names = short_names([plain(record["name"]) for record in facts], max(12, console.width // 3))
    for name, record in zip(names, facts, strict=True):
        table.add_row(Text(name), *(Text(plain(record.get(label, MISSING))) for label in FEW))
    console.print(table)
    for record in facts:
        for label in (label for label in ODD if label in record):
            console.print(Text(f"{plain(record['name'])}: {label}: {plain(record[label])}"))
    console.print(Text("--verbose prints all that is known of each.", style="dim"))


FEW = ("features", "classes", "own top-1")
ODD = ("left out", "warning")
"""Facts that are printed of many networks, always and where there are some."""


def _print_shared(results: StudyResults, console: Console) -> None:
    """Lists of what is shared beyond the answers, and whom hybrids follow."""
    for found in listings(results):
        print_listing(found, console)


def print_listing(found: Listing, console: Console, *, whole: bool = False) -> None:
    """A list under its title, with what it comes to.

    Args:
        found: The list.
        console: Where.
        whole: More than 15 rows too, which else are left to the files.
    """
    console.print(Text(f"\n{found.title}", style="bold"))
    for said in found.says:
        console.print(Text(said))
    if len(found.rows) > MANY and not whole:
        console.print(Text(f"{len(found.rows)} rows: see report/tables.md.", style="dim"))
    else:
        table = Table(box=None, padding=(0, 1 if console.width < ROOMY else 2, 0, 0))
        for place, head in enumerate(found.heads):
            justify: Literal["left", "right"] = "right" if place >= found.words else "left"
            table.add_column(_stacked(head, console.width), overflow="fold", justify=justify)
        for row in found.rows:
            table.add_row(*map(Text, row))
        console.print(table)
    for note in found.notes:
        console.print(Text(note, style="dim"))


ROOMY = 100
"""Columns of a terminal from which on heads of lists need not be as narrow as their words."""


def _stacked(head: str, width: int) -> str:
    """As narrow as its longest word in a narrow terminal, where words would else be broken."""
    if width >= ROOMY:
        return head
    return "\n".join(wrap(head, max(map(len, head.split()))))


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
        if not compact(task.grid):
            print_grid(task.grid, console)
            alone = ", ".join(f"{i} {number(top1)}" for i, top1 in enumerate(task.alone, start=1))
            console.print(Text(f"{ALONE}, %, by target: {alone}"))
        for line in task.lines:
            console.print(Text(line))
