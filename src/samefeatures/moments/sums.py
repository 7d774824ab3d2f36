"""Where moments are summed: in NumPy, or in the memory of a device."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from samefeatures.algebra import HOST, Algebra, Device, Precision
from samefeatures.moments.record import Moments


class Accumulator(Protocol):
    """Takes rows, gives moments."""

    @property
    def n(self) -> int:
        """Rows seen."""
        ...

    def update(self, *blocks: npt.NDArray[np.floating]) -> None:
        """Add rows: one (r, d) array per network, row i of each the same image.

        Raises:
            FeatureError: when shapes do not fit or a value is not finite.
        """
        ...

    def moments(self) -> Moments:
        """Of all rows so far."""
        ...


def accumulator(
    start: Moments, *, precision: Precision = "float64", algebra: Algebra = HOST
) -> Accumulator:
    """Goes on from ``start``, which it may change.

    Args:
        start: Moments so far, empty at first.
        precision: Of the products; see ``Moments.update`` for what float32 costs in accuracy.
        algebra: Where. On a device S stays there until it is asked for: 8·D² bytes.

    Raises:
        ConfigError: when the device has no room.
    """
    if isinstance(algebra, Device):
        return _OnDevice(start, algebra, precision)
    return _OnHost(start, precision)


class _OnHost:
    def __init__(self, start: Moments, precision: Precision) -> None:
        self._moments = start
        self._precision = precision

    @property
    def n(self) -> int:
        return self._moments.n

    def update(self, *blocks: npt.NDArray[np.floating]) -> None:
        """Add rows."""
        self._moments.update(*blocks, precision=self._precision)

    def moments(self) -> Moments:
        """The same object every time."""
        return self._moments


class _OnDevice:
    def __init__(self, start: Moments, device: Device, precision: Precision) -> None:
        self._empty = Moments(start.names, start.dims)  # its zeros take no memory until written
        self._sums = device.sums(start.dims, precision)
        if start.n:
            self._sums.restore(start.n, start.mean, start.lower)
        self._said: Precision = (
            "float32" if "float32" in (precision, start.precision) else "float64"
        )

    @property
    def n(self) -> int:
        return self._sums.n

    def update(self, *blocks: npt.NDArray[np.floating]) -> None:
        """Add rows."""
        rows = self._empty.checked_rows(blocks)
        if rows:
            self._empty.check_finite(self._sums.add(blocks), rows)

    def moments(self) -> Moments:
        """A new record every time."""
        n, mean, lower = self._sums.read()
        return Moments.of(
            self._empty.names,
            self._empty.dims,
            n=n,
            mean=mean,
            lower=lower,
            precision=self._said,
        )
