"""The one table of all suites: narrow enough for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from benchmarks.record import Line

WIDTH = 118
HEADS = ("stage", "ours", "peer", "theirs", "ratio", "limit", "share", "goal")


def as_table(lines: Iterable[Line]) -> Table:
    """Stage, ours, peer, ratio, limit, share of limit, goal; what misses its goal is yellow."""
    table = Table(box=None, pad_edge=False, header_style="dim", width=WIDTH)
    for head in HEADS:
        left = head in ("stage", "peer", "goal")
        table.add_column(
            head, justify="left" if left else "right", no_wrap=not left, overflow="fold"
        )
    for line in lines:
        style = "" if line.met else "yellow"
        table.add_row(*(Text(cell, style) for cell in cells(line)))
    return table


def cells(line: Line) -> Sequence[str]:
    """One line as text; a difference of answers stands with the peer."""
    peer = line.peer
    if line.difference is not None:
        peer += f" (answers differ by {line.difference:.0e})"
    return (
        line.stage,
        figure(line.ours, line.unit),
        peer,
        figure(line.theirs, line.unit),
        f"{line.ratio:.3g}",
        "" if line.limit is None else figure(line.limit, line.unit),
        "" if line.share is None else f"{100 * line.share:.0f}%",
        line.goal + ("" if line.met else ": NO"),
    )


def figure(value: float, unit: str) -> str:
    """Three digits and the unit, short."""
    digits = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{digits} {unit.replace('images', 'img')}".strip()


def markdown(lines: Iterable[Line]) -> str:
    """The same as a Markdown table."""
    rows = [HEADS, ("---",) * len(HEADS), *(cells(line) for line in lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
