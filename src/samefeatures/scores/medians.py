"""Medians of what is known: of NaN, a plain median depends on where it stands."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable


def known(values: Iterable[float | None]) -> list[float]:
    """The finite ones, in their order; None, NaN and infinities say nothing."""
    return [value for value in values if value is not None and math.isfinite(value)]


def median(values: Iterable[float | None]) -> float:
    """Median of the finite values, of an even number the mean of the middle two; NaN of none."""
    finite = known(values)
    return statistics.median(finite) if finite else math.nan
