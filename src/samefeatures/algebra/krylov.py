"""The largest eigenvalues of a symmetric matrix with their vectors, by blocks: block Lanczos.

A product with a few vectors at once takes hardly longer than with one, since the matrix is read
once; so several searches in parts of one matrix go on together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from samefeatures.algebra.blas import multiply
from samefeatures.base.arrays import Float64

ALONE, TOGETHER = 16, 8
"""Vectors of a block: of one search, and of each of several."""
AT_ONCE = 5
"""Searches that go on together, at most: all their bases are held."""
CLOSE = 1e-12
"""An eigenpair is found when C v − λ v is shorter than this times λ."""
NOTHING = 1e-13
"""Relative length of what rounding leaves of a block that lies within the basis."""
GROWTH = 1.15
"""Eigenvalues are looked at when the basis is so many times larger than it was."""


def leading(
    matrix: Float64, k: int, *, without: Sequence[slice | None] = (None,)
) -> list[tuple[Float64, Float64] | None]:
    """(k,) largest eigenvalues, descending, and (D, k) vectors of length 1, for each search.

    Each search keeps a basis of the spaces that powers of C span from a block of random vectors,
    the same in every run; about 6 k vectors for a k of some hundred, 20 k for a few dozen. None
    where three quarters of D would not do.

    Args:
        matrix: (D, D) C, symmetric with no negative eigenvalue; in rows one after another.
        k: At least 1; at most a quarter of D.
        without: For each search, rows and columns that C is to be taken without: there vectors are
            zero but for rounding.
    """
    width = ALONE if len(without) == 1 else TOGETHER
    found: list[tuple[Float64, Float64] | None] = []
    for first in range(0, len(without), AT_ONCE):
        group = without[first : first + AT_ONCE]
        found += _searched(matrix, [_Search(len(matrix), k, width, part) for part in group])
    return found


def _searched(matrix: Float64, searches: Sequence[_Search]) -> list[tuple[Float64, Float64] | None]:
    """What each finds; the matrix is read once for a block of all of them."""
    while going := [search for search in searches if search.going]:
        blocks = np.concatenate([search.block for search in going])
        images = np.empty_like(blocks)
        multiply(blocks, matrix, images)
        for search, image in zip(going, np.split(images, len(going)), strict=True):
            search.take(image)
    return [search.found for search in searches]


class _Search:
    """One basis, (m, D) in rows, and C on it, (m, m): of blocks beside the diagonal alone."""

    def __init__(self, size: int, k: int, width: int, hidden: slice | None) -> None:
        self._k, self._width, self._hidden = k, width, hidden
        seen = size - (0 if hidden is None else hidden.stop - hidden.start)
        self._limit = 3 * seen // 4
        self._random = np.random.default_rng(0)
        self._next = min(2 * k + 2 * width, self._limit)
        self._basis = np.empty((self._next + width, size))
        self._inner = np.zeros((self._next + width,) * 2)
        self._count = 0
        self._settled: float | None = None
        self.going = self._next >= k + width
        self.found: tuple[Float64, Float64] | None = None
        self.block, _ = _orthonormal(self._fresh())

    def take(self, image: Float64) -> None:
        """Add the block, whose (b, D) product with C is given, and make the next one."""
        first, count = self._count, self._count + self._width
        self._basis[first:count] = self.block
        self._count = count
        if self._hidden is not None:
            image[:, self._hidden] = 0
        # What lies along the last two blocks is C on the basis; along the others rounding alone.
        near = slice(max(first - self._width, 0), count)
        along = self._off(image, near)
        self._inner[first:count, near] = along
        self._inner[near, first:count] = along.T
        self._off(image, slice(count))
        scale = float(np.abs(self._inner[near, near]).max())
        self.block, left = _orthonormal(image)
        lengths = np.abs(left.diagonal())
        if lengths.max() <= NOTHING * count * scale:
            self._ended()
        elif lengths.min() <= 1e-6 * scale:  # directions of rounding may lie within the basis
            self._off(self.block, slice(count))
            self.block, again = _orthonormal(self.block)
            left = again @ left
        if self.going and self._settled is None and count >= self._next:
            values, inside = self._eigen()
            gaps = np.linalg.norm(left @ inside[-self._width :], axis=0)
            if (gaps <= CLOSE * values).all():
                self._done(values, inside)
        if self.going and count >= self._next:
            self._grow()

    def _off(self, rows: Float64, near: slice) -> Float64:
        """Take off (b, D) rows what lies along some of the basis; returns it, (b, near)."""
        basis = self._basis[near]
        along = np.empty((len(rows), len(basis)))
        multiply(rows, basis.T, along)
        multiply(-along, basis, rows, add=True)
        return along

    def _ended(self) -> None:
        """The basis is all that its start can reach: eigenvalues are few, and each is of many
        vectors. Others of these come from another start, until it brings none."""
        if self._count >= self._k:
            values, inside = self._eigen()
            total = float(values.sum())
            if self._settled is not None and total <= self._settled + CLOSE * total:
                self._done(values, inside)
                return
            self._settled = total
        self.block = self._fresh()
        for _ in range(2):
            self._off(self.block, slice(self._count))
            self.block, _ = _orthonormal(self.block)

    def _eigen(self) -> tuple[Float64, Float64]:
        """(k,) descending, and (m, k) vectors in terms of the basis."""
        from scipy.linalg import eigh

        count = self._count
        inner = self._inner[:count, :count]
        values, vectors = eigh(
            inner, subset_by_index=[count - self._k, count - 1], check_finite=False
        )
        return values[::-1], np.ascontiguousarray(vectors[:, ::-1])

    def _done(self, values: Float64, inside: Float64) -> None:
        vectors = np.empty((self._k, self._basis.shape[1]))
        multiply(np.ascontiguousarray(inside.T), self._basis[: self._count], vectors)
        self.going, self.found = False, (values, vectors.T)
        self._clear()

    def _grow(self) -> None:
        """Room for the blocks until eigenvalues are looked at again."""
        if self._count + self._width > self._limit:
            self.going = False
            self._clear()
            return
        self._next = min(int(GROWTH * self._count) + self._width, self._limit)
        room = self._next + self._width
        basis, inner = np.empty((room, self._basis.shape[1])), np.zeros((room, room))
        count = self._count
        basis[:count], inner[:count, :count] = self._basis[:count], self._inner[:count, :count]
        self._basis, self._inner = basis, inner

    def _clear(self) -> None:
        self._basis = self._inner = self.block = np.empty((0, 0))

    def _fresh(self) -> Float64:
        """(b, D) random rows."""
        rows = self._random.standard_normal((self._width, self._basis.shape[1]))
        if self._hidden is not None:
            rows[:, self._hidden] = 0
        return rows


def _orthonormal(rows: Float64) -> tuple[Float64, Float64]:
    """(b, D) orthonormal rows, and (b, b) R with ``rows = Rᵀ orthonormal``."""
    from scipy.linalg import qr

    found, left = qr(rows.T, mode="economic", check_finite=False)
    return np.ascontiguousarray(found.T), left
