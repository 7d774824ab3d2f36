"""``./scripts/bench [SUITE…]``: run the suites, print one table, keep the figures."""

from __future__ import annotations

import importlib
import sys

from rich.console import Console
from rich.table import Table

from benchmarks.record import keep

SUITES = ("algebra", "memory", "scoring", "extraction", "normalised")


def main(names: list[str]) -> int:
    """Run the named suites, or all; returns 1 when a name is unknown."""
    unknown = set(names) - set(SUITES)
    if unknown:
        print(f"Unknown suite: {', '.join(unknown)}. There are: {', '.join(SUITES)}.")
        return 1
    table = Table("stage", "ours", "peer", "theirs", "ratio", "goal", "met")
    for name in names or SUITES:
        lines = importlib.import_module(f"benchmarks.{name}").run()
        keep(name, lines)
        for line in lines:
            ours, theirs = (f"{v:.4g} {line.unit}".strip() for v in (line.ours, line.theirs))
            met = "yes" if line.met else "NO"
            table.add_row(line.stage, ours, line.peer, theirs, f"{line.ratio:.3g}", line.goal, met)
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
