"""All strengths of a ridge regression on one block for one eigendecomposition."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float64
from samefeatures.maps.inverse import cutoff
from samefeatures.similarity.residual import Judged


class RidgePath:
    """Ridge regressions on one block of d columns, judged by the held rows.

    With S = U diag(e) Uᵀ, C = Uᵀ S_t, X = Uᵀ H_t, K = Uᵀ H U and w = 1 / (e + shift), H the moments
    of the held rows: Σ‖y − M x‖² = tr H_tt − 2 wᵀ diag(C Xᵀ) + wᵀ (K ∘ C Cᵀ) w. Cost: one
    eigendecomposition, 3 d² d_t for each target, d² for each strength more.

    Args:
        left: Moments of seen and held rows.
        block: Name of the source.
        algebra: Where products and eigenvalues are computed.
    """

    def __init__(self, left: Judged, block: str, *, algebra: Algebra = HOST) -> None:
        self._left, self._block, self._algebra = left, block, algebra
        values, self._vectors = algebra.eigenvalues(left.seen(block, block))
        floor = cutoff(len(values), "float64") * max(float(values[-1]), 0.0)
        self._values = np.where(values > floor, values, 0.0)  # (d,)
        held = algebra.product(left.held(block, block), self._vectors)
        self._held = algebra.product(self._vectors.T, held)  # (d, d)

    def errors(self, target: str, shifts: Sequence[float]) -> Float64:
        """(s,) squared errors on the held rows; infinity is the regression on nothing.

        Without a shift, directions that rounding can't tell from zero stay out: minimum norm.

        Args:
            target: Name.
            shifts: (s,) added to the diagonal of S.
        """
        product, turn = self._algebra.product, self._vectors.T
        c = product(turn, self._left.seen(self._block, target))  # (d, d_t)
        x = product(turn, self._left.held(self._block, target))  # (d, d_t)
        rows = self._values + np.array(shifts)[:, None]
        w = np.divide(1.0, rows, out=np.zeros_like(rows), where=rows > 0)  # (s, d)
        linear = w @ np.einsum("ij,ij->i", c, x)
        quadratic = np.einsum("si,si->s", w @ (self._held * product(c, c.T)), w)
        out: Float64 = self._left.held_squares(target) - 2 * linear + quadratic
        return out
