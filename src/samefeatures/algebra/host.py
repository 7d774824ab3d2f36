"""NumPy and SciPy: the reference, and the only place that the core needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.algebra.blas import WIDEST, laid, mirror, multiply
from samefeatures.algebra.host_heads import HostHeads
from samefeatures.algebra.host_sums import HostSums
from samefeatures.algebra.protocol import Precision
from samefeatures.base.arrays import Float32, Float64


@dataclass(frozen=True, slots=True)
class Host:
    """The processor, with the BLAS and LAPACK that NumPy and SciPy bring."""

    @property
    def device(self) -> str:
        return "cpu"

    def product(self, a: Float64, b: Float64) -> Float64:
        """(m, n) of (m, k) times (k, n)."""
        # By the library that inverts and sums: NumPy brings another, and where both take turns the
        # threads of the one wait, and spin, while those of the other work.
        out = np.empty((len(a), b.shape[1]))
        multiply(laid(a), laid(b), out)
        return out

    def inverse(self, matrix: Float64) -> Float64 | None:
        """(d, d) of a symmetric (d, d) matrix, by Cholesky; None when it has no such factor."""
        if len(matrix) > WIDEST:
            return self._inverse_by_halves(matrix)
        from scipy.linalg.lapack import dpotrf, dpotri

        factor, failed = dpotrf(matrix.T)  # a copy: upper in BLAS' order, lower in ours
        if failed:
            return None
        inverse, failed = dpotri(factor, overwrite_c=1)
        if failed:
            return None
        out: Float64 = inverse.T
        mirror(out)
        return out

    def _inverse_by_halves(self, matrix: Float64) -> Float64 | None:
        """Of one half, and of what it leaves of the other: each as wide as LAPACK bears."""
        half = len(matrix) // 2
        across, right = matrix[half:, :half], matrix[half:, half:]
        first = self.inverse(matrix[:half, :half])
        if first is None:
            return None
        mapped = self.product(across, first)  # (d - half, half)
        last = self.inverse(right - self.product(mapped, across.T))
        if last is None:
            return None
        out = np.empty_like(matrix)
        out[half:, half:] = last
        out[half:, :half] = -self.product(last, mapped)
        out[:half, :half] = first - self.product(mapped.T, out[half:, :half])
        mirror(out)
        return out

    def eigenvalues(self, matrix: Float64) -> tuple[Float64, Float64]:
        """(d,) ascending and (d, d) vectors in columns, of a symmetric (d, d) matrix."""
        values, vectors = np.linalg.eigh(matrix)
        return values, vectors

    def singular_values(self, matrix: Float64) -> tuple[Float64, Float64, Float64]:
        """u (m, k), s (k,) descending and vᵀ (k, n) of (m, n), k the smaller of both sides."""
        u, s, vt = np.linalg.svd(matrix, full_matrices=False)
        return u, s, vt

    def singular_values_alone(self, matrix: Float64) -> Float64:
        """(k,) descending of (m, n)."""
        return np.asarray(np.linalg.svd(matrix, compute_uv=False), np.float64)

    def sums(self, dims: Sequence[int], precision: Precision) -> HostSums:
        """Empty sums of rows of these widths side by side."""
        return HostSums(dims, precision)

    def heads(self, weights: Sequence[Float32], biases: Sequence[Float32]) -> HostHeads:
        """Linear heads, (classes, d) and (classes,) each, on the same d features."""
        return HostHeads(weights, biases)


HOST = Host()
