"""NumPy: the reference, and the only place that the core needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samefeatures.base.arrays import Float64


@dataclass(frozen=True, slots=True)
class Host:
    """NumPy and the LAPACK that it brings."""

    @property
    def device(self) -> str:
        return "cpu"

    def product(self, a: Float64, b: Float64) -> Float64:
        """(m, k) times (k, n)."""
        out: Float64 = a @ b
        return out

    def definite(self, matrix: Float64) -> bool:
        """Whether a symmetric matrix has a Cholesky factor."""
        try:
            np.linalg.cholesky(matrix)
        except np.linalg.LinAlgError:
            return False
        return True

    def inverse(self, matrix: Float64) -> Float64 | None:
        """Of a square matrix; None when it is singular."""
        try:
            return np.linalg.inv(matrix).astype(np.float64, copy=False)
        except np.linalg.LinAlgError:
            return None

    def eigenvalues(self, matrix: Float64) -> tuple[Float64, Float64]:
        """(d,) ascending and (d, d) vectors in columns, of a symmetric matrix."""
        values, vectors = np.linalg.eigh(matrix)
        return values, vectors

    def singular_values(self, matrix: Float64) -> tuple[Float64, Float64, Float64]:
        """u (m, k), s (k,) descending and vᵀ (k, n)."""
        u, s, vt = np.linalg.svd(matrix, full_matrices=False)
        return u, s, vt


HOST = Host()
