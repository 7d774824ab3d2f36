"""Moments of folds under way: a run that was stopped goes on with the rows after them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from samefeatures.base.arrays import Int64
from samefeatures.base.errors import StoreDamagedError
from samefeatures.base.files import writing
from samefeatures.moments.blocks import Blocks
from samefeatures.moments.record import Moments

Parts = list[tuple[Moments, Blocks]]
"""Of networks and of controls, a fold each."""


@dataclass(frozen=True, slots=True)
class FoldCheckpoints:
    """Files ``STEM-SEEN-FOLD.checkpoint.npz`` of one run; a set counts when all folds are there.

    Attributes:
        folder: Where they lie.
        stem: Changes whenever a number could.
        fold_of: (n,) the fold of each row.
    """

    folder: Path
    stem: str
    fold_of: Int64

    def write(self, seen: int, parts: Parts) -> None:
        """Keep the moments of the first rows, and let go of earlier ones."""
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            for path, (moments, blocks) in zip(self._paths(seen), parts, strict=True):
                moments.save(path)
                blocks.save(_beside(path))
            for earlier in self._seen():
                if earlier != seen:
                    for path in self._paths(earlier):
                        path.unlink(missing_ok=True)
                        _beside(path).unlink(missing_ok=True)

    def read(self) -> tuple[int, Parts] | None:
        """How many rows were seen, and their moments; None where no set is whole."""
        for seen in self._seen():
            wanted = np.bincount(self.fold_of[:seen], minlength=self._folds)
            try:
                parts = [(Moments.load(p), Blocks.load(_beside(p))) for p in self._paths(seen)]
            except (FileNotFoundError, StoreDamagedError):  # stopped while it was written
                continue
            if all(m.n == b.n == count for (m, b), count in zip(parts, wanted, strict=True)):
                return seen, parts
        return None

    @property
    def _folds(self) -> int:
        return int(self.fold_of.max()) + 1

    def _paths(self, seen: int) -> Sequence[Path]:
        names = (f"{self.stem}-{seen}-{k}.checkpoint.npz" for k in range(self._folds))
        return [self.folder / name for name in names]

    def _seen(self) -> list[int]:
        """Of the sets that there are, the furthest first."""
        return sorted(set(self._numbers()), reverse=True)

    def _numbers(self) -> Iterator[int]:
        for path in self.folder.glob(f"{self.stem}-*.checkpoint.npz"):
            number = path.name.removeprefix(f"{self.stem}-").split("-")[0]
            if number.isdigit():
                yield int(number)


def _beside(path: Path) -> Path:
    return path.with_suffix(".blocks.npz")
