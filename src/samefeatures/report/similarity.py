"""Measures of two spaces: a heat map for each, with what lies beyond controls beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from samefeatures.base.arrays import Float64
from samefeatures.base.errors import ConfigError
from samefeatures.base.options import check_known
from samefeatures.report import crowded, plate
from samefeatures.report.drawing import save, style
from samefeatures.report.grid import MISSING, number
from samefeatures.report.plate import Plate
from samefeatures.report.sentences_shared import given_words
from samefeatures.report.tiles import Tile, Tiles
from samefeatures.study.results import MeasureSummary, Similarity

ORDERS = ("study", "dendrogram")
STEPS = 4
"""Of the scale, between what is the same and what shares nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """A measure of all pairs.

    Attributes:
        measure: Which.
        given: What it is taken beyond; empty for the spaces as they are.
        names: In the order in which they are drawn.
        values: (N, N), sources down and targets across.
    """

    measure: MeasureSummary
    given: str
    names: tuple[str, ...]
    values: Float64

    @property
    def title(self) -> str:
        """The measure, and what it is taken beyond."""
        beyond = f" beyond {given_words(self.given)}" if self.given else ""
        return f"{self.measure.label}{beyond}"

    @property
    def pairs(self) -> Float64:
        """(p,) values that are known off the diagonal."""
        values = self.values[~np.eye(len(self.values), dtype=bool)]
        return values[np.isfinite(values)]

    @property
    def median(self) -> float:
        """Over the pairs; NaN where none is known."""
        return float(np.median(self.pairs)) if len(self.pairs) else math.nan

    @property
    def range(self) -> str:
        """Over the pairs."""
        if not len(self.pairs):
            return MISSING
        return f"{number(float(self.pairs.min()), 3)} to {number(float(self.pairs.max()), 3)}"

    @property
    def line(self) -> str:
        """Median and range, and for how many pairs there is none."""
        if not len(self.pairs):
            return "Not defined for any pair."
        gaps = self.values.size - len(self.values) - len(self.pairs)
        rest = f"; not defined for {gaps} ordered pairs" if gaps else ""
        return f"Median {number(self.median, 3)} ({self.range}){rest}."


def check_order(order: str) -> None:
    """Refuse what is no order.

    Raises:
        ConfigError: naming those that there are.
    """
    check_known(order, ORDERS, "There is no order", ConfigError)


def squares(found: Similarity, name: str, *, order: str = "study") -> list[Square]:
    """A measure as it is, then beyond everything that it is known beyond.

    Args:
        found: All measures.
        name: Of one.
        order: ``study``, or ``dendrogram``: that of the measure as it is.

    Raises:
        ConfigError: when there is no such order.
    """
    check_order(order)
    names = found.names if order == "study" else found.order(name)
    at = [found.names.index(each) for each in names]
    tables = [("", found.matrix(name))]
    tables += [(given, found.matrix(name, beyond=given)) for given in found.given(name)]
    measure = found.measure(name)
    return [
        Square(measure=measure, given=given, names=names, values=values[np.ix_(at, at)])
        for given, values in tables
    ]


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


def darkness(value: float, measure: MeasureSummary) -> float:
    """What is not shared, from 0 to 1; 0 without a scale, and where nothing is known."""
    lacking = (measure.same - value) / (measure.same - measure.apart)
    return min(max(lacking, 0.0), 1.0) if math.isfinite(lacking) else 0.0
