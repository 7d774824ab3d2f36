"""How far a pass over images has come whose rows are not kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from samefeatures.base.errors import FileError
from samefeatures.base.kept_records import kept_record
from samefeatures.base.sealed import write_sealed

Layout = Sequence[tuple[int, int]]
"""Chunks of each part, and images in one."""


@dataclass(frozen=True, slots=True)
class Position:
    """The place of a row: part, chunk of images in it, and readable rows of the chunk before it."""

    part: int
    chunk: int
    skip: int


class Journal:
    """Readable rows of every chunk so far, in order, and why images were left out.

    Attributes:
        layout: Chunks of each part, and images in one.
        counts: Readable rows, by part and chunk.
        left_out: Why, by id, for each part.
    """

    def __init__(
        self, layout: Layout, counts: list[list[int]], left_out: list[dict[str, dict[str, str]]]
    ) -> None:
        self.layout = [(int(chunks), int(images)) for chunks, images in layout]
        self.counts = counts
        self._reasons = left_out  # by part, chunk (as text, for JSON) and id

    @classmethod
    def empty(cls, layout: Layout) -> Self:
        """Of a pass that has not begun."""
        return cls(layout, [[] for _ in layout], [{} for _ in layout])

    @property
    def left_out(self) -> list[dict[str, str]]:
        """Why, by id, for each part."""
        return [
            {name: reason for chunk in part.values() for name, reason in chunk.items()}
            for part in self._reasons
        ]

    @property
    def rows(self) -> int:
        """Readable rows so far."""
        return sum(map(sum, self.counts))

    @property
    def is_whole(self) -> bool:
        """Whether every chunk is in it."""
        return [len(part) for part in self.counts] == [chunks for chunks, _ in self.layout]

    def note(self, part: int, chunk: int, rows: int, reasons: Mapping[str, str]) -> None:
        """Add the next chunk."""
        assert len(self.counts[part]) == chunk
        self.counts[part].append(rows)
        self._reasons[part][str(chunk)] = dict(reasons)

    def position(self, n: int) -> Position | None:
        """Where row n lies; None when so many rows are not known."""
        before = 0
        for p, counts in enumerate(self.counts):
            for k, rows in enumerate(counts):
                if before + rows > n:
                    return Position(p, k, n - before)
                before += rows
        if before < n:
            return None
        return self._next()

    def _next(self) -> Position:
        """After the last chunk that is known."""
        for p, (counts, (chunks, _)) in enumerate(zip(self.counts, self.layout, strict=True)):
            if len(counts) < chunks:
                return Position(p, len(counts), 0)
        return Position(len(self.layout), 0, 0)

    def forget_after(self, place: Position) -> None:
        """Drop the chunk of ``place`` and all after it: they are computed again."""
        for p in range(len(self.layout)):
            keep = place.chunk if p == place.part else (0 if p > place.part else None)
            if keep is not None:
                self.counts[p] = self.counts[p][:keep]
                self._reasons[p] = {k: v for k, v in self._reasons[p].items() if int(k) < keep}

    def save(self, path: Path) -> None:
        """Write it whole or not at all."""
        kept = {"layout": self.layout, "counts": self.counts, "left_out": self._reasons}
        write_sealed(path, kept)

    @classmethod
    def read(cls, path: Path, layout: Layout) -> Self | None:
        """What ``save`` wrote; None when there is none of this layout that can be read."""
        kept = kept_record(_Kept, path)
        if kept is None or list(kept.layout) != list(layout):
            return None
        return cls(layout, [list(part) for part in kept.counts], [dict(r) for r in kept.left_out])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What a journal's file holds: for each part rows by chunk, and reasons by chunk and id."""

    layout: tuple[tuple[int, int], ...]
    counts: tuple[tuple[int, ...], ...]
    left_out: tuple[Mapping[str, dict[str, str]], ...]

    def __post_init__(self) -> None:
        if not len(self.layout) == len(self.counts) == len(self.left_out):
            raise FileError("its lists have different lengths")
        for (chunks, images), counts, reasons in zip(
            self.layout, self.counts, self.left_out, strict=True
        ):
            numbers = [int(chunk) for chunk in reasons if chunk.isdecimal()]
            if (
                len(counts) > chunks
                or min(counts, default=0) < 0
                or len(numbers) < len(reasons)
                or max(numbers, default=-1) >= len(counts)
                or images < 1
            ):
                raise FileError("it counts chunks that there are not")
