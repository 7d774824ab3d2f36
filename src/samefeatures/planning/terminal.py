"""A study's plan in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from samefeatures.base.shown import plain
from samefeatures.planning.plan import Plan, headline
from samefeatures.planning.words import duration, size


def bare_table(first: str, *figures: str, last: str) -> Table:
    """Without lines: names to the left, figures to the right, and what may be long behind."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(first, no_wrap=True, max_width=34)
    for head in figures:
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column(last, overflow="fold")
    return table


def print_plan(plan: Plan, console: Console) -> None:
    """Sizes, one line per stage, the sum, then what does not fit."""
    console.print(
        Text(
            f"{len(plan.networks)} networks, {plan.features:,} features; {plan.fit_rows:,} fit "
            f"rows, {plan.eval_rows:,} eval rows",
            style="bold",
        )
    )
    console.print()
    table = bare_table("Stage", "time", "within", "done", "disk", last="measured")
    longest = plan.longest
    for stage in plan.stages:
        done = 1 - stage.seconds / stage.whole if stage.whole else 0.0  # NaN: not known
        style = "bold" if stage is longest else ""
        table.add_row(
            Text(plain(stage.name), style),
            Text(duration(stage.seconds), style),
            Text(f"x{stage.factor:g}"),
            Text(f"{100 * done:.0f}%" if done > 0.005 else ""),
            Text(size(stage.left) if stage.left else ""),
            Text(plain(stage.note), "dim"),
        )
    table.add_row(
        Text("all", "bold"), Text(duration(plan.seconds), "bold"), Text(""), Text(""),
        Text(size(plan.disk)), Text(""),
    )  # fmt: skip
    console.print(table)
    console.print()
    console.print(Text(headline(plan)), soft_wrap=True)
    for note in plan.notes:
        console.print(Text(f"Note: {plain(note)}", style="dim"), soft_wrap=True)
    for warning in plan.warnings:
        console.print(Text(f"Warning: {plain(warning)}", style="yellow"), soft_wrap=True)
