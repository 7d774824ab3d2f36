"""The one factorisation of a source: the inverse of its second moments, and its rank."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True, eq=False)
class Inverse:
    """An inverse that serves all targets: ``S_BA @ matrix`` are the regression weights.

    Attributes:
        matrix: (d, d) inverse, or pseudoinverse where the rank is deficient.
        rank: Of what was inverted.
        condition: Condition number in the 1-norm, ``‖S‖₁ ‖S⁻¹‖₁``, which bounds that in the
            2-norm from above; with deficient rank, of the part that was inverted.
    """

    matrix: Float64
    rank: int
    condition: float

    @property
    def dim(self) -> int:
        return len(self.matrix)


def pseudoinverse(matrix: Float64) -> Inverse:
    """The inverse of a symmetric positive semidefinite (d, d) matrix, or its pseudoinverse.

    Eigenvalues of at most ``d · eps · largest`` count as zero: float64 moments can't tell them from
    rounding. Such directions are left out, which makes the regression the one of minimum norm, as
    ``scipy.linalg.lstsq`` gives it. Cost: 2.3 d³, and about 10 d³ more when the rank is in doubt.
    """
    try:
        np.linalg.cholesky(matrix)  # fails unless positive definite
        inverse = np.linalg.inv(matrix).astype(np.float64, copy=False)
    except np.linalg.LinAlgError:
        return _by_eigenvalues(matrix)
    condition = _norm(matrix) * _norm(inverse)
    # The 1-norm's condition number is never below the 2-norm's: under this bound no eigenvalue
    # can be as small as the cutoff, so that the eigenvalues need not be known.
    if condition * len(matrix) * EPS < 1:
        return Inverse(inverse, len(matrix), condition)
    return _by_eigenvalues(matrix)


def shifted_inverse(matrix: Float64, shift: float) -> Inverse:
    """``(S + shift·I)⁻¹`` for a symmetric positive semidefinite S and a positive shift."""
    shifted = matrix + shift * np.eye(len(matrix))
    try:
        inverse = np.linalg.inv(shifted).astype(np.float64, copy=False)
    except np.linalg.LinAlgError:
        return _by_eigenvalues(shifted)
    return Inverse(inverse, len(matrix), _norm(shifted) * _norm(inverse))


def _by_eigenvalues(matrix: Float64) -> Inverse:
    values, vectors = np.linalg.eigh(matrix)  # ascending; rounding may leave tiny negative ones
    keep = values > len(values) * EPS * max(values[-1], 0.0)
    rank = int(keep.sum())
    kept = vectors[:, keep]  # (d, rank)
    inverse = (kept / values[keep]) @ kept.T  # (d, d)
    condition = float(values[-1] / values[keep][0]) if rank else float("inf")
    return Inverse(inverse, rank, condition)


def _norm(matrix: Float64) -> float:
    """Largest column sum of absolute values."""
    return float(np.abs(matrix).sum(axis=0).max())
