"""Centred second moments in the host's memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from samefeatures.algebra.blas import add_square
from samefeatures.algebra.protocol import PANEL, SINGLE_ROWS, Precision, check_single
from samefeatures.base.arrays import Float32, Float64

STRIP = 1024
"""Columns that are centred at a time."""
THREADS = 4
NEAR = 1e-10
"""Relative: no mean of equal values is further from them."""


class HostSums:
    """S += zᵀz over centred chunks, on and below the diagonal.

    Memory: 8·D² bytes for S, and 8·r·D for the centred rows of a chunk of r rows; with float32
    products 4·r·D and 4·PANEL·D.

    Args:
        dims: Features per network.
        precision: Of the products.
    """

    def __init__(self, dims: Sequence[int], precision: Precision) -> None:
        stops = list(accumulate(dims))
        self._columns = [slice(s - d, s) for s, d in zip(stops, dims, strict=True)]
        self._total = stops[-1]
        self._dtype = np.dtype(precision)
        self._n = 0
        self._mean: Float64 = np.zeros(self._total)
        self._lower: Float64 = np.zeros((self._total, self._total))
        self._rows = np.empty((0, self._total), self._dtype)

    @property
    def n(self) -> int:
        """Rows seen."""
        return self._n

    def restore(self, n: int, mean: Float64, lower: Float64) -> None:
        """Go on in these arrays, (D,) and (D, D)."""
        self._n, self._mean = n, mean
        self._lower = np.require(lower, np.float64, ["C", "W"])

    def add(self, blocks: Sequence[npt.NDArray[np.floating]]) -> Float64:
        """Add rows, (r, d) per network; returns their (D,) mean; not finite: nothing is added."""
        rows = len(blocks[0])
        z = self._room(rows + 1)  # (r + 1, D)
        places = [z[:rows, columns] for columns in self._columns]
        chunk_mean = np.concatenate(list(centred_into(places, blocks)))
        if not np.isfinite(chunk_mean).all():
            return chunk_mean
        # The rank-one term that joins two means rides along as one more row.
        shift = chunk_mean - self._mean
        with np.errstate(over="ignore"):  # in float32, where infinity is refused below
            z[rows] = np.sqrt(self._n * rows / (self._n + rows)) * shift
        if self._dtype == np.float32:
            check_single(float(max(z.max(), -z.min())))
            for start in range(0, rows + 1, SINGLE_ROWS):
                self._add_single(z[start : start + SINGLE_ROWS])
        else:
            add_square(self._lower, z)
        self._n += rows
        self._mean += shift * (rows / self._n)
        return chunk_mean

    def read(self) -> tuple[int, Float64, Float64]:
        """n, mean (D,), and the lower triangle of S (D, D): the sums themselves."""
        return self._n, self._mean, self._lower

    def _add_single(self, z: Float32) -> None:
        """Panel by panel: left of the diagonal, then the square on it."""
        buffer = np.empty(min(PANEL, self._total) * self._total, np.float32)
        for start in range(0, self._total, PANEL):
            panel = z[:, start : start + PANEL]  # (r, p)
            for first, left in ((0, z[:, :start]), (start, panel)):
                width = left.shape[1]
                out = buffer[: panel.shape[1] * width].reshape(panel.shape[1], width)
                # NumPy sees that panel.T @ panel is symmetric and computes half of it.
                np.matmul(panel.T, left, out=out)
                self._lower[start : start + PANEL, first : first + width] += out

    def _room(self, rows: int) -> npt.NDArray[Any]:
        """(rows, D) to write into; one buffer for all chunks."""
        if len(self._rows) < rows:
            self._rows = np.empty((0, self._total), self._dtype)  # the old one goes first
            self._rows = np.empty((rows, self._total), self._dtype)
        return self._rows[:rows]


def mean_of_rows(block: npt.NDArray[np.floating]) -> Float64:
    """(d,) mean of (r, d) rows; of a column that does not vary it is its value.

    A sum of many float64 values, divided by their number, can miss that by rounding, and the
    column would have a spread. Of float32 values the sum has no rounding.
    """
    mean: Float64 = block.mean(axis=0, dtype=np.float64)
    if block.dtype == np.float64 and len(block):
        first = block[0]
        with np.errstate(invalid="ignore"):  # of what is not finite, and refused by its mean
            near = np.flatnonzero(np.abs(first - mean) <= NEAR * np.abs(first))
        same = near[(block[:, near] == first[near]).all(axis=0)]
        mean[same] = first[same]
    return mean


def centred_into(
    places: Sequence[npt.NDArray[np.floating]], blocks: Sequence[npt.NDArray[np.floating]]
) -> Iterator[Float64]:
    """Write rows less their mean into (r, d) places; the means, (STRIP,) or fewer each, in order.

    Some columns at a time, in threads, as far as BLAS has them: products that follow use all
    processors, and would wait for this.
    """

    def centre(part: tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]) -> Float64:
        place, block = part
        mean = mean_of_rows(block)
        # Too large for float32, or not finite: refused by who sees the means and the places.
        with np.errstate(over="ignore", invalid="ignore"):
            # Centred in float64, and rounded, on the way: no pass of its own.
            np.subtract(block, mean, out=place, dtype=np.float64, casting="same_kind")
        return mean

    strips = [
        (place[:, start : start + STRIP], block[:, start : start + STRIP])
        for place, block in zip(places, blocks, strict=True)
        for start in range(0, block.shape[1], STRIP)
    ]
    with ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as pool:
        yield from pool.map(centre, strips)
