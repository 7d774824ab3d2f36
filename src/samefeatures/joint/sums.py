"""Rows go in, moments come out, summed wherever the algebra is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from samefeatures.algebra import HOST, Algebra, Precision
from samefeatures.base.brief import brief
from samefeatures.joint.record import Moments


class Accumulator:
    """Takes rows, gives moments; goes on from ``start``, which it may change.

    Args:
        start: Moments so far, empty at first.
        precision: Of the products; see ``Moments.update`` for what float32 costs in accuracy.
        algebra: Where. On a device S stays there until it is asked for: 8·D² bytes.

    Raises:
        ConfigError: when the device has no room.
    """

    def __repr__(self) -> str:
        return brief(self, names=self._start.names, dims=self._start.dims, n=self.n)

    def __init__(
        self, start: Moments, *, precision: Precision = "float64", algebra: Algebra = HOST
    ) -> None:
        self._start = start
        self._sums = algebra.sums(start.dims, precision)
        if start.n:
            self._sums.restore(start.n, start.mean, start.lower)
        single = "float32" in (precision, start.precision)
        self._said: Precision = "float32" if single else "float64"

    @property
    def n(self) -> int:
        """Rows seen."""
        return self._sums.n

    def update(self, *blocks: npt.NDArray[np.floating]) -> None:
        """Add rows: one (r, d) array per network, row i of each the same image.

        Raises:
            FeatureError: when shapes do not fit or a value is not finite.
        """
        rows = self._start.checked_rows(blocks)
        if rows:
            self._start.check_finite(self._sums.add(blocks), rows)

    def moments(self) -> Moments:
        """Of all rows so far; on the host without a copy, so that later rows change them."""
        n, mean, lower = self._sums.read()
        start = self._start
        return Moments.of(
            start.names, start.dims, n=n, mean=mean, lower=lower, precision=self._said
        )
