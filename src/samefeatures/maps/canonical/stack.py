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
from samefeatures.base.arrays import Float64
from samefeatures.base.errors import MapError
from samefeatures.joint.blocks import Blocks
from samefeatures.joint.record import Moments
from samefeatures.maps.canonical.chance import chance_level
from samefeatures.maps.inverse import cutoff

DENSE = 1500
"""Columns up to which all eigenvectors are taken at once."""
LEAST = 8
"""Lanczos is for one eigenvector in so many; of more, all of them take less time."""
FEW = 64
"""Directions that are sought at first where nobody knows how many there are."""


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
        algebra: Where products and factorisations run; Lanczos runs on the host.
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
        return min(len(self.matrix), max(self.rows - 1, 0))

    def directions(
        self, k: int | None, names: Sequence[str] | None = None, *, at_most: bool = False
    ) -> tuple[Float64, dict[str, Float64]]:
        """(k,) largest eigenvalues, descending, and (r_A, k) parts of their vectors by network.

        Args:
            k: How many; None: as many as lie above ``chance``.
            names: Of the networks; all of them if left out.
            at_most: Fewer will do, where the features span fewer.

        Raises:
            MapError: when there are not so many.
        """
        chosen = self.names if names is None else tuple(names)
        matrix = self._of(chosen)
        most = min(len(matrix), max(self.rows - 1, 0))
        if k is not None and k > most and not at_most:
            more = ", or more rows" if most < len(matrix) else ""
            raise MapError(
                f"k is {k}, but {self.rows} rows of {', '.join(chosen)} span {most} directions. "
                f"Take k of at most {most}{more}."
            )
        sought = None if k is None else min(k, most)
        values, vectors = self._found(matrix, sought, most, self.chance(chosen))
        rank = int((values > cutoff(len(matrix), "float64") * len(chosen)).sum())
        values, vectors = values[:rank], vectors[:, :rank]
        if k is not None and rank < k and not at_most:
            raise MapError(
                f"k is {k}, but the features of {', '.join(chosen)} span {rank} directions "
                f"together. Take k of at most {rank}."
            )
        ranks = [len(self.white[name].values) for name in chosen]
        parts = np.split(vectors, list(accumulate(ranks))[:-1])
        return values, dict(zip(chosen, parts, strict=True))

    def _of(self, names: tuple[str, ...]) -> Float64:
        if names == self.names:
            return self.matrix
        at = np.concatenate([np.arange(self.places[n].start, self.places[n].stop) for n in names])
        out: Float64 = self.matrix[np.ix_(at, at)]
        return out

    def _found(
        self, matrix: Float64, k: int | None, most: int, chance: float
    ) -> tuple[Float64, Float64]:
        size, count = len(matrix), k or min(FEW, most)
        if k == 0 or not most:
            return np.zeros(0), np.zeros((size, 0))
        small = size <= DENSE or self._algebra.device != "cpu"
        while not small and LEAST * count <= size:
            values, vectors = _lanczos(matrix, count)
            if k is not None or above(values, chance) < count:
                break
            count *= 2
        else:
            values, vectors = _descending(*self._algebra.eigenvalues(matrix))
        if k is None:
            k = min(above(values, chance), most)
        return values[:k], vectors[:, :k]


def above(values: Float64, chance: float) -> int:
    """How many of (k,) eigenvalues lie above the level of chance, by more than it is known."""
    return int((values > chance * (1 + 1e-6)).sum())


def _lanczos(matrix: Float64, k: int) -> tuple[Float64, Float64]:
    """(k,) largest eigenvalues and (D, k) vectors; the same start in every run."""
    from scipy.linalg.blas import dsymv
    from scipy.sparse.linalg import LinearOperator, eigsh

    turned = matrix.T  # as BLAS has it: columns first

    def times(vector: Float64) -> Float64:
        out: Float64 = dsymv(1.0, turned, vector.ravel())
        return out

    operator = LinearOperator(matrix.shape, matvec=times, dtype=np.float64)
    return _descending(*eigsh(operator, k, which="LA", v0=np.ones(len(matrix))))


def _descending(values: Float64, vectors: Float64) -> tuple[Float64, Float64]:
    """(k,) and (D, k) in descending order; the largest entry of each vector is positive."""
    order = np.argsort(values, kind="stable")[::-1]
    values, vectors = np.maximum(values[order], 0.0), vectors[:, order]
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(len(order))]
    return values, vectors * np.where(largest < 0, -1.0, 1.0)
