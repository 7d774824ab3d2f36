"""Tables of docs/similarity.md: what measures say of themselves, and what is left of them."""

from __future__ import annotations

import csv
import math
import statistics
from collections.abc import Iterable
from pathlib import Path

from samefeatures.report.grid import number
from samefeatures.similarity import MEASURES, Measure

HEADS = ("measure", "in tables", "is", "nothing shared → the same", "of", "reads")
READS = {"moments": "moments", "norms": "moments and norms", "rows": "a sample of the rows"}


def measure_table() -> str:
    """A row a measure of ours, in Markdown: those of every study first."""
    names = dict.fromkeys([*MEASURES.defaults, *MEASURES.ours])
    lines = [HEADS, ("---",) * len(HEADS), *(_row(MEASURES.get(name)) for name in names)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _row(measure: type[Measure]) -> tuple[str, ...]:
    of = "a map"
    if measure.judges == "spaces":
        of = "a pair" if measure.symmetric else "a pair, directed"
    scale = f"{_value(measure.apart)} → {_value(measure.same)}"
    return (
        f"`{measure.name}`",
        measure.label,
        measure.says.replace("|", r"\|"),
        "no scale" if math.isnan(measure.apart) else scale,
        of,
        READS[measure.reads],
    )


def _value(value: float) -> str:
    return "π/2" if value == math.pi / 2 else f"{value:g}"


def beyond_table(study: Path) -> str:
    """Medians over the ordered pairs: of spaces as they are, of what controls leave of them, and of
    class noise in the source's place."""
    beyond, plain = (_rows(study / f"{name}.csv") for name in ("beyond", "similarity"))
    givens = list(dict.fromkeys(row["given"] for row in beyond))
    names = dict.fromkeys(row["measure"] for row in plain)
    heads = ["measure", "as it is", *(h for given in givens for h in (f"beyond {given}", "null"))]
    lines = [heads, ["---", *(["---:"] * (len(heads) - 1))]]
    for name in names:
        pairs = (r for r in plain if r["measure"] == name and r["source"] != r["target"])
        cells = [_median(row["value"] for row in pairs)]
        for given in givens:
            for of in ("features", "class noise"):
                mine = (row for row in beyond if (row["given"], row["of"]) == (given, of))
                cells.append(_median(row[name] for row in mine))
        lines.append([f"`{name}`", *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _median(cells: Iterable[str]) -> str:
    return number(statistics.median(float(cell) for cell in cells if cell), 3)
