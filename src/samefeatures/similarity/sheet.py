"""Regressions of targets on blocks of columns, from second moments: block Gaussian elimination.

Columns x = [x_1 … x_k] explain targets y. The penalty of block g is ``shift_g · ‖W_g‖²``. To take
off all other columns what their ridge regression on a block explains, block after block, solves
the joint problem, whatever the order. Rows that judge are carried along about the means of the rows
that are fitted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Self

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float64
from samefeatures.joint.views import SecondMoments, stacked
from samefeatures.maps.inverse import cutoff, pseudoinverse, shifted_inverse


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Taken:
    """The regression of all columns that were left on a block that was taken off.

    Attributes:
        block: Its name.
        blocks: Columns of the blocks that were left.
        weights: (d, m + D) of these columns, then those of the targets.
    """

    block: str
    blocks: Mapping[str, slice]
    weights: Float64


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sheet:
    """Second moments of blocks with each other and with targets, of seen and of held rows.

    Attributes:
        n: Rows that are fitted.
        blocks: Columns of each block.
        seen: (m, m + D) of the rows that are fitted: blocks with blocks, then with targets.
        held: (m, m + D) of the rows that judge, about the same means.
        squares: (t,) Σ‖y‖² of the held rows of each target.
        edges: (t,) where each target begins.
        taken: What was taken off, in order.
    """

    n: int
    blocks: Mapping[str, slice]
    seen: Float64
    held: Float64
    squares: Float64
    edges: Sequence[int]
    taken: tuple[Taken, ...] = ()

    @classmethod
    def of(
        cls, fit: SecondMoments, judge: SecondMoments, blocks: Sequence[str], targets: Sequence[str]
    ) -> Self:
        """From moments that hold every block with every other, and with every target.

        Args:
            fit: Of the rows that are fitted.
            judge: Of the rows that judge.
            blocks: Names, of m columns together.
            targets: Names, of D columns together.
        """
        names = [*blocks, *targets]
        apart = {name: judge.mean_of(name) - fit.mean_of(name) for name in names}
        columns = np.concatenate([apart[name] for name in names])  # (m + D,)
        rows = np.concatenate([apart[name] for name in blocks])  # (m,)
        held = stacked(judge, blocks, names)
        held += judge.n * np.outer(rows, columns)
        squares = [judge.sum_of_squares(t) + judge.n * float(apart[t] @ apart[t]) for t in targets]
        dims = [len(apart[name]) for name in names]
        stops = list(accumulate(dims))
        starts = [stop - dim for stop, dim in zip(stops, dims, strict=True)]
        return cls(
            n=fit.n,
            blocks={b: slice(*ends) for b, *ends in zip(blocks, starts, stops, strict=False)},
            seen=stacked(fit, blocks, names),
            held=held,
            squares=np.array(squares),
            edges=[start - len(rows) for start in starts[len(blocks) :]],
        )

    def without(self, block: str, shift: float, *, algebra: Algebra = HOST) -> Self:
        """Of all other columns, what their ridge regression on a block leaves.

        With G = (S_PP + shift·I)⁻¹ S_P·: S_ab becomes S_ab − S_aP G_b, and of the held rows
        H_ab − Q_aᵀ G_b − G_aᵀ Q_b with Q = H_P − ½ H_PP G. Without a shift a deficient S_PP gives
        G of minimum norm; an infinite one takes nothing off.

        Args:
            block: Name of P.
            shift: Added to the diagonal.
            algebra: Where products and factorisations run.
        """
        mine, width = self.blocks[block], self.seen.shape[1]
        rest = np.r_[0 : mine.start, mine.stop : width]
        inner = rest[: len(self.seen) - (mine.stop - mine.start)]  # columns of other blocks
        inverse = inverse_of(self.seen[mine, mine], shift, algebra)
        g = algebra.product(inverse, self.seen[mine][:, rest])  # (d, m' + D)
        q = self.held[mine][:, rest] - algebra.product(self.held[mine, mine], g) / 2
        g_rows, q_rows, left = g[:, : len(inner)].T, q[:, : len(inner)].T, g[:, len(inner) :]
        product = algebra.product
        blocks = _closed_up(self.blocks, block)
        explained = np.einsum("ij,ij->j", left, q[:, len(inner) :])  # (D,)
        return type(self)(
            n=self.n,
            blocks=blocks,
            seen=self.seen[np.ix_(inner, rest)] - product(self.seen[inner][:, mine], g),
            held=self.held[np.ix_(inner, rest)] - product(q_rows, g) - product(g_rows, q),
            squares=self.squares - 2 * np.add.reduceat(explained, self.edges),
            edges=self.edges,
            taken=(*self.taken, Taken(block=block, blocks=blocks, weights=g)),
        )

    def errors(self, block: str, shift: float, *, algebra: Algebra = HOST) -> Float64:
        """(t,) squared errors on the held rows of the ridge regression of each target on a block.

        Args:
            block: Name of the source.
            shift: Added to the diagonal; infinity is the regression on nothing.
            algebra: Where products and factorisations run.
        """
        mine, m = self.blocks[block], len(self.seen)
        product = algebra.product
        g = product(inverse_of(self.seen[mine, mine], shift, algebra), self.seen[mine, m:])
        q = self.held[mine, m:] - product(self.held[mine, mine], g) / 2  # (d, D)
        explained = np.einsum("ij,ij->j", g, q)
        out: Float64 = self.squares - 2 * np.add.reduceat(explained, self.edges)
        return out


def weights_of(taken: Sequence[Taken], *, algebra: Algebra = HOST) -> dict[str, Float64]:
    """(d, D) of each block, for columns less the means of the fit: back substitution.

    Args:
        taken: What was taken off a sheet, in order.
        algebra: Where products run.
    """
    out: dict[str, Float64] = {}
    for step in reversed(taken):
        inner = sum(s.stop - s.start for s in step.blocks.values())
        weight = step.weights[:, inner:].copy()  # (d, D)
        for later, found in out.items():
            weight -= algebra.product(step.weights[:, step.blocks[later]], found)
        out[step.block] = weight
    return dict(reversed(out.items()))


def _closed_up(blocks: Mapping[str, slice], gone: str) -> dict[str, slice]:
    """Columns of the blocks that are left."""
    width, out = blocks[gone].stop - blocks[gone].start, {}
    for name, mine in blocks.items():
        if name != gone:
            shift = width if mine.start > blocks[gone].start else 0
            out[name] = slice(mine.start - shift, mine.stop - shift)
    return out


def inverse_of(matrix: Float64, shift: float, algebra: Algebra) -> Float64:
    """(d, d) inverse of (d, d) moments with ``shift`` on the diagonal; 0: the pseudoinverse.

    Columns that do not vary get zeros: whatever is multiplied by them is zero.
    """
    out = np.zeros_like(matrix)
    variances = matrix.diagonal()
    alive = variances > cutoff(len(matrix), "float64") * max(variances.max(initial=0.0), 0.0)
    if math.isinf(shift) or not alive.any():
        return out
    part = matrix if alive.all() else matrix[np.ix_(alive, alive)]
    found = (
        pseudoinverse(part, algebra=algebra)
        if shift == 0
        else shifted_inverse(part, shift, algebra=algebra)
    )
    if alive.all():
        return found.matrix
    out[np.ix_(alive, alive)] = found.matrix
    return out
