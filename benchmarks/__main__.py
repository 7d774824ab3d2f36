"""``./scripts/bench [SUITE…]``: run the suites, print one table, keep the figures."""

from __future__ import annotations

import importlib
import sys
from time import perf_counter

from rich.console import Console

from benchmarks.record import Line, keep
from benchmarks.table import WIDTH, as_table

SUITES = (
    "algebra", "peers", "memory", "scoring", "extraction", "loops", "disk", "normalised",
    "precision", "controls", "planned", "arrays", "strengths", "similarity", "others", "scale",
    "scaling",
)  # fmt: skip


def main(names: list[str]) -> int:
    """Run the named suites, or all; returns 1 when a name is unknown."""
    if names == ["pages"]:
        from benchmarks.pages import write_pages
        from benchmarks.prose import write_prose

        print("\n".join(str(path) for path in (*write_pages(), *write_prose())))
        return 0
    unknown = set(names) - set(SUITES)
    if unknown:
        print(
            f"Unknown suite: {', '.join(sorted(unknown))}. There are: {', '.join(SUITES)}; and "
            "'pages', which writes the tables of the docs anew."
        )
        return 1
    console = Console(width=WIDTH)
    lines: list[Line] = []
    for name in names or SUITES:
        start = perf_counter()
        found = importlib.import_module(f"benchmarks.{name}").run()
        if name not in ("others", "scaling"):  # which keep more than lines
            keep(name, found)
        lines += found
        print(f"{name}: {perf_counter() - start:,.0f} s", file=sys.stderr)
    console.print(as_table(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
