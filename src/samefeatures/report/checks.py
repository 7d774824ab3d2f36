"""Print what is known of each network, one block each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_facts(facts: Sequence[Mapping[str, str]], console: Console) -> None:
    """One block per network: its ``name``, then the other facts in order."""
    for record in facts:
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for label, value in record.items():
            if label != "name":
                table.add_row(label, Text(value))
        console.print(Text(record["name"], style="bold"))
        console.print(table)
