"""Joint moments of each fold of the rows, in one pass; all rows are their sum."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from samefeatures.algebra import HOST, Algebra, Precision
from samefeatures.base.arrays import Int64
from samefeatures.base.digests import digest
from samefeatures.base.errors import NoFileError, StoreDamagedError
from samefeatures.base.files import writing
from samefeatures.base.progress import Advance, Progress
from samefeatures.features.rows import FeatureRows, joint_chunks
from samefeatures.joint import kept
from samefeatures.joint.folded import WORTH_KEEPING
from samefeatures.joint.kept import chunk_rows, clear_old, keep_moments, moments_key, moments_path
from samefeatures.joint.record import Moments
from samefeatures.joint.sums import Accumulator


class FoldSums:
    """Takes rows, gives the moments of each fold of them.

    Args:
        names: Of the spaces.
        dims: Features of each.
        fold_of: (n,) the fold of each row, 0 … F − 1, in the order in which rows come.
        start: Moments of the folds of the first rows, which it may change; None: there are none.
        precision: Of the products.
        algebra: Where they run. Memory is 8·F·D² bytes there.
    """

    def __init__(
        self,
        names: Sequence[str],
        dims: Sequence[int],
        fold_of: Int64,
        *,
        start: Sequence[Moments] | None = None,
        precision: Precision = "float64",
        algebra: Algebra = HOST,
    ) -> None:
        start = start or [Moments(names, dims) for _ in range(int(fold_of.max()) + 1)]
        self._fold_of = fold_of
        self._sums = [Accumulator(each, precision=precision, algebra=algebra) for each in start]
        self.n = sum(each.n for each in start)

    def update(self, *blocks: npt.NDArray[np.floating]) -> None:
        """Add rows: one (r, d) array per space, row i of each the same sample.

        Raises:
            FeatureError: when shapes do not fit or a value is not finite.
        """
        fold_of = self._fold_of[self.n : self.n + len(blocks[0])]
        for k, sums in enumerate(self._sums):
            mine = np.flatnonzero(fold_of == k)
            sums.update(*(block[mine] for block in blocks))
        self.n += len(blocks[0])

    def moments(self) -> tuple[Moments, ...]:
        """Of all rows so far, by fold; on the host without a copy, so that later rows change
        them."""
        return tuple(each.moments() for each in self._sums)


def whole_of(folds: Sequence[Moments]) -> Moments:
    """Moments of the rows of all folds."""
    out = folds[0].copy()
    for fold in folds[1:]:
        out.merge(fold)
    return out


def moments_by_fold(
    parts: Sequence[FeatureRows],
    fold_of: Int64,
    folder: Path,
    *,
    kind: str,
    progress: Progress,
    precision: Precision = "float64",
    algebra: Algebra = HOST,
) -> tuple[Moments, ...]:
    """Moments of each fold of the rows, from ``folder`` if they are there.

    They are large, and kept only where summing took a minute; those of all rows, their sum, are
    kept as if they had been summed by themselves. A run that was stopped goes on from its last
    checkpoint; the result is the same but for float64 rounding.

    Args:
        parts: Rows of every network.
        fold_of: (n,) the fold of each row.
        folder: Where moments are kept.
        kind: ``fit`` or ``eval``.
        progress: Shows how far it is.
        precision: Of the products.
        algebra: Where they run.
    """
    names, dims = [part.name for part in parts], [part.dim for part in parts]
    key = digest("by fold 1", moments_key(parts, precision), fold_of.tobytes())
    files = _Files(folder, f"by-fold-{kind}", key[:16], fold_of)
    start = files.read()
    sums = FoldSums(names, dims, fold_of, start=start, precision=precision, algebra=algebra)
    if sums.n < len(fold_of):
        advance = progress.task(f"moments of the {kind} set by fold", len(fold_of))
        started = time.monotonic()
        _sum(parts, sums, files, advance)
        if start is not None or time.monotonic() - started > WORTH_KEEPING:
            files.write(sums.moments())
    found = sums.moments()
    if not moments_path(parts, folder, kind, precision).exists():
        keep_moments(whole_of(found), parts, folder, kind=kind, precision=precision)
    return found


def _sum(parts: Sequence[FeatureRows], sums: FoldSums, files: _Files, advance: Advance) -> None:
    """All rows that the sums have not seen; a checkpoint every two minutes."""
    seen, saved_at = 0, time.monotonic()
    advance(sums.n)
    for blocks in joint_chunks(parts, chunk_rows(sum(part.dim for part in parts))):
        seen += len(blocks[0])
        if seen <= sums.n:
            continue
        sums.update(*blocks)
        advance(len(blocks[0]))
        if time.monotonic() - saved_at > kept.CHECKPOINT_SECONDS:
            files.write(sums.moments())
            saved_at = time.monotonic()


@dataclass(frozen=True, slots=True)
class _Files:
    """Moments of the folds of the first rows, ``STEM-KEY-ROWS.FOLD.npz``; at the end of all rows.

    Attributes:
        folder: Where they lie.
        stem: Of all such files, those of other rows too.
        key: Changes whenever a number could.
        fold_of: (n,) the fold of each row.
    """

    folder: Path
    stem: str
    key: str
    fold_of: Int64

    def write(self, folds: Sequence[Moments]) -> None:
        """Keep them, and let go of all others."""
        paths = self._paths(sum(fold.n for fold in folds))
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            for fold, path in zip(folds, paths, strict=True):
                fold.save(path)
            clear_old(self.folder, self.stem, but=paths)

    def read(self) -> list[Moments] | None:
        """Of as many rows as there are; None where no record is whole."""
        numbers = {
            path.name.removeprefix(f"{self.stem}-{self.key}-").split(".")[0]
            for path in self.folder.glob(f"{self.stem}-{self.key}-*.npz")
        }
        for seen in sorted((int(each) for each in numbers if each.isdigit()), reverse=True):
            try:
                found = [Moments.load(path) for path in self._paths(seen)]
            except (NoFileError, StoreDamagedError):  # stopped while it was written
                continue
            wanted = np.bincount(self.fold_of[:seen], minlength=len(found))
            if [fold.n for fold in found] == wanted.tolist():
                return found
        return None

    def _paths(self, seen: int) -> list[Path]:
        count = int(self.fold_of.max()) + 1
        return [self.folder / f"{self.stem}-{self.key}-{seen}.{k}.npz" for k in range(count)]
