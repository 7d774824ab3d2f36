"""The one factorisation of a source: the inverse of its second moments, and its rank."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samefeatures.algebra import HOST, Algebra, Precision
from samefeatures.base.arrays import Float64

EPS = float(np.finfo(np.float64).eps)
SINGLE_CUTOFF = float(2 * np.finfo(np.float32).eps)
"""Eigenvalues of at most this times the largest are rounding in moments of float32 products."""

DOUBT = 10
"""Times the cutoff: where a condition number computed from an inverse is not believed."""
FEWEST = 100
"""Spaces of fewer dimensions count as this many: sums over rows round, however few the columns."""


def cutoff(dim: int, precision: Precision) -> float:
    """Relative size under which eigenvalues of (dim, dim) moments count as zero."""
    rounding = max(dim, FEWEST) * EPS
    return rounding if precision == "float64" else max(rounding, SINGLE_CUTOFF)


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


def pseudoinverse(
    matrix: Float64, *, precision: Precision = "float64", algebra: Algebra = HOST
) -> Inverse:
    """The inverse of a symmetric positive semidefinite (d, d) matrix, or its pseudoinverse.

    Eigenvalues of at most ``d · eps · largest`` count as zero: float64 moments can't tell them from
    rounding; nor can moments of float32 products those of at most ``SINGLE_CUTOFF · largest``.
    Such directions are left out, which makes the regression the one of minimum norm, as
    ``scipy.linalg.lstsq`` gives it. Cost: 2.3 d³, and about 10 d³ more when the rank is in doubt.

    Args:
        matrix: Moments.
        precision: Of the products that they are sums of.
        algebra: Where.
    """
    inverse = algebra.inverse(matrix)
    if inverse is None:
        one_hot = _of_one_hot(matrix, precision, algebra)
        return one_hot or _by_eigenvalues(matrix, precision, algebra)
    condition = _norm(matrix) * _norm(inverse)
    # The 1-norm's condition number is never below the 2-norm's: under this bound no eigenvalue
    # can be near the cutoff, so that the eigenvalues need not be known. Near it, not only below:
    # what comes out of inverting a singular matrix may look a little better than it is.
    if condition * cutoff(len(matrix), precision) * DOUBT < 1:
        return Inverse(inverse, len(matrix), condition)
    one_hot = _of_one_hot(matrix, precision, algebra)
    return one_hot or _by_eigenvalues(matrix, precision, algebra)


def _of_one_hot(matrix: Float64, precision: Precision, algebra: Algebra) -> Inverse | None:
    """Of columns that always have the same sum, as one-hot ones have: S 1 = 0, and nothing else.

    (S + α 11ᵀ/d)⁻¹ − 11ᵀ/(α d) is the pseudoinverse, at the cost of an inverse. None for others.
    """
    dim, scale = len(matrix), float(np.trace(matrix)) / max(len(matrix), 1)
    zero = cutoff(dim, precision)
    if scale <= 0 or np.abs(matrix.sum(axis=1)).max() > zero * dim * scale:
        return None
    lifted = matrix + scale / dim
    inverse = algebra.inverse(lifted)
    if inverse is None or _norm(lifted) * _norm(inverse) * zero * DOUBT >= 1:
        return None
    found = inverse - 1 / (scale * dim)
    return Inverse(found, dim - 1, _norm(matrix) * _norm(found))


def shifted_inverse(matrix: Float64, shift: float, *, algebra: Algebra = HOST) -> Inverse:
    """``(S + shift·I)⁻¹`` for a symmetric positive semidefinite (d, d) S and a positive shift."""
    shifted = matrix.copy()
    shifted.flat[:: len(matrix) + 1] += shift
    inverse = algebra.inverse(shifted)
    if inverse is None:
        return _by_eigenvalues(shifted, "float64", algebra)
    return Inverse(inverse, len(matrix), _norm(shifted) * _norm(inverse))


def _by_eigenvalues(matrix: Float64, precision: Precision, algebra: Algebra) -> Inverse:
    values, vectors = algebra.eigenvalues(
        matrix
    )  # ascending; rounding may leave tiny negative ones
    keep = values > cutoff(len(values), precision) * max(values[-1], 0.0)
    rank = int(keep.sum())
    kept = vectors[:, keep]  # (d, rank)
    inverse = algebra.product(kept / values[keep], kept.T)  # (d, d)
    condition = float(values[-1] / values[keep][0]) if rank else float("inf")
    return Inverse(inverse, rank, condition)


def _norm(matrix: Float64) -> float:
    """Largest column sum of absolute values."""
    return float(np.abs(matrix).sum(axis=0).max())
