"""Measures of two spaces as tables: each as it is, and beyond what controls leave."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from samefeatures.base.arrays import Float64
from samefeatures.base.errors import ConfigError
from samefeatures.base.options import check_known
from samefeatures.report.grid import MISSING, number
from samefeatures.report.sentences_shared import given_words
from samefeatures.study.results import MeasureSummary, Similarity

ORDERS = ("study", "dendrogram")


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
        rest = f"; not defined for {gaps} ordered pair{'s' * (gaps > 1)}" if gaps else ""
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


def darkness(value: float, measure: MeasureSummary) -> float:
    """What is not shared, from 0 to 1; 0 without a scale, and where nothing is known."""
    lacking = (measure.same - value) / (measure.same - measure.apart)
    return min(max(lacking, 0.0), 1.0) if math.isfinite(lacking) else 0.0
