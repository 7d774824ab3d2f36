"""Moments of networks, of control spaces beside them, and of folds: together, and on disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from samefeatures.base.arrays import Int64
from samefeatures.base.errors import NoFileError, StoreDamagedError
from samefeatures.base.files import writing
from samefeatures.base.removal import remove
from samefeatures.joint.blocks import Blocks
from samefeatures.joint.record import Moments


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Summed:
    """Of the same rows.

    Attributes:
        networks: Joint moments.
        beside: Blocks of controls with networks and among themselves.
        folds: Of the rows of each fold, those blocks that regressions are chosen by.
    """

    networks: Moments
    beside: Blocks
    folds: tuple[Blocks, ...]

    def save(self, folder: Path, stem: str) -> None:
        """Write a file each, ``STEM.npz``, ``STEM.beside.npz`` and ``STEM.K.npz``."""
        parts: list[Moments | Blocks] = [self.networks, self.beside, *self.folds]
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            for part, path in zip(parts, paths_of(folder, stem, len(self.folds)), strict=True):
                part.save(path)

    @classmethod
    def load(cls, folder: Path, stem: str, folds: int) -> Summed | None:
        """What ``save`` wrote; None where a file is not there, or has just been removed.

        Raises:
            StoreDamagedError: when one can't be read.
        """
        first, beside, *others = paths_of(folder, stem, folds)
        try:
            return cls(
                networks=Moments.load(first),
                beside=Blocks.load(beside),
                folds=tuple(map(Blocks.load, others)),
            )
        except NoFileError:
            return None


def paths_of(folder: Path, stem: str, folds: int) -> list[Path]:
    """Of one record."""
    return [
        folder / f"{stem}{end}.npz" for end in ("", ".beside", *(f".{k}" for k in range(folds)))
    ]


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Records of the first rows, ``STEM-SEEN.checkpoint``, from which a stopped run goes on.

    Attributes:
        folder: Where they lie.
        stem: Changes whenever a number could.
        fold_of: (n,) the fold of each row, or None without folds.
    """

    folder: Path
    stem: str
    fold_of: Int64 | None

    def write(self, seen: int, summed: Summed) -> None:
        """Keep the sums of the first rows, and let go of earlier ones."""
        summed.save(self.folder, self._stem(seen))
        for earlier in self._seen():
            if earlier != seen:
                for path in paths_of(self.folder, self._stem(earlier), self._folds):
                    remove(path, within=self.folder.parent)

    def read(self) -> tuple[int, Summed] | None:
        """How many rows were seen, and their sums; None where no record is whole."""
        for seen in self._seen():
            try:
                found = Summed.load(self.folder, self._stem(seen), self._folds)
            except StoreDamagedError:  # stopped while it was written
                continue
            if found is not None and self._fits(found, seen):
                return seen, found
        return None

    def _fits(self, found: Summed, seen: int) -> bool:
        whole = found.networks.n == found.beside.n == seen
        wanted: list[int] = []
        if self.fold_of is not None:
            wanted = np.bincount(self.fold_of[:seen], minlength=self._folds).tolist()
        return whole and [part.n for part in found.folds] == wanted

    @property
    def _folds(self) -> int:
        return 0 if self.fold_of is None else int(self.fold_of.max()) + 1

    def _stem(self, seen: int) -> str:
        return f"{self.stem}-{seen}.checkpoint"

    def _seen(self) -> list[int]:
        """Of the records that there are, the furthest first."""
        return sorted(set(self._numbers()), reverse=True)

    def _numbers(self) -> Iterator[int]:
        for path in self.folder.glob(f"{self.stem}-*.checkpoint*.npz"):
            number = path.name.removeprefix(f"{self.stem}-").split(".")[0]
            if number.isdigit():
                yield int(number)
