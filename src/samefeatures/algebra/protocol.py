"""What a place to compute must offer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Float32, Float64, Int32, Int64
from samefeatures.base.errors import FeatureError

Precision = Literal["float64", "float32"]
"""Of products of centred rows; sums are float64 either way."""
SINGLE_ROWS = 1024
"""Rows whose float32 products are summed in float32, before they go into the float64 sum."""
SINGLE_LARGEST = 2.0**58
"""Sums of SINGLE_ROWS squares up to this fit float32."""


def check_single(largest: float) -> None:
    """Refuse centred rows whose squares can't be summed in float32.

    Args:
        largest: Absolute value in them.

    Raises:
        FeatureError: when it is too large.
    """
    if largest > SINGLE_LARGEST:
        raise FeatureError(
            f"Features lie up to {largest:.1e} from their mean, and their squares don't fit "
            "float32. Take the moments with precision float64."
        )


class Algebra(Protocol):
    """Products and factorisations in float64; NumPy arrays go in and come out."""

    @property
    def device(self) -> str:
        """``cpu`` for NumPy, else as torch calls it."""
        ...

    def product(self, a: Float64, b: Float64) -> Float64:
        """(m, k) times (k, n)."""
        ...

    def definite(self, matrix: Float64) -> bool:
        """Whether a symmetric matrix has a Cholesky factor."""
        ...

    def inverse(self, matrix: Float64) -> Float64 | None:
        """Of a square matrix; None when it is singular."""
        ...

    def eigenvalues(self, matrix: Float64) -> tuple[Float64, Float64]:
        """(d,) ascending and (d, d) vectors in columns, of a symmetric matrix."""
        ...

    def singular_values(self, matrix: Float64) -> tuple[Float64, Float64, Float64]:
        """u (m, k), s (k,) descending and vᵀ (k, n), k the smaller of both sides."""
        ...


@runtime_checkable
class Device(Algebra, Protocol):
    """A place with a memory of its own, where rows are better kept than sent back and forth."""

    def sums(self, dims: Sequence[int], precision: Precision) -> Sums:
        """Empty sums of rows of these widths side by side."""
        ...

    def heads(self, weights: Sequence[Float32], biases: Sequence[Float32]) -> Heads:
        """Linear heads, (classes, d) and (classes,) each, on the same d features."""
        ...


class Sums(Protocol):
    """n, mean and lower triangle of the centred second moments, in a device's memory."""

    @property
    def n(self) -> int:
        """Rows seen."""
        ...

    def restore(self, n: int, mean: Float64, lower: Float64) -> None:
        """Go on from what ``read`` returned."""
        ...

    def add(self, blocks: Sequence[npt.NDArray[np.floating]]) -> Float64:
        """Add rows, (r, d) per network; returns their (D,) mean.

        Nothing is added when that mean is not finite.
        """
        ...

    def read(self) -> tuple[int, Float64, Float64]:
        """n, (D,) mean, and (D, D) with the lower triangle valid, as copies."""
        ...


class Heads(Protocol):
    """Several heads in a device's memory."""

    def count(self, features: Float32, labels: Int64) -> tuple[Int32, Int64]:
        """Predictions, and rows whose label is first and among the first five.

        Args:
            features: (r, d).
            labels: (r,).

        Returns:
            (heads, r) classes of the largest logits, the first one at a tie; and (heads, 2)
            counts, in the order of a stable descending sort.
        """
        ...
