"""What a study's further measures take: each is timed on two made-up spaces."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from samefeatures.algebra import Algebra
from samefeatures.maps import AffineMap, Sizes
from samefeatures.moments.record import Moments
from samefeatures.planning.estimate import ROUGH, Stage
from samefeatures.planning.linear import Clock, fitted
from samefeatures.similarity import MEASURES, MapMeasure, Mapped, SpaceMeasure

WIDTHS = (32, 512)
"""Features of the spaces that a measure is timed on."""


def measure_stages(
    names: Sequence[str], sizes: Sizes, *, algebra: Algebra, clock: Clock
) -> list[Stage]:
    """A stage of each measure beside those that every study takes, which ``scores`` has.

    Args:
        names: Of the study's measures.
        sizes: Of the study.
        algebra: Where it does its algebra.
        clock: Seconds.
    """
    further = [measure for name in names if (measure := MEASURES.get(name)()).place is None]
    return [_stage(measure, sizes, algebra, clock) for measure in further]


def _stage(
    measure: MapMeasure | SpaceMeasure, sizes: Sizes, algebra: Algebra, clock: Clock
) -> Stage:
    both = 1 if measure.symmetric else 2

    def prepare(dim: int) -> Callable[[], object]:
        moments, fitted_map = _spaces(dim)
        if isinstance(measure, MapMeasure):
            mapped = Mapped.of(moments, fitted_map, algebra=algebra)
            return lambda: measure.value(mapped)
        return lambda: measure.value(moments, "a", "b", algebra=algebra)

    def units(dim: int) -> float:  # multiply-adds of one value, and one more
        two = Sizes(dims=(dim, dim), fit_rows=sizes.fit_rows, classes=sizes.classes)
        return measure.work(two) / both + 1

    rate = fitted(prepare, WIDTHS, units=units, clock=clock)
    values = sizes.hybrids * both // 2
    seconds = rate.at(measure.work(sizes) + values, calls=values)
    note = f"{values} values of {measure.label}"
    return Stage(
        name=f"measure: {measure.name}", seconds=seconds, whole=seconds, factor=ROUGH, note=note
    )


def _spaces(dim: int) -> tuple[Moments, AffineMap]:
    """Moments of two spaces of ``dim`` features, and a map between them."""
    rng = np.random.default_rng(0)
    moments = Moments(["a", "b"], [dim, dim])
    moments.update(*rng.standard_normal((2, 2 * dim, dim)))
    plain = AffineMap(
        weight=np.eye(dim),
        bias=np.zeros(dim),
        source="a",
        target="b",
        method="",
        source_fingerprint="",
        target_fingerprint="",
    )
    return moments, plain
