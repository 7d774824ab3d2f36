"""Feature spaces by themselves and in pairs, from second moments: what many measures take of them.

Principal directions of a space are the eigenvectors of S_AA. Along them its rows, each divided by
its standard deviation, are white; the whitened cross moments K of two spaces have the canonical
correlations as singular values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from samefeatures.algebra import HOST, Algebra, Precision
from samefeatures.base.arrays import Float64
from samefeatures.joint.views import SecondMoments, precision_of
from samefeatures.maps.inverse import cutoff


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Principal directions of a space that vary.

    Attributes:
        values: (r,) sums of squares along them, descending; r is the rank.
        vectors: (d, r) of length 1.
    """

    values: Float64
    vectors: Float64

    @property
    def rank(self) -> int:
        """r."""
        return len(self.values)

    def holding(self, share: float) -> int:
        """How many of the first directions hold this share of all squares."""
        held = np.cumsum(self.values)
        return int(np.searchsorted(held, share * held[-1] * (1 - 1e-12)) + 1) if len(held) else 0


class Spectra:
    """Second moments that remember what measures have taken of them; asked like any moments.

    Args:
        moments: Of the spaces.
        algebra: Where products and factorisations run.
    """

    def __init__(self, moments: SecondMoments, *, algebra: Algebra = HOST) -> None:
        self._moments, self._algebra = moments, algebra
        self._spectra: dict[str, Spectrum] = {}
        self._pair: tuple[tuple[str, str], Float64] | None = None
        self._values: dict[str, tuple[set[str], Float64]] = {}
        self._variates: tuple[tuple[str, str], Float64, Float64, Float64] | None = None

    @classmethod
    def of(cls, moments: SecondMoments, *, algebra: Algebra = HOST) -> Self:
        """The moments themselves where they remember already."""
        return moments if isinstance(moments, cls) else cls(moments, algebra=algebra)

    @property
    def n(self) -> int:
        """Rows."""
        return self._moments.n

    @property
    def precision(self) -> Precision:
        """Of the products."""
        return precision_of(self._moments)

    def mean_of(self, name: str) -> Float64:
        """(d,)."""
        return self._moments.mean_of(name)

    def block(self, a: str, b: str) -> Float64:
        """(d_a, d_b)."""
        return self._moments.block(a, b)

    def sum_of_squares(self, name: str) -> float:
        """Trace of S_AA."""
        return self._moments.sum_of_squares(name)

    def spectrum(self, name: str) -> Spectrum:
        """Of one space; directions that moments can't tell from rounding are left out."""
        if name not in self._spectra:
            values, vectors = self._algebra.eigenvalues(self.block(name, name))  # ascending
            keep = values > cutoff(len(values), self.precision) * max(values[-1], 0.0)
            self._spectra[name] = Spectrum(values[keep][::-1], vectors[:, keep][:, ::-1])
        return self._spectra[name]

    def white(self, a: str, b: str) -> Float64:
        """(r_a, r_b) K = Λ_A^-½ U_Aᵀ S_AB U_B Λ_B^-½; that of the last pair is kept."""
        if self._pair is not None and self._pair[0] == (b, a):
            return self._pair[1].T
        if self._pair is None or self._pair[0] != (a, b):
            of_a, of_b, product = self.spectrum(a), self.spectrum(b), self._algebra.product
            across = product(product(of_a.vectors.T, self.block(a, b)), of_b.vectors)
            across /= np.sqrt(of_a.values)[:, None]
            across /= np.sqrt(of_b.values)
            self._pair = (a, b), across
        return self._pair[1]

    def correlations(self, a: str, b: str) -> Float64:
        """(min(r_a, r_b),) canonical correlations, descending; of the last pair they are kept.

        They are at most 1 but for rounding.
        """
        return self._last("white", a, b, lambda: np.minimum(self._alone(self.white(a, b)), 1.0))

    def sizes(self, a: str, b: str) -> Float64:
        """(min(d_a, d_b),) singular values of S_AB, descending; of the last pair they are kept."""
        return self._last("cross", a, b, lambda: self._alone(self.block(a, b)))

    def _last(self, what: str, a: str, b: str, take: Callable[[], Float64]) -> Float64:
        """Both directions of a pair have the same."""
        if what not in self._values or self._values[what][0] != {a, b}:
            self._values[what] = {a, b}, take()
        return self._values[what][1]

    def _alone(self, matrix: Float64) -> Float64:
        return self._algebra.singular_values_alone(matrix)

    def leading(self, a: str, b: str, share: float) -> Float64:
        """(k,) canonical correlations of the first directions that hold a share of the variance."""
        kept = [self.spectrum(name).holding(share) for name in (a, b)]
        return np.minimum(self._alone(self.white(a, b)[: kept[0], : kept[1]]), 1.0)

    def variates(self, a: str, b: str) -> tuple[Float64, Float64]:
        """u (r_a, k) of K = u s vᵀ and s (k,) descending; of the last pair both sides are kept."""
        if self._variates is None or self._variates[0] not in ((a, b), (b, a)):
            u, found, vt = self._algebra.singular_values(self.white(a, b))
            self._variates = (a, b), u, found, vt.T
        pair, u, found, v = self._variates
        return (u if pair == (a, b) else v), found

    def apart(self, a: str, b: str) -> bool:
        """Whether the rows leave room for the spaces to differ in every direction.

        In n − 1 dimensions, those of n centred rows, spaces of ranks r_a and r_b meet in at least
        r_a + r_b − (n − 1): so many canonical correlations are 1 whatever the spaces are, and say
        nothing. Neither do they where a space does not vary.
        """
        ranks = self.spectrum(a).rank, self.spectrum(b).rank
        return min(ranks) > 0 and sum(ranks) <= self.n - 1


def pair_work(dims: tuple[int, ...]) -> float:
    """Multiply-adds of spectra, and for each unordered pair of K and its singular values."""
    spectra = sum(10.0 * d**3 for d in dims)
    pairs = [(a, b) for i, a in enumerate(dims) for b in dims[:i]]
    return spectra + sum(a * b * (a + b) + 6.0 * min(a, b) ** 2 * max(a, b) for a, b in pairs)
