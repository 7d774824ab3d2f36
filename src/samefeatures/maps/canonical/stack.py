"""All networks' features, white and side by side: the matrix whose eigenvectors are the space.

For each network A, S_AA = U Λ Uᵀ on the r_A directions that vary, and with s_A = alpha · the mean
variance · n its columns X_A become Z_A = X_A U (Λ + s)^-½. The matrix is C = ZᵀZ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.algebra.blas import mirror
from samefeatures.algebra.krylov import leading
from samefeatures.base.arrays import Float64
from samefeatures.base.errors import MapError
from samefeatures.joint.blocks import Blocks
from samefeatures.joint.record import Moments
from samefeatures.maps.canonical.chance import chance_level
from samefeatures.maps.inverse import cutoff

DENSE = 1500
"""Columns up to which all eigenvectors are taken at once."""
LEAST = 12
"""Lanczos is for one eigenvector in so many; of more, all of them take less time."""
FEW = 64
"""Directions that are sought at first where nobody knows how many there are."""

Directions = tuple[Float64, dict[str, Float64]]
"""(k,) largest eigenvalues, descending, and (r_A, k) parts of their vectors by network."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class White:
    """One network's directions that vary, by the rule of ``maps/inverse.py``.

    Attributes:
        values: (r,) sums of squares along them, ascending.
        vectors: (d, r) of length 1.
        shift: s of the ridge.
    """

    values: Float64
    vectors: Float64
    shift: float

    @property
    def scale(self) -> Float64:
        """(r,) square roots of Λ + s."""
        out: Float64 = np.sqrt(self.values + self.shift)
        return out

    @property
    def kept(self) -> Float64:
        """(r,) Λ / (Λ + s): 1 without a ridge."""
        out: Float64 = self.values / (self.values + self.shift)
        return out

    @property
    def into(self) -> Float64:
        """(d, r): centred rows times this are white."""
        out: Float64 = self.vectors / self.scale
        return out

    @property
    def back(self) -> Float64:
        """(d, r): what undoes ``into``."""
        out: Float64 = self.vectors * self.scale
        return out

    @property
    def condition(self) -> float:
        """Of what is inverted."""
        top = self.values + self.shift
        return float(top[-1] / top[0]) if len(top) else float("inf")


def whitened(moments: Moments | Blocks, name: str, alpha: float, algebra: Algebra) -> White:
    """One network's S_AA by its eigenvalues, 10 d³; rounding is left out."""
    block = moments.block(name, name)
    values, vectors = algebra.eigenvalues(block)
    keep = values > cutoff(len(values), moments.precision) * max(values[-1], 0.0)
    shift = alpha * moments.sum_of_squares(name) / len(block)
    return White(values=values[keep], vectors=vectors[:, keep], shift=shift)


class Stack:
    """White features of several networks, and the eigenvectors of what they share.

    Memory: 8 · (Σ r_A)² bytes.

    Args:
        moments: Of all of them, every block.
        alpha: Of the ridge; 0 is none.
        algebra: Where products and factorisations run; block Lanczos runs on the host.
    """

    def __init__(self, moments: Moments | Blocks, *, alpha: float, algebra: Algebra = HOST) -> None:
        self._algebra = algebra
        self.names = tuple(moments.names)
        self.white = {n: whitened(moments, n, alpha, algebra) for n in self.names}
        self.rows = moments.n
        ranks = [len(self.white[name].values) for name in self.names]
        stops = list(accumulate(ranks))
        self.places = {
            name: slice(stop - rank, stop)
            for name, rank, stop in zip(self.names, ranks, stops, strict=True)
        }
        self.matrix = self._matrix(moments, stops[-1])

    def _matrix(self, moments: Moments | Blocks, size: int) -> Float64:
        out, product = np.zeros((size, size)), self._algebra.product
        for i, a in enumerate(self.names):
            rows, into = self.places[a], np.ascontiguousarray(self.white[a].into.T)
            out[rows, rows] = np.diag(self.white[a].kept)
            for b in self.names[:i]:
                across = product(into, moments.block(a, b))  # (r_A, d_B)
                out[rows, self.places[b]] = product(across, self.white[b].into)
        mirror(out)
        return out

    def chance(self, names: Sequence[str] | None = None) -> float:
        """As ``chance_level``."""
        chosen = self.names if names is None else names
        return chance_level([self.white[name].kept for name in chosen], self.rows)

    @property
    def most(self) -> int:
        """Directions that the rows of all networks can span together."""
        return self._most(len(self.matrix))

    def directions(self, k: int | None, *, at_most: bool = False) -> Directions:
        """Of all networks, (k,) and (r_A, k).

        Args:
            k: How many; None: as many as lie above ``chance``.
            at_most: Fewer will do, where the features span fewer.

        Raises:
            MapError: when there are not so many.
        """
        most, names = self.most, ", ".join(self.names)
        if k is not None and k > most and not at_most:
            more = ", or more rows" if most < len(self.matrix) else ""
            raise MapError(
                f"k is {k}, but {self.rows} rows of {names} span {most} directions. "
                f"Take k of at most {most}{more}."
            )
        sought = None if k is None else min(k, most)
        found = self._parts(*self._found(sought, self.chance()), self.names)
        rank = len(found[0])
        if k is not None and rank < k and not at_most:
            raise MapError(
                f"k is {k}, but the features of {names} span {rank} directions "
                f"together. Take k of at most {rank}."
            )
        return found

    def directions_without(self, k: int) -> dict[str, Directions]:
        """Of all networks but one, by the name of that one, searched together.

        Eigenvalues are (k,) and parts (r_A, k), or as many as there are.
        """
        size = len(self.matrix)
        lefts = {name: size - part.stop + part.start for name, part in self.places.items()}
        if k and not self._small(min(lefts.values()), k):
            searched = leading(self.matrix, k, without=list(self.places.values()))
        else:
            searched = [None] * len(self.names)
        out = {}
        for name, found in zip(self.names, searched, strict=True):
            hidden, others = self.places[name], tuple(n for n in self.names if n != name)
            if found is None:
                values, vectors = self._all_of(self._of(others))
            else:
                values, vectors = _descending(found[0], np.delete(found[1], hidden, axis=0))
            count = min(k, self._most(lefts[name]))
            out[name] = self._parts(values[:count], vectors[:, :count], others)
        return out

    def _most(self, size: int) -> int:
        return min(size, max(self.rows - 1, 0))

    def _small(self, size: int, k: int) -> bool:
        """Whether all eigenvectors take less time than the k largest."""
        return size <= DENSE or self._algebra.device != "cpu" or LEAST * k > size

    def _of(self, names: tuple[str, ...]) -> Float64:
        at = np.concatenate([np.arange(self.places[n].start, self.places[n].stop) for n in names])
        out: Float64 = self.matrix[np.ix_(at, at)]
        return out

    def _parts(self, values: Float64, vectors: Float64, names: tuple[str, ...]) -> Directions:
        """Split by network, without directions that are there by rounding alone."""
        rank = int((values > cutoff(len(vectors), "float64") * len(names)).sum())
        ranks = [len(self.white[name].values) for name in names]
        parts = np.split(vectors[:, :rank], list(accumulate(ranks))[:-1])
        return values[:rank], dict(zip(names, parts, strict=True))

    def _found(self, k: int | None, chance: float) -> tuple[Float64, Float64]:
        size, most = len(self.matrix), self.most
        if k == 0 or not most:
            return np.zeros(0), np.zeros((size, 0))
        count = k or min(FEW, most)
        while not self._small(size, count):
            (found,) = leading(self.matrix, count)
            if found is None:
                break
            values, vectors = _descending(*found)
            shared = above(values, chance)
            if k is not None or shared < count:
                count = shared if k is None else k
                return values[:count], vectors[:, :count]
            count *= 2
        values, vectors = self._all_of(self.matrix)
        if k is None:
            k = min(above(values, chance), most)
        return values[:k], vectors[:, :k]

    def _all_of(self, matrix: Float64) -> tuple[Float64, Float64]:
        return _descending(*self._algebra.eigenvalues(matrix))


def above(values: Float64, chance: float) -> int:
    """How many of (k,) eigenvalues lie above the level of chance, by more than it is known."""
    return int((values > chance * (1 + 1e-6)).sum())


def _descending(values: Float64, vectors: Float64) -> tuple[Float64, Float64]:
    """(k,) and (D, k) in descending order; the largest entry of each vector is positive."""
    order = np.argsort(values, kind="stable")[::-1]
    values, vectors = np.maximum(values[order], 0.0), vectors[:, order]
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(len(order))]
    return values, vectors * np.where(largest < 0, -1.0, 1.0)
