"""Ridge strengths of several blocks, one each, by cross-validation on the moments of folds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float64
from samefeatures.moments.views import SecondMoments
from samefeatures.similarity.sheet import Sheet

GRID = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, math.inf)
"""Strengths that are tried, relative to the mean variance of a block; inf leaves it out."""
Prefix = tuple[tuple[str, float], ...]
"""Blocks that are taken off, in order, each with its strength."""
Place = tuple[int, ...]
"""A strength out of ``GRID`` for each block but the last."""
Cost = Callable[[Place], tuple[float, float]]
TakenOff = Callable[[float], Sequence[Sheet]]
"""Sheets of the folds without a block, at a strength."""


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
        sheets: One a fold: fitted on the other rows, judged by its own.
        targets: Names, as in the sheets.
        count: Which of the targets count.
        taken_off: Blocks that are taken off elsewhere, for many regressions; they stand first, and
            ``choose`` is told where to start with them.
        algebra: Where products and factorisations run.
    """

    def __init__(
        self,
        total: SecondMoments,
        sheets: Sequence[Sheet],
        targets: Sequence[str],
        *,
        count: Sequence[str],
        taken_off: Mapping[str, TakenOff] | None = None,
        algebra: Algebra = HOST,
    ) -> None:
        squares = np.array([total.sum_of_squares(name) for name in targets])  # (t,)
        self._counts = np.array([name in count for name in targets]) & (squares > 0)
        self._total, self._squares, self._algebra = total, squares, algebra
        self._left: dict[Prefix, Sequence[Sheet]] = {(): sheets}
        self._taken_off = taken_off or {}
        self._paths: dict[tuple[Prefix, str], Float64] = {}

    def shift(self, block: str, strength: float, n: int) -> float:
        """What a strength adds to the diagonal of the moments of n rows."""
        return shift_of(self._total, block, strength, n)

    def choose(
        self, blocks: Sequence[str], *, start: Mapping[str, float] | None = None
    ) -> Strengths:
        """Strengths of the blocks that explain the targets together.

        Args:
            blocks: Names, in the order of elimination.
            start: Where the descent begins, for blocks of which something is known; by default at
                what is best for the block alone.
        """
        given = start or {}
        *front, last = blocks
        known: dict[Place, tuple[float, float]] = {}

        def cost(at: Place) -> tuple[float, float]:
            if at not in known:
                prefix = tuple((b, GRID[i]) for b, i in zip(front, at, strict=True))
                left = self.path(prefix, last)
                known[at] = float(left.min()), GRID[int(left.argmin())]
            return known[at]

        alone = (
            GRID.index(given[b]) if b in given else int(self.path((), b).argmin()) for b in front
        )
        best = descend(tuple(alone), cost)
        left, strength = cost(best)
        chosen = {b: GRID[i] for b, i in zip(front, best, strict=True)}
        return Strengths(by_block=chosen | {last: strength}, unexplained=left)

    def path(self, prefix: Prefix, last: str) -> Float64:
        """(g,) unexplained share for every strength of ``GRID`` of the last block.

        Args:
            prefix: Blocks before it, each with its strength.
            last: Name.
        """
        if (prefix, last) not in self._paths:
            errors = np.zeros((len(GRID), len(self._squares)))
            for left in self._after(prefix):
                shifts = [self.shift(last, strength, left.n) for strength in GRID]
                errors += left.path(last, shifts, algebra=self._algebra)
            shares = errors[:, self._counts] / self._squares[self._counts]
            mean = shares.mean(axis=1) if shares.size else np.ones(len(GRID))
            self._paths[prefix, last] = mean
        return self._paths[prefix, last]

    def _after(self, prefix: Prefix) -> Sequence[Sheet]:
        """What the blocks of the prefix leave, in every fold."""
        if prefix not in self._left:
            block, strength = prefix[-1]
            if block in self._taken_off:
                self._left[prefix] = self._taken_off[block](strength)
                return self._left[prefix]
            self._left[prefix] = [
                left.without(block, self.shift(block, strength, left.n), algebra=self._algebra)
                for left in self._after(prefix[:-1])
            ]
        return self._left[prefix]


def shift_of(total: SecondMoments, block: str, strength: float, n: int) -> float:
    """What a strength adds to the diagonal of a block's moments of n rows.

    ``n·strength·v``, v the mean variance of its columns over all rows.

    Args:
        total: Moments of all rows.
        block: Name.
        strength: Relative; infinity stays what it is.
        n: Rows that are fitted.
    """
    if math.isinf(strength):
        return strength
    dim = len(total.mean_of(block))
    return strength * n * total.sum_of_squares(block) / (total.n * dim)


def descend(start: Place, cost: Cost) -> Place:
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
