"""Some of the rows that pass, chosen by their ids: the same images whatever order they come in."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Float32
from samefeatures.features.rows import FeatureRows

SAMPLE = 10_000
"""Rows at most, where nobody says otherwise."""
SEED = 0
CHUNK = 1024
Ranks = npt.NDArray[np.uint64]


def ranks_of(ids: Sequence[str | int], *, seed: int = SEED) -> Ranks:
    """(n,) a keyed hash of each id, or of each place where ids are not known."""
    key = seed.to_bytes(8, "little")
    hashes = [blake2b(str(i).encode(), digest_size=8, key=key).digest() for i in ids]
    return np.frombuffer(b"".join(hashes), "<u8").astype(np.uint64)


class RowSample:
    """Takes rows of several spaces as they pass, and keeps those of the smallest ranks.

    Memory is ``count`` rows of every space, however many pass.

    Args:
        names: Of the spaces.
        count: See there.
        ids: Of the rows that will pass, in order, or their ranks; places stand for those that
            are not known.

    Attributes:
        count: Rows to keep, at most.
        n: Rows that have passed.
    """

    def __init__(
        self, names: Sequence[str], count: int, *, ids: Sequence[str | int] | Ranks | None = None
    ) -> None:
        self._names, self.count, self.n = tuple(names), count, 0
        self._ranks = ids if ids is None or isinstance(ids, np.ndarray) else ranks_of(ids)
        self._largest: list[tuple[int, int]] = []  # a heap of (−rank, place among the kept)
        self._kept: list[npt.NDArray[Any]] = []

    def update(self, *blocks: npt.NDArray[np.floating[Any]]) -> None:
        """Add (r, d) rows of each space, row i of each the same sample."""
        start, self.n = self.n, self.n + len(blocks[0])
        where = range(start, self.n)
        known = None if self._ranks is None else self._ranks[start : self.n]
        ranks = known if known is not None and len(known) == len(where) else ranks_of(where)
        self._kept = self._kept or [np.empty((0, b.shape[1]), b.dtype) for b in blocks]
        for row, rank in enumerate(ranks.tolist()):
            if len(self._largest) < self.count:
                place = len(self._largest)
                self._room(place)
                heapq.heappush(self._largest, (-rank, place))
            elif -rank > self._largest[0][0]:
                place = self._largest[0][1]
                heapq.heapreplace(self._largest, (-rank, place))
            else:
                continue
            for kept, block in zip(self._kept, blocks, strict=True):
                kept[place] = block[row]

    def _room(self, place: int) -> None:
        """For one row more."""
        if place == len(self._kept[0]):
            more = min(max(place, CHUNK), self.count - place)
            self._kept = [
                np.concatenate([kept, np.empty((more, kept.shape[1]), kept.dtype)])
                for kept in self._kept
            ]

    def rows(self, name: str) -> npt.NDArray[np.floating[Any]]:
        """(m, d) of one space, in the order of their ranks: a random one, the same for all."""
        order = [place for _, place in sorted(self._largest, reverse=True)]
        out: npt.NDArray[np.floating[Any]] = self._kept[self._names.index(name)][order]
        return out


@dataclass(frozen=True, eq=False)
class StoredSample:
    """The same of rows that can be read again: one space at a time.

    Attributes:
        parts: Rows by name.
        count: At most.
    """

    parts: Mapping[str, FeatureRows]
    count: int

    @cached_property
    def _ranks(self) -> Ranks:
        known = (part.ids for part in self.parts.values() if part.ids is not None)
        return ranks_of(next(known, range(len(next(iter(self.parts.values()))))))

    def rows(self, name: str) -> Float32:
        """(m, d) of one space, in the order of their ranks."""
        part = self.parts[name]
        sample = RowSample([name], self.count, ids=self._ranks)
        for block in part.chunks(CHUNK):
            sample.update(block)
        return sample.rows(name)
