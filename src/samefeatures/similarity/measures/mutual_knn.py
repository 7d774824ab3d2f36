"""Whether two spaces hold the same images near each other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float64, Int64
from samefeatures.maps.sizes import Sizes
from samefeatures.similarity.measure import RowMeasure

ENTRIES = 1 << 22
"""Cosines that are held at a time."""
STEPS = 2.0**36
"""Cosines that agree to one part of it are equal: far above rounding, far below what differs."""
RUN = 64
"""Columns whose largest cosine is looked at first."""
SELECTION = 100.0
"""Multiply-adds that it takes to pick from one more cosine."""


class MutualKNN(RowMeasure):
    """``mean |N_A(i) ∩ N_B(i)| / k`` over images i, N the k = 10 nearest other images by the cosine
    between features: 0 no neighbour in common, 1 the same neighbours.

    Features are not centred. Unchanged by rotations, by one factor for all features, and by another
    length of every row; not by shifts. Of m images chance gives k / (m − 1), so values are compared
    at the same number of images only. Of cosines that are equal the image that comes first in the
    sample's random order is nearer, the same in all spaces. NaN where all cosines are equal, and
    with no more than k other images. Source: Huh et al., ICML 2024, whose code also clips the
    largest features first.
    """

    name = "mutual_knn"
    label = "Mutual neighbours"
    says = "share of the 10 nearest images, by cosine, that both spaces agree on"
    k = 10

    def of_rows(
        self, rows: npt.NDArray[np.floating[Any]], *, algebra: Algebra = HOST
    ) -> Int64 | None:
        """(m, k) places of the neighbours of (m, d) rows, in no order; None: they say nothing."""
        m = len(rows)
        if m - 1 <= self.k:
            return None
        unit = _unit(rows)  # (m, d)
        across = np.concatenate([unit, np.zeros((-m % RUN, unit.shape[1]))]).T  # (d, m + padding)
        found, low, high = [], math.inf, -math.inf
        size = max(1, ENTRIES // m)
        for start in range(0, m, size):
            near = algebra.product(unit[start : start + size], across)
            np.rint(np.multiply(near, STEPS, out=near), out=near)
            low = min(low, float(near[:, :m].min()))
            own = np.arange(len(near))
            near[own, start + own] = near[:, m:] = -math.inf
            high = max(high, float(near.max()))
            found.append(_largest(near, self.k))
        return np.concatenate(found) if low < high else None

    def value(self, a: Int64 | None, b: Int64 | None) -> float:
        """Of the (m, k) neighbours in both spaces."""
        if a is None or b is None:
            return math.nan
        return float((a[:, :, None] == b[:, None, :]).sum() / a.size)

    def work(self, sizes: Sizes) -> float:
        """All cosines of every space, and picking from them."""
        return sizes.sample**2 * (sizes.total + SELECTION * len(sizes.dims))


def _largest(near: Float64, k: int) -> Int64:
    """(r, k) places of the largest of (r, c) whole numbers, the first ones of equals.

    The k largest lie in the k runs of columns whose own largest are largest.
    """
    runs = near.reshape(len(near), -1, RUN)  # (r, c / RUN, RUN)
    best = _first(runs.max(axis=2), k)  # (r, k')
    columns = (best[:, :, None] * RUN + np.arange(RUN)).reshape(len(near), -1)
    inside = _first(np.take_along_axis(near, columns, axis=1), k)
    out: Int64 = np.take_along_axis(columns, inside, axis=1)
    return out


def _first(values: Float64, k: int) -> Int64:
    """(r, k) places of the largest of (r, c), the first ones of equals; all where c is below k."""
    count = values.shape[1]
    if count <= k:
        return np.broadcast_to(np.arange(count), values.shape)
    values = np.maximum(values, -2 * STEPS)  # of −∞ no whole number is made
    ranked = values.astype(np.int64) * count + np.arange(count)[::-1]
    best: Int64 = np.argpartition(ranked, count - k, axis=1)[:, count - k :]
    best.sort(axis=1)  # so that places ascend, and the first of equals stay first
    return best


def _unit(rows: npt.NDArray[np.floating[Any]]) -> Float64:
    """(m, d) at length 1; a row of zeros stays, and has a cosine of 0 with all."""
    out = rows.astype(np.float64)
    largest = np.abs(out).max(axis=1, keepdims=True)  # first: squares must fit
    out /= np.where(largest > 0, largest, 1)
    length = np.linalg.norm(out, axis=1, keepdims=True)
    out /= np.where(length > 0, length, 1)
    return out
