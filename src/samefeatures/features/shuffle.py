"""Random batches of rows that do not fit into memory, the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Float32

BLOCK = 256
"""Rows that are read together, and go to the same pool."""

Order = npt.NDArray[np.int64]
Read = Callable[[int, int], Float32]
"""Rows from start to stop as one (r, d) array."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shuffle:
    """An endless stream of rows in shuffled epochs; the stream is cut into batches by the caller.

    An epoch deals every row once. Its blocks of 256 neighbouring rows go, in random order, into
    pools of ``pool`` rows; each pool is shuffled and dealt. With no more than ``pool`` rows an
    epoch is one pool, held in memory: a uniform permutation, as if all rows were shuffled. With
    more, two rows of one block come nearer to each other than chance has it.

    Where a stream stands follows from the number of rows dealt: it can start anywhere.

    Attributes:
        rows: Rows in all.
        pool: Rows in memory, at least one block.
        seed: Decides everything.
    """

    rows: int
    pool: int
    seed: int

    def stream(self, read: Read, *, start: int) -> Iterator[tuple[Float32, Order]]:
        """Pools, each with the order in which its rows are dealt, after ``start`` rows were.

        Yields:
            (r, d) rows of a pool, the same array while the pool is the same, and (k,) indices of
            those that are still to be dealt.
        """
        epoch, skip = divmod(start, self.rows)
        whole = read(0, self.rows) if self.rows <= self.pool else None
        while True:
            for number, blocks in enumerate(self._pools(epoch)):
                sizes = [min(BLOCK, self.rows - BLOCK * int(block)) for block in blocks]
                size = sum(sizes)
                if skip >= size:
                    skip -= size
                    continue
                order = np.random.default_rng([self.seed, epoch, number]).permutation(size)
                yield whole if whole is not None else _load(read, blocks, sizes), order[skip:]
                skip = 0
            epoch += 1

    def _pools(self, epoch: int) -> list[Order]:
        """Numbers of the blocks in each pool of an epoch."""
        blocks = np.arange(-(-self.rows // BLOCK))
        if self.rows <= self.pool:
            return [blocks]
        shuffled = np.random.default_rng([self.seed, epoch]).permutation(blocks)
        per_pool = max(1, self.pool // BLOCK)
        return [shuffled[i : i + per_pool] for i in range(0, len(shuffled), per_pool)]


def _load(read: Read, blocks: Order, sizes: list[int]) -> Float32:
    parts = [read(BLOCK * int(b), BLOCK * int(b) + r) for b, r in zip(blocks, sizes, strict=True)]
    return np.concatenate(parts)
