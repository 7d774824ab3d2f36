"""A block that many regressions share, taken off the columns of each: once for each strength."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.algebra import HOST, Algebra, Precision
from samefeatures.base.arrays import Float64
from samefeatures.joint.views import SecondMoments, precision_of, stacked
from samefeatures.similarity.sheet import inverse_of
from samefeatures.similarity.strengths import GRID, START, descend, shift_of


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Moments of rows that are fitted, and of rows that judge."""

    fit: SecondMoments
    judge: SecondMoments


class Common:
    """What the ridge regression on one block leaves of all others, split by split.

    Args:
        block: Name.
        total: Moments of all rows of the fit, which say what a strength means.
        folds: Splits of them.
        whole: All of them, and the rows that judge.
        often: Names of columns that are asked of folds again and again: what is known of them is
            kept. Of all rows it is that of ``targets``.
        targets: See there.
        algebra: Where products and factorisations run.
    """

    def __init__(
        self,
        block: str,
        total: SecondMoments,
        folds: Sequence[Split],
        whole: Split,
        *,
        often: Sequence[str],
        targets: Sequence[str],
        algebra: Algebra = HOST,
    ) -> None:
        self.block = block
        self._total, self._folds, self._whole = total, folds, whole
        self._often, self._targets, self._algebra = frozenset(often), frozenset(targets), algebra
        self._known: dict[tuple[int, float], Off] = {}

    def folds(self, strength: float) -> list[Split]:
        """Every fold without the block."""
        return [self._off(k, strength).split for k in range(len(self._folds))]

    def whole(self, strength: float) -> Off:
        """All rows without the block."""
        return self._off(-1, strength)

    def best(self, targets: Sequence[str]) -> float:
        """The strength that explains targets best by the block alone, by cross-validation."""
        squares = np.array([self._total.sum_of_squares(name) for name in targets])

        def cost(at: tuple[int, ...]) -> float:
            judged = [split.judge for split in self.folds(GRID[at[0]])]
            errors = np.sum([[part.sum_of_squares(t) for t in targets] for part in judged], axis=0)
            used = squares > 0
            left = np.maximum(errors[used], 0) / squares[used]
            return float(left.mean()) if used.any() else 1.0

        return GRID[descend((START,), cost)[0]]

    def forget(self) -> None:
        """What is known of columns that are not asked for often."""
        for off in self._known.values():
            off.forgotten()

    def _off(self, place: int, strength: float) -> Off:
        if (place, strength) not in self._known:
            split = self._whole if place < 0 else self._folds[place]
            shift = shift_of(self._total, self.block, strength, split.fit.n)
            inverse = inverse_of(split.fit.block(self.block, self.block), shift, self._algebra)
            often = self._targets if place < 0 else self._often
            self._known[place, strength] = Off(
                split, self.block, inverse, often=often, algebra=self._algebra
            )
        return self._known[place, strength].forgotten()


@dataclass(frozen=True, slots=True, eq=False)
class _Explained:
    """(p, d) of columns: S_P· of the fit, G, and Q, as in ``Off``."""

    crossed: Float64
    weights: Float64
    judged: Float64


class Off:
    """A split of which a block is taken off.

    With P the block and G = (S_PP + shift)⁻¹ S_P·: S_ab − S_aP G_b, and of the rows that judge
    H_ab − Q_aᵀ G_b − G_aᵀ Q_b with Q = H_P· − ½ H_PP G, about the means of the fit.

    Args:
        split: Moments.
        block: Name of P.
        inverse: (p, p) of S_PP with the shift.
        often: Names of columns of which G and Q are kept.
        algebra: Where products run.

    Attributes:
        block: See there.
    """

    def __init__(
        self, split: Split, block: str, inverse: Float64, *, often: frozenset[str], algebra: Algebra
    ) -> None:
        self._split, self.block, self._inverse = split, block, inverse
        self._often, self._algebra = often, algebra
        self._known: dict[str, _Explained] = {}
        apart = split.judge.mean_of(block) - split.fit.mean_of(block)
        self._apart = apart
        self._held = split.judge.block(block, block) + split.judge.n * np.outer(apart, apart)

    @property
    def split(self) -> Split:
        """What is left, as moments about zero."""
        return Split(_Seen(self), _Held(self))

    def forgotten(self) -> Off:
        """The same, without what is known of columns that are not asked for often."""
        self._known = {name: of for name, of in self._known.items() if name in self._often}
        return self

    @property
    def rows(self) -> tuple[int, int]:
        """Of the fit, and of those that judge."""
        return self._split.fit.n, self._split.judge.n

    @property
    def precision(self) -> Precision:
        """Of the products that were summed."""
        return precision_of(self._split.judge)

    def weights(self, name: str) -> Float64:
        """(p, d) G: of the regression of columns on the block."""
        return self._of(name).weights

    def seen(self, rows: Sequence[str], columns: Sequence[str]) -> Float64:
        """(Σ d_a, Σ d_b) of the rows that are fitted, of every name with every other."""
        crossed = np.hstack([self._of(name).crossed for name in rows])
        weights = np.hstack([self._of(name).weights for name in columns])
        out = stacked(self._split.fit, rows, columns)
        return out - self._algebra.product(crossed.T, weights)

    def held(self, rows: Sequence[str], columns: Sequence[str]) -> Float64:
        """(Σ d_a, Σ d_b) of the rows that judge, of every name with every other."""
        product = self._algebra.product
        apart = [np.hstack([self._apart_of(n) for n in names]) for names in (rows, columns)]
        out = stacked(self._split.judge, rows, columns) + self._split.judge.n * np.outer(*apart)
        (g_rows, q_rows), (g_columns, q_columns) = self._beside(rows), self._beside(columns)
        out -= product(q_rows.T, g_columns)
        out -= product(g_rows.T, q_columns)
        return out

    def _beside(self, names: Sequence[str]) -> tuple[Float64, Float64]:
        """(p, Σ d) G and Q of columns side by side."""
        found = [self._of(name) for name in names]
        weights, judged = [each.weights for each in found], [each.judged for each in found]
        return np.hstack(weights), np.hstack(judged)

    def held_squares(self, name: str) -> float:
        """Trace of ``held`` of a space with itself."""
        of = self._of(name)
        judge, apart = self._split.judge, self._apart_of(name)
        moved = judge.sum_of_squares(name) + judge.n * float(apart @ apart)
        return moved - 2 * float(np.einsum("ij,ij->", of.weights, of.judged))

    def dim(self, name: str) -> int:
        """d."""
        return len(self._split.fit.mean_of(name))

    def _of(self, name: str) -> _Explained:
        if name not in self._known:
            crossed, product = self._split.fit.block(self.block, name), self._algebra.product
            g = product(self._inverse, crossed)
            q = self._moved(self.block, name) - product(self._held, g) / 2
            self._known[name] = _Explained(crossed, g, q)
        return self._known[name]

    def _moved(self, a: str, b: str) -> Float64:
        """(d_a, d_b) of the rows that judge, about the means of the fit."""
        judge = self._split.judge
        out: Float64 = judge.block(a, b) + judge.n * np.outer(self._apart_of(a), self._apart_of(b))
        return out

    def _apart_of(self, name: str) -> Float64:
        out: Float64 = self._split.judge.mean_of(name) - self._split.fit.mean_of(name)
        return out


class _Seen:
    """Rows that are fitted, as second moments."""

    def __init__(self, off: Off) -> None:
        self._off, self.n = off, off.rows[0]
        self.precision = off.precision

    def mean_of(self, name: str) -> Float64:
        """(d,) zeros."""
        return np.zeros(self._off.dim(name))

    def block(self, a: str, b: str) -> Float64:
        """(d_a, d_b)."""
        return self._off.seen([a], [b])

    def stacked(self, rows: Sequence[str], columns: Sequence[str]) -> Float64:
        """(Σ d_a, Σ d_b)."""
        return self._off.seen(rows, columns)

    def sum_of_squares(self, name: str) -> float:
        return float(np.trace(self.block(name, name)))


class _Held:
    """Rows that judge, as second moments about zero."""

    def __init__(self, off: Off) -> None:
        self._off, self.n = off, off.rows[1]
        self.precision = off.precision

    def mean_of(self, name: str) -> Float64:
        """(d,) zeros."""
        return np.zeros(self._off.dim(name))

    def block(self, a: str, b: str) -> Float64:
        """(d_a, d_b)."""
        return self._off.held([a], [b])

    def stacked(self, rows: Sequence[str], columns: Sequence[str]) -> Float64:
        """(Σ d_a, Σ d_b)."""
        return self._off.held(rows, columns)

    def sum_of_squares(self, name: str) -> float:
        return self._off.held_squares(name)
