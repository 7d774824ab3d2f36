"""Second moments of what a regression on blocks of columns leaves, block after block."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float64
from samefeatures.maps.inverse import pseudoinverse, shifted_inverse
from samefeatures.moments.views import SecondMoments


class Judged(Protocol):
    """Moments of rows that a fit sees, and of others that judge it, about the same means."""

    @property
    def n(self) -> int:
        """Rows that the fit sees."""
        ...

    def seen(self, a: str, b: str) -> Float64:
        """(d_a, d_b) over the rows of the fit."""
        ...

    def held(self, a: str, b: str) -> Float64:
        """(d_a, d_b) over the rows that judge, about the means of the fit."""
        ...

    def held_squares(self, name: str) -> float:
        """Trace of ``held(name, name)``."""
        ...


class Split:
    """A fit on some rows, judged by others.

    Args:
        fit: Moments of the rows that it sees.
        judge: Of the others.
    """

    def __init__(self, fit: SecondMoments, judge: SecondMoments) -> None:
        self._fit, self._judge = fit, judge
        self.n = fit.n

    def seen(self, a: str, b: str) -> Float64:
        """(d_a, d_b)."""
        return self._fit.block(a, b)

    def held(self, a: str, b: str) -> Float64:
        """(d_a, d_b): ``S + n d dᵀ``, d the distance of the means."""
        shift = self._judge.n * np.outer(self._apart(a), self._apart(b))
        out: Float64 = self._judge.block(a, b) + shift
        return out

    def held_squares(self, name: str) -> float:
        apart = self._apart(name)
        return self._judge.sum_of_squares(name) + self._judge.n * float(apart @ apart)

    def _apart(self, name: str) -> Float64:
        return self._judge.mean_of(name) - self._fit.mean_of(name)


class Without:
    """What is left of all columns when their ridge regression on one block is taken off.

    With G = (S_PP + shift·I)⁻¹ S_PX, fitted on the seen rows, x becomes x − Gᵀp. Taking off block
    after block is block Gaussian elimination: a regression on what is left is the joint one.
    A deficient S_PP without a shift gives G of minimum norm; an infinite shift takes nothing off.

    Args:
        left: Before.
        block: Name of P.
        shift: Added to the diagonal of S_PP.
        algebra: Where products and factorisations run.
    """

    def __init__(self, left: Judged, block: str, shift: float, *, algebra: Algebra = HOST) -> None:
        self._left, self.block, self._shift, self._algebra = left, block, shift, algebra
        self.n = left.n
        self._held_pp = left.held(block, block)
        self._inverse = _inverse(left.seen(block, block), shift, algebra)
        self._known: dict[str, tuple[Float64, Float64]] = {}

    def taken(self, name: str) -> Float64:
        """(d_P, d) G of one space."""
        return self._of(name)[0]

    def seen(self, a: str, b: str) -> Float64:
        """(d_a, d_b): ``S_ab − S_aP G_b``."""
        off = self._algebra.product(self._left.seen(a, self.block), self._of(b)[0])
        out: Float64 = self._left.seen(a, b) - off
        return out

    def held(self, a: str, b: str) -> Float64:
        """(d_a, d_b) of the held rows: H_ab − Q_aᵀ G_b − G_aᵀ Q_b, Q = H_P − ½ H_PP G."""
        (g_a, q_a), (g_b, q_b) = self._of(a), self._of(b)
        product = self._algebra.product
        out: Float64 = self._left.held(a, b) - product(q_a.T, g_b) - product(g_a.T, q_b)
        return out

    def held_squares(self, name: str) -> float:
        g, q = self._of(name)
        return self._left.held_squares(name) - 2 * float(np.vdot(g, q))

    def _of(self, name: str) -> tuple[Float64, Float64]:
        if name not in self._known:
            g = self._algebra.product(self._inverse, self._left.seen(self.block, name))
            q = self._left.held(self.block, name) - self._algebra.product(self._held_pp, g) / 2
            self._known[name] = g, q
        return self._known[name]


Prefix = tuple[tuple[str, float], ...]
"""Blocks that are taken off, in order, each with its strength."""


class Eliminations:
    """What blocks leave in several splits; what shared blocks leave is kept for the next who asks.

    Args:
        splits: Each a fit and the rows that judge it.
        shift: What a strength adds to the diagonal of a block's moments: (block, strength, n).
        shared: Blocks that many regressions have in front.
        algebra: Where products and factorisations run.
    """

    def __init__(
        self,
        splits: Sequence[Judged],
        shift: Callable[[str, float, int], float],
        *,
        shared: Sequence[str] = (),
        algebra: Algebra = HOST,
    ) -> None:
        self._shift, self._shared, self._algebra = shift, frozenset(shared), algebra
        self._kept: dict[Prefix, Sequence[Judged]] = {(): splits}

    def after(self, prefix: Prefix) -> Sequence[Judged]:
        """One for each split."""
        if prefix in self._kept:
            return self._kept[prefix]
        block, strength = prefix[-1]
        out = [
            Without(left, block, self._shift(block, strength, left.n), algebra=self._algebra)
            for left in self.after(prefix[:-1])
        ]
        if self.is_shared(prefix):
            self._kept[prefix] = out
        return out

    def is_shared(self, prefix: Prefix) -> bool:
        """Whether all of its blocks are."""
        return self._shared.issuperset(name for name, _ in prefix)


def _inverse(matrix: Float64, shift: float, algebra: Algebra) -> Float64:
    """(d, d); the pseudoinverse where nothing is added to the diagonal."""
    if math.isinf(shift):
        return np.zeros_like(matrix)
    if shift == 0:
        return pseudoinverse(matrix, algebra=algebra).matrix
    return shifted_inverse(matrix, shift, algebra=algebra).matrix
