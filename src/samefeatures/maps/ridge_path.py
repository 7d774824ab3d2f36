"""Ridge of every strength on held-out rows, from moments of folds: no row is read again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.algebra import Algebra
from samefeatures.base.arrays import Float64
from samefeatures.base.errors import MapError
from samefeatures.joint.views import Rest, SecondMoments
from samefeatures.maps.problem import SourceProblem

GRID = (*(float(f"{digit}e{power}") for power in range(-8, 2) for digit in (1, 3)), 100.0)
"""Strengths that are compared, relative to the mean variance of the source's features."""
TOLD_APART = 1e-12
"""Of a target's squares: errors that differ by less are rounding, and the weaker strength wins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RidgePath:
    """What held-out rows say of every strength, for one map.

    Attributes:
        alpha: Out of ``GRID``; the one whose held-out squared error, summed over the folds, is
            least.
        left: By strength, the share of the target's squares that held-out rows are left with: 1
            minus R² of cross-validation.
        message: What to tell a reader where the end of the grid was chosen; else empty.
    """

    alpha: float
    left: tuple[float, ...]
    message: str


def paths(problem: SourceProblem, targets: Sequence[str], *, folds: int) -> dict[str, RidgePath]:
    """By target, the held-out errors of all strengths of ``GRID``.

    In each fold the map is fitted on all other rows, whose moments are the whole's minus the
    fold's, with the penalty that the map of all rows will have: as ``RidgeCV`` of scikit-learn
    does, whose choice it is. Cost: an eigendecomposition of the source a fold, three products a
    target; the strengths themselves cost nothing.

    Args:
        problem: With moments of the folds; its source varies.
        targets: Names.
        folds: How many there must be.

    Raises:
        MapError: when the folds are not those of the problem's rows.
    """
    whole, source = problem.moments, problem.source
    _check(problem, folds)
    shifts = np.array([shift_of(problem, alpha) for alpha in GRID])
    errors = {target: np.zeros(len(GRID)) for target in targets}
    for fold in problem.folds:
        held = _Fold(Rest(whole, fold), fold, source, shifts, problem.algebra)
        for target in targets:
            errors[target] += held.errors(target)
    return {target: _path(errors[target], whole.sum_of_squares(target)) for target in targets}


def shift_of(problem: SourceProblem, alpha: float) -> float:
    """What a strength adds to the diagonal of S_AA: ``n·alpha·v``, v the mean variance."""
    return alpha * problem.moments.sum_of_squares(problem.source) / problem.dims[problem.source]


class _Fold:
    """Maps out of one source that all rows but a fold's are fitted on, judged by that fold.

    Of the rows that are fitted, S = U Λ Uᵀ and C = Uᵀ S_AB; of the fold's rows, less the means of
    those that are fitted, G = Uᵀ T_AA U and F = Uᵀ T_AB. At a shift s the squared error is, with
    δ = 1 / (Λ + s), ``tr T_BB − 2 Σ_ij δ_i C_ij F_ij + δᵀ (G ∘ C Cᵀ) δ``.
    """

    def __init__(
        self,
        rest: SecondMoments,
        fold: SecondMoments,
        source: str,
        shifts: Float64,
        algebra: Algebra,
    ) -> None:
        self._rest, self._fold, self._source, self._algebra = rest, fold, source, algebra
        values, vectors = algebra.eigenvalues(rest.block(source, source))
        self._scales = 1 / (np.maximum(values, 0.0) + shifts[:, None])  # (S, d_A)
        self._turn = np.ascontiguousarray(vectors.T)  # (d_A, d_A)
        self._apart = self._turn @ self._shift(source)  # (d_A,)
        turned = algebra.product(self._turn, fold.block(source, source))
        self._inner = algebra.product(turned, vectors)  # (d_A, d_A)
        self._inner += fold.n * np.outer(self._apart, self._apart)

    def errors(self, target: str) -> Float64:
        """(S,) Σ ‖y − x̃‖² over the fold's rows."""
        product, n, apart = self._algebra.product, self._fold.n, self._shift(target)
        fitted = product(self._turn, self._rest.block(self._source, target))  # (d_A, d_B)
        across = product(self._turn, self._fold.block(self._source, target))
        across += n * np.outer(self._apart, apart)
        linear = np.einsum("ij,ij->i", fitted, across)  # (d_A,)
        square = product(fitted, fitted.T) * self._inner  # (d_A, d_A)
        mapped = np.einsum("si,si->s", self._scales @ square, self._scales)
        total = self._fold.sum_of_squares(target) + n * float(apart @ apart)
        found: Float64 = total - 2 * self._scales @ linear + mapped
        return np.maximum(found, 0.0)

    def _shift(self, name: str) -> Float64:
        """(d,) the fold's mean less that of the rows that are fitted."""
        return self._fold.mean_of(name) - self._rest.mean_of(name)


def _path(errors: Float64, squares: float) -> RidgePath:
    left = errors / squares if squares > 0 else np.zeros_like(errors)
    best = int(np.flatnonzero(left <= left.min() + TOLD_APART)[0])
    return RidgePath(alpha=GRID[best], left=tuple(left.tolist()), message=_edge(best, left))


def _edge(best: int, left: Float64) -> str:
    """A strength at an end is the best of those that were compared, and maybe not of all."""
    if left.max() - left.min() <= TOLD_APART:
        return "no strength is better than another on held-out rows: the weakest was taken"
    if best == 0:
        return f"alpha {GRID[0]:g} is the weakest that was compared; compare with ols"
    if best == len(GRID) - 1:
        return f"alpha {GRID[-1]:g} is the strongest that was compared; the mean may do as well"
    return ""


def _check(problem: SourceProblem, folds: int) -> None:
    came, n = [fold.n for fold in problem.folds], problem.moments.n
    if len(came) != folds or sum(came) != n:
        raise MapError(
            f"Strengths are compared on {folds} folds of the {n} fit rows, but moments of "
            f"{len(came)} folds of {sum(came)} rows came. Give theirs with the problem: "
            "SourceProblem(…, folds=…)."
        )
