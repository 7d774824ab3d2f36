"""Ridge strengths of several blocks, one each, by cross-validation on the moments of folds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.joint.views import SecondMoments
from samefeatures.similarity.sheet import Sheet

GRID = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, math.inf)
"""Strengths that are tried, relative to the mean variance of a block; inf leaves it out."""
Prefix = tuple[tuple[str, float], ...]
"""Blocks that are taken off, in order, each with its strength."""
Place = tuple[int, ...]
"""A strength out of ``GRID`` for each block."""
Cost = Callable[[Place], float]
START = GRID.index(1e-2)
"""Where a search begins that knows nothing."""
MARGIN = 1e-5
"""What a step must gain, relatively: where strengths hardly matter, none is better."""
KEPT = 3
"""Prefixes of one length whose sheets are kept: a step and its way back. Sheets are large."""
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
    is left is minimised by steps from neighbour to neighbour on ``GRID``.

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
        self._sheets = sheets
        self._left: dict[Prefix, Sequence[Sheet]] = {}  # the last ones used come last
        self._taken_off = taken_off or {}
        self._shares: dict[Prefix, float] = {}

    def shift(self, block: str, strength: float, n: int) -> float:
        """What a strength adds to the diagonal of the moments of n rows."""
        return shift_of(self._total, block, strength, n)

    def choose(
        self, blocks: Sequence[str], *, start: Mapping[str, float] | None = None
    ) -> Strengths:
        """Strengths of the blocks that explain the targets together.

        Args:
            blocks: Names, in the order of elimination.
            start: Where the search begins, for blocks of which something is known.
        """
        given = start or {}

        def cost(at: Place) -> float:
            return self.share(tuple((b, GRID[i]) for b, i in zip(blocks, at, strict=True)))

        at = tuple(GRID.index(given[b]) if b in given else START for b in blocks)
        best = descend(at, cost)
        chosen = {b: GRID[i] for b, i in zip(blocks, best, strict=True)}
        return Strengths(by_block=chosen, unexplained=cost(best))

    def share(self, blocks: Prefix) -> float:
        """Of the targets' squares, mean over targets, that held-out rows are left with.

        Args:
            blocks: All that explain, each with its strength, in the order of elimination.
        """
        if blocks not in self._shares:
            errors = np.zeros(len(self._squares))
            last, strength = blocks[-1]
            for left in self._after(blocks[:-1]):
                errors += left.errors(
                    last, self.shift(last, strength, left.n), algebra=self._algebra
                )
            # Where nothing is left, rounding may be below zero.
            shares = np.maximum(errors[self._counts], 0) / self._squares[self._counts]
            self._shares[blocks] = float(shares.mean()) if shares.size else 1.0
        return self._shares[blocks]

    def _after(self, prefix: Prefix) -> Sequence[Sheet]:
        """What the blocks of the prefix leave, in every fold."""
        if not prefix:
            return self._sheets
        found = self._left.pop(prefix, None)
        if found is None:
            found = self._made(prefix)
            longest = [other for other in self._left if len(other) == len(prefix)]
            for other in longest[: len(longest) - KEPT + 1]:
                del self._left[other]
        self._left[prefix] = found  # the last one
        return found

    def _made(self, prefix: Prefix) -> Sequence[Sheet]:
        block, strength = prefix[-1]
        if block in self._taken_off:
            return self._taken_off[block](strength)
        return [
            left.without(block, self.shift(block, strength, left.n), algebra=self._algebra)
            for left in self._after(prefix[:-1])
        ]


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
    """A place that no step along one axis makes better, found by such steps."""
    best = start
    while True:
        before = best
        for axis, way in product(range(len(start)), (1, -1)):
            # At the ends of the grid nothing is gained, whatever the sign of a cost.
            while cost(best) - cost(at := moved(best, axis, way)) > MARGIN * abs(cost(best)):
                best = at
        if best == before:
            return best


def moved(place: Place, axis: int, way: int) -> Place:
    """One strength a step weaker or stronger; at the ends of the grid the same place."""
    at = min(max(place[axis] + way, 0), len(GRID) - 1)
    return (*place[:axis], at, *place[axis + 1 :])
