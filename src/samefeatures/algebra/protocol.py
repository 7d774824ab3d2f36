"""What a place to compute must offer; nothing else asks which place it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

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
PANEL = 1024
"""Rows of S that are taken at a time where all of them would need too much memory."""
TOP = 5
"""A label among so many largest logits counts for top-5."""


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
        """``cpu`` for the host, else as torch calls it."""
        ...

    def product(self, a: Float64, b: Float64) -> Float64:
        """(m, n) of (m, k) times (k, n)."""
        ...

    def inverse(self, matrix: Float64) -> Float64 | None:
        """(d, d) of a symmetric (d, d) matrix; None when it has no Cholesky factor."""
        ...

    def eigenvalues(self, matrix: Float64) -> tuple[Float64, Float64]:
        """(d,) ascending and (d, d) vectors in columns, of a symmetric (d, d) matrix."""
        ...

    def singular_values(self, matrix: Float64) -> tuple[Float64, Float64, Float64]:
        """u (m, k), s (k,) descending and vᵀ (k, n) of (m, n), k the smaller of both sides."""
        ...

    def singular_values_alone(self, matrix: Float64) -> Float64:
        """(k,) descending of (m, n): a fraction of the work of ``singular_values``."""
        ...

    def sums(self, dims: Sequence[int], precision: Precision) -> Sums:
        """Empty sums of rows of these widths side by side."""
        ...

    def heads(self, weights: Sequence[Float32], biases: Sequence[Float32]) -> Heads:
        """Linear heads, (classes, d) and (classes,) each, on the same d features."""
        ...


class Sums(Protocol):
    """n, mean and lower triangle of the centred second moments of D features."""

    @property
    def n(self) -> int:
        """Rows seen."""
        ...

    def restore(self, n: int, mean: Float64, lower: Float64) -> None:
        """Go on from what ``read`` returned, (D,) and (D, D); the host goes on in these arrays."""
        ...

    def add(self, blocks: Sequence[npt.NDArray[np.floating]]) -> Float64:
        """Add rows, (r, d) per network; returns their (D,) mean.

        Nothing is added when that mean is not finite.

        Raises:
            FeatureError: when products are float32 and these would not fit.
        """
        ...

    def read(self) -> tuple[int, Float64, Float64]:
        """n, (D,) mean, and (D, D) with the lower triangle valid.

        A device's are copies; the host's are the sums themselves, which later rows change.
        """
        ...


class Heads(Protocol):
    """Several heads on the same d features."""

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
