"""Whether two tables of pairs rank them alike, as far as so few networks can say."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

import numpy as np

from samefeatures.base.arrays import Float64, Int64
from samefeatures.scores.gaps import without_gaps

EXACT = 7
"""Networks up to which all permutations of their labels are tried: 5,040."""
TRIED = 1999
"""Permutations of more networks."""
CHUNK = 2**22
"""Entries of permuted tables at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Spearman's rank correlation over the ordered pairs of networks.

    N(N−1) pairs of N networks are not so many observations: a network that is unlike all others
    moves all its pairs at once. So the test gives the networks of one table each other's labels
    (Mantel 1967), and the range is that of the correlation without any one of the networks.

    Attributes:
        rho: From −1 to 1; NaN where one table has one value for all pairs.
        p: Share of the permutations that give a correlation at least as far from 0.
        low: Least without one of the networks; NaN for fewer than four.
        high: Greatest.
        networks: Of which every pair is known in both tables.
        pairs: Ordered, of these.
    """

    rho: float
    p: float
    low: float
    high: float
    networks: int
    pairs: int


def rank_alike(one: Float64, other: Float64, *, seed: int = 0) -> Ranking:
    """Of two (N, N) tables, source by target; diagonals do not count.

    Networks with pairs that are not known (NaN) are left out of both. Up to seven networks all
    permutations are tried, of more 1,999 and the labels as they are.

    Args:
        one: (N, N).
        other: (N, N).
        seed: Of the permutations.
    """
    # A report asks for the same more than once.
    return _rank_alike(one.tobytes(), other.tobytes(), len(one), seed)


@lru_cache(maxsize=128)
def _rank_alike(one_bytes: bytes, other_bytes: bytes, size: int, seed: int) -> Ranking:
    one, other = (np.frombuffer(b).reshape(size, size) for b in (one_bytes, other_bytes))
    at = without_gaps(one, other)
    one, other = (table[np.ix_(at, at)] for table in (one, other))
    count = len(at)
    rho, tails = _rho(one, other), (math.nan, math.nan)
    p = _share(_ranks(one), _ranks(other), rho, seed) if math.isfinite(rho) else math.nan
    if count > 3 and math.isfinite(rho):
        rest = [np.delete(np.arange(count), i) for i in range(count)]
        without = [_rho(one[np.ix_(r, r)], other[np.ix_(r, r)]) for r in rest]
        tails = min(without), max(without)  # NaN where one of them is
        tails = (math.nan, math.nan) if any(map(math.isnan, without)) else tails
    return Ranking(
        rho=rho, p=p, low=tails[0], high=tails[1], networks=count, pairs=count * (count - 1)
    )


def _rho(one: Float64, other: Float64) -> float:
    """Pearson's correlation of the ranks."""
    a, b = _ranks(one), _ranks(other)
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.vdot(a, b)) / length if length > 0 else math.nan


def _ranks(table: Float64) -> Float64:
    """(N, N) ranks of the pairs about their mean, ties at the mean of theirs; 0 on the diagonal."""
    from scipy.stats import rankdata

    off, ranks = ~np.eye(len(table), dtype=bool), np.zeros(table.shape)
    if off.any():
        found = rankdata(table[off])
        ranks[off] = found - found.mean()
    return ranks


def _share(a: Float64, b: Float64, rho: float, seed: int) -> float:
    """Of permutations, those whose correlation is at least as far from 0 as ``rho``."""
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    hits = tried = 0
    for labels in _labels(len(a), seed):  # (c, N)
        turned = a[labels[:, :, None], labels[:, None, :]].reshape(len(labels), -1)  # (c, N²)
        hits += int((np.abs(turned @ b.ravel()) >= abs(rho) * length * (1 - 1e-9)).sum())
        tried += len(labels)
    return hits / tried


def _labels(count: int, seed: int) -> Iterator[Int64]:
    """Permutations of the networks, the labels as they are among them, some rows at a time."""
    if count <= EXACT:
        yield np.array(list(permutations(range(count))), np.int64)
        return
    yield np.arange(count, dtype=np.int64)[None]
    rng, left = np.random.default_rng(seed), TRIED
    while left:
        step = min(left, max(1, CHUNK // count**2))
        yield rng.permuted(np.tile(np.arange(count, dtype=np.int64), (step, 1)), axis=1)
        left -= step
