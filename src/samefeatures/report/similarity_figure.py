"""A measure of two spaces as a picture: a heat map, and those beyond controls beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from samefeatures.report import crowded, plate
from samefeatures.report.drawing import save, style
from samefeatures.report.grid import number
from samefeatures.report.plate import Plate
from samefeatures.report.similarity import Square, darkness, squares
from samefeatures.report.tiles import Tile, Tiles
from samefeatures.study.results import MeasureSummary, Similarity

STEPS = 4
"""Of the scale, between what is the same and what shares nothing."""


def draw(found: Similarity, name: str, folder: Path, *, order: str = "study") -> list[Path]:
    """Write ``similarity_NAME.png``, ``.svg`` and ``.pdf``; the same bytes for the same numbers."""
    with style():
        label = found.measure(name).label
        drawn = picture(squares(found, name, order=order), n=found.n, order=order)
        return save(drawn, folder, f"similarity_{name}", title=label)


def picture(tables: Sequence[Square], *, n: int, order: str) -> Figure:
    """The tables side by side, in one order and on one scale."""
    return plate.picture(*(_plate(table, n=n, order=order) for table in tables))


def _plate(table: Square, *, n: int, order: str) -> Plate:
    measure, count = table.measure, len(table.names)
    way = "up" if measure.same > measure.apart else "down"
    unit = ", in hundredths" * (crowded.NARROW < count <= crowded.SHADED)
    sorted_by = "" if order == "study" else f"  Networks as in the dendrogram of {measure.label}."
    scaled = math.isfinite(measure.apart)
    return Plate(
        title=table.title,
        subtitle=f"{n:,} held-out images{unit}; {way} is nearer.{sorted_by}",
        names=table.names,
        rows=tuple(_tiles(table, i) for i in range(count)),
        scale=f"{measure.label}: the darker, the less is shared" if scaled else "it has no scale",
        ticks=tuple(_ticks(measure)) if scaled else (),
        notes=(table.line,),
        diagonal="the network itself",
        axes=("Source", "Target"),
    )


def _ticks(measure: MeasureSummary) -> list[tuple[str, float]]:
    steps = [i / STEPS for i in range(STEPS + 1)]
    return [(f"{measure.same + (measure.apart - measure.same) * i:.2g}", i) for i in steps]


def _tiles(table: Square, row: int) -> Tiles:
    return tuple(
        _tile(float(value), table.measure, len(table.names), own=row == column)
        for column, value in enumerate(table.values[row])
    )


def _tile(value: float, measure: MeasureSummary, count: int, *, own: bool) -> Tile | None:
    if not math.isfinite(value):
        return None
    text = number(value) if count <= crowded.NARROW else number(100 * value, 0)
    return Tile(
        large="" if crowded.is_shaded(count) else text, darkness=darkness(value, measure), own=own
    )
