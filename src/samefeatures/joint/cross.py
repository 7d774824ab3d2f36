"""Moments between one network's rows and anything else, streamed: what controls are fitted by."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float32
from samefeatures.base.files import writing
from samefeatures.base.partial import clear_leftovers, file_beside
from samefeatures.features.rows import ArrayRows, FeatureRows

Float64 = npt.NDArray[np.float64]
ROWS = 4096


def cross_moments(
    source: Iterable[Float32],
    mean: Float64,
    outputs: Iterable[Sequence[Float32]],
    means: Sequence[Float64],
    *,
    algebra: Algebra = HOST,
) -> list[Float64]:
    """``Σ (y - mean_y)(x - mean_x)ᵀ`` for several outputs y of the same rows, in float64.

    Args:
        source: Chunks of x, (r, d_A) each.
        mean: (d_A,) mean of all x.
        outputs: Chunks of every y, (r, d_k) each, in the same rows.
        means: (d_k,) mean of every y.
        algebra: Where products run.

    Returns:
        A (d_k, d_A) matrix for every output.
    """
    totals = [np.zeros((len(each), len(mean))) for each in means]
    for x, ys in zip(source, outputs, strict=True):
        centred = x - mean  # (r, d_A) float64
        for k, (y, mean_y) in enumerate(zip(ys, means, strict=True)):
            totals[k] += algebra.product((y - mean_y).T, centred)
    return totals


def chunks_of(rows: Sequence[FeatureRows]) -> Iterator[list[Float32]]:
    """Chunks of several networks side by side, (r, d) each."""
    for blocks in zip(*(part.chunks(ROWS) for part in rows), strict=True):
        yield list(blocks)


@contextmanager
def permuted(rows: FeatureRows, folder: Path, *, seed: int) -> Iterator[FeatureRows]:
    """The same rows in the order of one random permutation of all of them, while the block runs.

    They lie in a scratch file that is removed afterwards, so that memory does not grow with the
    number of images.

    Raises:
        StoreError: when there is no room for them.
    """
    order = np.random.default_rng(seed).permutation(len(rows))  # row i goes to place order[i]
    path, shape = folder / "permuted.npy", (len(rows), rows.dim)
    with ExitStack() as stack:
        with writing(path):
            folder.mkdir(parents=True, exist_ok=True)
            clear_leftovers(folder)
            file = stack.enter_context(file_beside(path))
            _reserve(file, 4 * len(rows) * rows.dim)
            values = np.memmap(file, dtype=np.float32, shape=shape)  # as long as it must be
        start = 0
        for block in rows.chunks(ROWS):
            values[order[start : start + len(block)]] = block
            start += len(block)
        fingerprint = f"{rows.fingerprint} permuted {seed}"
        yield ArrayRows(name=rows.name, values=values, fingerprint=fingerprint)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Shuffled:
    """Rows in a random order: what belongs together no longer does.

    Attributes:
        name: Of the space.
        rows: (n, d) in their own order.
        folder: For a scratch file, while they are read.
        seed: Of the permutation.
    """

    name: str
    rows: FeatureRows
    folder: Path
    seed: int

    @property
    def dim(self) -> int:
        return self.rows.dim

    @property
    def ids(self) -> None:
        """A row is of no image."""
        return

    @property
    def labels(self) -> None:
        """Nor has it a label."""
        return

    @property
    def fingerprint(self) -> str:
        """Of the rows and the order."""
        return f"{self.rows.fingerprint} permuted {self.seed}"

    def __len__(self) -> int:
        return len(self.rows)

    def chunks(self, rows: int) -> Iterator[Float32]:
        """(``rows``, d) all rows in the random order."""
        with permuted(self.rows, self.folder, seed=self.seed) as mixed:
            yield from mixed.chunks(rows)

    def span(self, start: int, stop: int) -> Float32:
        """(stop - start, d) rows ``start`` to ``stop`` of the random order."""
        with permuted(self.rows, self.folder, seed=self.seed) as mixed:
            return np.array(mixed.span(start, stop))


def _reserve(file: IO[bytes], size: int) -> None:
    """Make a file as large as this where the system can, so that a full disk shows now."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
