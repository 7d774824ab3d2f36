"""What every measure says of itself, as a table of docs/similarity.md."""

from __future__ import annotations

import math

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
