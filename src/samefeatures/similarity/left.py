"""What controls leave of feature spaces, on rows that no regression saw: for any measure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float64
from samefeatures.joint.views import SecondMoments, precision_of
from samefeatures.similarity.common import Off, Split
from samefeatures.similarity.sheet import inverse_of
from samefeatures.similarity.strengths import shift_of

ROUNDING = {"float64": 1e-12, "float32": 1e-5}
"""Of the squares of a space, what is left of it when nothing is, by the precision of products."""


class Left:
    """The errors of ridge regressions of every space on controls together, on the rows that judge.

    Block after block is taken off, about the predictions: the regressions have taken the means with
    them.

    Args:
        split: Rows that are fitted, and rows that judge.
        strengths: Of the ridge by control block, relative, in the order of elimination; one at
            least, or ``first``.
        total: Moments that say what a strength means; see ``shift_of``.
        first: A block that is taken off already, before these.
        algebra: Where products and factorisations run.

    Attributes:
        moments: S_XY|C, about zero.
        blocks: Names of all that are taken off.
    """

    def __init__(
        self,
        split: Split,
        strengths: Mapping[str, float],
        total: SecondMoments,
        *,
        first: Off | None = None,
        algebra: Algebra = HOST,
    ) -> None:
        self._whole, self._algebra = split, algebra
        self._offs = [] if first is None else [first]
        for block, strength in strengths.items():
            split = self._offs[-1].split if self._offs else split
            shift = shift_of(total, block, strength, split.fit.n)
            inverse = inverse_of(split.fit.block(block, block), shift, algebra)
            self._offs.append(Off(split, block, inverse, often=frozenset(), algebra=algebra))
        self.moments = self._offs[-1].split.judge
        self.blocks = tuple(off.block for off in self._offs)
        self._means: dict[str, Float64] = {}

    def rows(self, rows: Mapping[str, Float64]) -> dict[str, Float64]:
        """(r, d) errors of r rows, of every space that is no block.

        Args:
            rows: (r, d) of all blocks, and of some spaces; row i of each the same image.
        """
        left = {name: block - self._whole.fit.mean_of(name) for name, block in rows.items()}
        for off in self._offs:
            taken = left.pop(off.block)
            for name in left:
                left[name] -= self._algebra.product(taken, off.weights(name))
        return left

    def mean_of(self, space: str) -> Float64:
        """(d,) mean error over the rows that judge."""
        if space not in self._means:
            judge = self._whole.judge
            means = {name: judge.mean_of(name)[None] for name in (*self.blocks, space)}
            self._means[space] = self.rows(means)[space][0]
        return self._means[space]

    def anything(self, space: str) -> bool:
        """Whether more than rounding is left of a space."""
        return self.moments.sum_of_squares(space) > self._nothing(space)

    def varies(self, space: str) -> bool:
        """Whether it is more than the same for all rows."""
        return self.centred.sum_of_squares(space) > self._nothing(space)

    def _nothing(self, space: str) -> float:
        judge = self._whole.judge
        apart = judge.mean_of(space) - self._whole.fit.mean_of(space)
        squares = judge.sum_of_squares(space) + judge.n * float(apart @ apart)
        return ROUNDING[precision_of(judge)] * squares

    @property
    def centred(self) -> SecondMoments:
        """The moments about the mean errors, for measures of rows about their mean; not kept, for
        they refer to this record, which would outlive its use in a circle."""
        return _Centred(self)


class _Centred:
    """Moments of errors about their means."""

    def __init__(self, left: Left) -> None:
        self._left, self.n = left, left.moments.n
        self.precision = precision_of(left.moments)

    def mean_of(self, name: str) -> Float64:
        """(d,)."""
        return self._left.mean_of(name)

    def block(self, a: str, b: str) -> Float64:
        """(d_a, d_b)."""
        shift = self.n * np.outer(self.mean_of(a), self.mean_of(b))
        out: Float64 = self._left.moments.block(a, b) - shift
        return out

    def sum_of_squares(self, name: str) -> float:
        mean = self.mean_of(name)
        return self._left.moments.sum_of_squares(name) - self.n * float(mean @ mean)
