"""Reduced-rank regression: the directions of a least-squares map, the most telling one first."""

from __future__ import annotations

from dataclasses import dataclass

from samefeatures.base.arrays import Float64
from samefeatures.maps.inverse import cutoff
from samefeatures.maps.problem import SourceProblem


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Reduced:
    """The OLS map M = U V, whose first r directions are the best map of rank r.

    U holds the eigenvectors of the covariance of the fitted targets, ``M S_AA Mᵀ``, which is
    ``S_BA S_AA⁺ S_AB``, and V = Uᵀ M. With ``U_r V_r`` the squared error on the fit rows is the
    least that rank r allows (Izenman 1975; Reinsel and Velu 1998, section 2.3, with the identity as
    weights); it is that of OLS and the sum of the variances that are left out.

    Attributes:
        directions: U, (d_B, k), orthonormal.
        loadings: V, (k, d_A).
        variances: (k,) descending sums of squares of the fitted targets along U.
    """

    directions: Float64
    loadings: Float64
    variances: Float64

    @property
    def rank(self) -> int:
        """k: directions that the fitted targets vary in."""
        return len(self.variances)


def reduced(problem: SourceProblem, target: str) -> Reduced:
    """The directions of the OLS map to a target.

    Cost: three products of d_B² d_A, and the eigenvectors of (d_B, d_B).

    Args:
        problem: Of the source.
        target: Name.
    """
    moments, algebra = problem.moments, problem.algebra
    across = moments.block(target, problem.source)  # (d_B, d_A)
    weight = algebra.product(across, problem.inverse.matrix)  # (d_B, d_A)
    fitted = algebra.product(weight, across.T)  # (d_B, d_B)
    values, vectors = algebra.eigenvalues((fitted + fitted.T) / 2)
    # No more than the source spans: what comes behind is rounding, whatever its size.
    most = min(problem.inverse.rank, len(values))
    zero = cutoff(len(values), moments.precision) * max(values[-1], 0.0)
    count = min(most, int((values > zero).sum()))
    directions = vectors[:, ::-1][:, :count].copy()  # (d_B, k)
    return Reduced(
        directions=directions,
        loadings=algebra.product(directions.T, weight),
        variances=values[::-1][:count].copy(),
    )
