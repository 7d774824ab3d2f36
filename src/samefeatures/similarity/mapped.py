"""What moments say of a map: mapped features beside the true ones, without touching a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.algebra.blas import times_vector
from samefeatures.base.arrays import Float64
from samefeatures.base.brief import brief
from samefeatures.joint.views import SecondMoments
from samefeatures.maps.affine import AffineMap


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Mapped:
    """Sums over all rows of x̃ = M x + m, the mapped features, and of y, the target's own.

    All that a map's measures need is taken once; the costly part is M S_AA, d_A² d_B multiply-adds.

    Attributes:
        moments: Of both spaces.
        fitted: The map.
        mean: (d_B,) of x̃.
        target_mean: (d_B,) of y.
        spread: Σ ‖x̃ − mean‖².
        target_spread: Σ ‖y − target_mean‖².
        shared: Σ ⟨x̃ − mean, y − target_mean⟩.
    """

    moments: SecondMoments
    fitted: AffineMap
    mean: Float64
    target_mean: Float64
    spread: float
    target_spread: float
    shared: float

    def __repr__(self) -> str:
        return brief(self, fitted=str(self.fitted), n=self.moments.n)

    @classmethod
    def of(cls, moments: SecondMoments, fitted: AffineMap, *, algebra: Algebra = HOST) -> Self:
        """From moments of the map's source and target, of any rows.

        Args:
            moments: Of both spaces, blocks (d_A, d_A) and (d_A, d_B).
            fitted: With weight (d_B, d_A) and bias (d_B,).
            algebra: Where.
        """
        a, b, weight = fitted.source, fitted.target, fitted.weight
        within = algebra.product(weight, moments.block(a, a))  # (d_B, d_A)
        return cls(
            moments=moments,
            fitted=fitted,
            mean=times_vector(weight, moments.mean_of(a)) + fitted.bias,
            target_mean=moments.mean_of(b),
            spread=float(np.vdot(within, weight)),
            target_spread=moments.sum_of_squares(b),
            shared=float(np.vdot(weight, moments.block(a, b).T)),
        )
