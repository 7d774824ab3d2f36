"""Ridge strengths of several blocks, one each, by cross-validation on the moments of folds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float64
from samefeatures.moments.views import Rest, SecondMoments
from samefeatures.similarity.path import RidgePath
from samefeatures.similarity.residual import Eliminations, Prefix, Split

GRID = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, math.inf)
"""Strengths that are tried, relative to the mean variance of a block; inf leaves it out."""
Place = tuple[int, ...]
"""A strength out of ``GRID`` for each block but the last."""
Cost = Callable[[Place], tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strengths:
    """What cross-validation chose.

    Attributes:
        by_block: Relative strength of every block, in the order of elimination.
        unexplained: Share of the targets' squares that is left on held-out rows, mean over targets.
    """

    by_block: Mapping[str, float]
    unexplained: float


class CrossValidation:
    """Regressions of targets on blocks of columns, fitted on all folds but one, judged on that.

    The strength of a block is relative: ``n·strength·v`` is added to its diagonal, v the mean
    variance of its columns over all rows. The mean over targets of the share of their squares that
    is left is minimised by coordinate descent over ``GRID``, from the strengths that are best for
    each block alone; the last block's whole path is had at every step.

    Args:
        total: Moments of all rows of the fit.
        folds: Of the rows of each fold.
        shared: Blocks that many regressions have in front; what they leave is kept.
        algebra: Where products and factorisations run.
    """

    def __init__(
        self,
        total: SecondMoments,
        folds: Sequence[SecondMoments],
        *,
        shared: Sequence[str] = (),
        algebra: Algebra = HOST,
    ) -> None:
        self.total, self.shared, self.algebra = total, tuple(shared), algebra
        splits = [Split(Rest(total, fold), fold) for fold in folds]
        self._left = Eliminations(splits, self.shift, shared=shared, algebra=algebra)
        self._kept: dict[tuple[Prefix, str], dict[str, Float64]] = {}

    def shift(self, block: str, strength: float, n: int) -> float:
        """What a strength adds to the diagonal of the moments of n rows."""
        if math.isinf(strength):
            return strength
        dim = len(self.total.mean_of(block))
        return strength * n * self.total.sum_of_squares(block) / (self.total.n * dim)

    def choose(self, blocks: Sequence[str], targets: Sequence[str]) -> Strengths:
        """Strengths of the blocks that explain the targets together.

        Args:
            blocks: Names, in the order of elimination: shared ones first.
            targets: Names.
        """
        *front, last = blocks
        known: dict[Place, tuple[float, float]] = {}

        def cost(at: Place) -> tuple[float, float]:
            if at not in known:
                prefix = tuple((b, GRID[i]) for b, i in zip(front, at, strict=True))
                left = self.path(prefix, last, targets)
                known[at] = float(left.min()), GRID[int(left.argmin())]
            return known[at]

        best = _descend(tuple(int(self.path((), b, targets).argmin()) for b in front), cost)
        left, strength = cost(best)
        chosen = {b: GRID[i] for b, i in zip(front, best, strict=True)}
        return Strengths(by_block=chosen | {last: strength}, unexplained=left)

    def path(self, prefix: Prefix, last: str, targets: Sequence[str]) -> Float64:
        """(g,) unexplained share for every strength of ``GRID`` of the last block.

        Args:
            prefix: Blocks before it, each with its strength.
            last: Name.
            targets: Names.
        """
        squares = {t: self.total.sum_of_squares(t) for t in targets}
        moving = [t for t in targets if squares[t] > 0]
        errors = self._errors(prefix, last, moving)
        shares = [errors[t] / squares[t] for t in moving]
        return np.mean(shares, axis=0) if shares else np.ones(len(GRID))

    def _errors(self, prefix: Prefix, last: str, targets: Sequence[str]) -> Mapping[str, Float64]:
        """(g,) squared errors over all folds, by target; kept where all blocks are shared."""
        known = self._kept.get((prefix, last), {})
        lacking = [t for t in targets if t not in known]
        if lacking:
            fresh = {t: np.zeros(len(GRID)) for t in lacking}
            for left in self._left.after(prefix):
                path = RidgePath(left, last, algebra=self.algebra)
                shifts = [self.shift(last, strength, left.n) for strength in GRID]
                for t in lacking:
                    fresh[t] += path.errors(t, shifts)
            known = {**known, **fresh}
            if self._left.is_shared((*prefix, (last, 0.0))):
                self._kept[prefix, last] = known
        return known


def _descend(start: Place, cost: Cost) -> Place:
    """The first place that no step along one axis makes better."""
    best = start
    while True:
        better = next((at for at in _steps(best) if cost(at)[0] < cost(best)[0]), None)
        if better is None:
            return best
        best = better


def _steps(place: Place) -> list[Place]:
    """Neighbours on the grid: one strength a step weaker or stronger."""
    return [
        (*place[:axis], place[axis] + step, *place[axis + 1 :])
        for axis in range(len(place))
        for step in (1, -1)
        if 0 <= place[axis] + step < len(GRID)
    ]
