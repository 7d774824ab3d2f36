"""Whether two spaces hold the same images near each other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Bool, Float64, Int64
from samefeatures.maps.sizes import Sizes
from samefeatures.similarity.measure import RowMeasure

ENTRIES = 1 << 22
"""Cosines that are held at a time."""
RUN = 64
"""Columns whose largest cosine is looked at first."""
SELECTION = 100.0
"""Multiply-adds that it takes to pick from one more cosine."""
OF_PRODUCTS = 2.0**-44
"""What rounding makes of products, far more than once, as a share of the lengths multiplied."""
OF_ROWS = 2.0**-49
"""What rounding makes of a row of length 1, likewise."""


class MutualKNN(RowMeasure):
    """``mean |N_A(i) ∩ N_B(i)| / k`` over images i, N the k = 10 nearest other images by the cosine
    between features: 0 no neighbour in common, 1 the same neighbours.

    Features are not centred. Unchanged by rotations, by one factor for all features, and by another
    length of every row; not by shifts. Of m images chance gives k / (m − 1), so values are compared
    at the same number of images only. Where more images are equally near than there are places
    left, none of them is a neighbour, and what both spaces share is taken as a share of the fewer
    neighbours of the two. NaN where that leaves less than half of all places, as where all cosines
    are equal, and with no more than k other images. Source: Huh et al., ICML 2024, whose code also
    clips the largest features first.
    """

    name = "mutual_knn"
    label = "Mutual neighbours"
    says = "share of the 10 nearest images, by cosine, that both spaces agree on"
    k = 10

    def of_rows(
        self, rows: npt.NDArray[np.floating[Any]], *, algebra: Algebra = HOST
    ) -> Int64 | None:
        """(m, k) places of the neighbours of (m, d) rows, in no order, −1 where nobody can say
        which; None: there are no more images than places."""
        m = len(rows)
        if m - 1 <= self.k:
            return None
        near = _Nearness(rows)
        found = [near.nearest(start, self.k, algebra) for start in range(0, m, near.size)]
        return np.concatenate(found)

    def value(self, a: Int64 | None, b: Int64 | None) -> float:
        """Of the (m, k) neighbours in both spaces."""
        if a is None or b is None:
            return math.nan
        places = int(np.minimum((a >= 0).sum(axis=1), (b >= 0).sum(axis=1)).sum())
        shared = (a[:, :, None] == b[:, None, :]) & (a >= 0)[:, :, None]
        return float(shared.sum() / places) if 2 * places >= a.size else math.nan

    def work(self, sizes: Sizes) -> float:
        """All cosines of every space, and picking from them."""
        return sizes.sample**2 * (sizes.total + SELECTION * len(sizes.dims))


class _Nearness:
    """What ranks the others of every row as cosines do, as finely as the rows themselves are known.

    Far from the origin cosines differ in their last digits. With v the rows at length 1, less their
    mean, ``v_i · v_j − ‖v_j‖² / 2`` has their order for every i: it is ``u_i · u_j`` of rows u of
    length 1, less what does not depend on j.

    Args:
        rows: (m, d).

    Attributes:
        size: Rows that are ranked at a time.
    """

    def __init__(self, rows: npt.NDArray[np.floating[Any]]) -> None:
        unit = _unit(rows)
        self._dead: Bool = np.logical_not(unit.any(axis=1))  # (m,) zeros, whose cosines are 0
        centre = unit[~self._dead].mean(axis=0) if not self._dead.all() else unit[0]
        self._at = -(1 + centre @ centre) / 2, centre  # what is ranked, at a cosine of 0
        unit -= centre
        self._square = np.einsum("ij,ij->i", unit, unit)  # (m,)
        across = np.concatenate([unit, np.zeros((-len(unit) % RUN, unit.shape[1]))])
        self._v, self._across = across[: len(unit)], across.T  # (m, d) and (d, m + padding)
        self.size = max(1, ENTRIES // len(unit))

    def nearest(self, start: int, k: int, algebra: Algebra) -> Int64:
        """(r, k) places of the nearest of ``size`` rows from ``start``, −1 where nobody can say."""
        m, v = len(self._v), self._v[start : start + self.size]
        near = algebra.product(v, self._across)  # (r, m + padding)
        near[:, :m] -= self._square / 2
        level, centre = self._at
        near[:, :m][:, self._dead] = (level - v @ centre)[:, None]
        own = np.arange(len(v))
        near[own, start + own] = near[:, m:] = -math.inf
        near[self._dead[start : start + self.size], :m] = 0  # equally far from all
        places = _largest(near, k + 1)
        values = np.take_along_axis(near, places, axis=1)
        last = values.argmin(axis=1)[:, None]  # the first that is none
        reach = np.sqrt(self._square[start + own][:, None]) + np.sqrt(
            self._square[np.take_along_axis(places, last, axis=1)]
        )
        equal = OF_PRODUCTS * reach**2 + OF_ROWS * reach
        known = values > np.take_along_axis(values, last, axis=1) + equal
        rest = np.arange(k + 1) != last
        out: Int64 = np.where(known, places, -1)[rest].reshape(-1, k)
        return out


def _largest(near: Float64, k: int) -> Int64:
    """(r, k) places of the largest of (r, c), in no order.

    They lie in the k runs of columns whose own largest are largest.
    """
    runs = near.reshape(len(near), -1, RUN)  # (r, c / RUN, RUN)
    best = _picked(runs.max(axis=2), k)  # (r, k')
    columns = (best[:, :, None] * RUN + np.arange(RUN)).reshape(len(near), -1)
    inside = _picked(np.take_along_axis(near, columns, axis=1), k)
    out: Int64 = np.take_along_axis(columns, inside, axis=1)
    return out


def _picked(values: Float64, k: int) -> Int64:
    """(r, k) places of the largest of (r, c); all where c is no more than k."""
    count = values.shape[1]
    if count <= k:
        return np.broadcast_to(np.arange(count), values.shape)
    best: Int64 = np.argpartition(values, count - k, axis=1)[:, count - k :]
    return best


def _unit(rows: npt.NDArray[np.floating[Any]]) -> Float64:
    """(m, d) at length 1; a row of zeros stays, and has a cosine of 0 with all."""
    out = rows.astype(np.float64)
    largest = np.abs(out).max(axis=1, keepdims=True)  # first: squares must fit
    out /= np.where(largest > 0, largest, 1)
    length = np.linalg.norm(out, axis=1, keepdims=True)
    out /= np.where(length > 0, length, 1)
    return out
