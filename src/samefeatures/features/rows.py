"""Rows of features, wherever they lie: what moments and scores read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from samefeatures.base.arrays import Float32, Int64
from samefeatures.base.brief import brief
from samefeatures.base.digests import digest
from samefeatures.base.errors import FeatureError
from samefeatures.features.same import check_same_ids
from samefeatures.images.imageset import image_id


class Identity(Protocol):
    """Which features: rows of them need not be there."""

    @property
    def name(self) -> str: ...

    @property
    def dim(self) -> int: ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever a value could have changed."""
        ...


class FeatureRows(Identity, Protocol):
    """Features of one network on one image set, images that can't be read left out."""

    @property
    def ids(self) -> Sequence[str] | None:
        """One id per row, or None when they are unknown (``npz:`` without ids)."""
        ...

    @property
    def labels(self) -> Int64 | None:
        """(n,) class indices, or None."""
        ...

    def __len__(self) -> int: ...

    def chunks(self, rows: int) -> Iterator[Float32]:
        """(``rows``, d) all rows in order; the last chunk may be shorter."""
        ...

    def span(self, start: int, stop: int) -> Float32:
        """(stop - start, d) rows ``start`` to ``stop``, read alone."""
        ...


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ArrayRows:
    """Features held in memory."""

    name: str
    values: Float32
    fingerprint: str
    ids: Sequence[str] | None = None
    labels: Int64 | None = None

    def __repr__(self) -> str:
        return brief(self, name=self.name, rows=len(self), dim=self.dim)

    @property
    def dim(self) -> int:
        return int(self.values.shape[1])

    def __len__(self) -> int:
        return len(self.values)

    def chunks(self, rows: int) -> Iterator[Float32]:
        """(``rows``, d) all rows in order; the last chunk may be shorter."""
        for start in range(0, len(self.values), rows):
            yield self.values[start : start + rows]

    def span(self, start: int, stop: int) -> Float32:
        """(stop - start, d) rows ``start`` to ``stop``."""
        return self.values[start:stop]


class Over:
    """What rows have in common with those that they follow from, one by one: the images."""

    __slots__ = ()
    rows: FeatureRows

    @property
    def ids(self) -> Sequence[str] | None:
        """One id per row, or None."""
        return self.rows.ids

    @property
    def labels(self) -> Int64 | None:
        """(n,) class indices, or None."""
        return self.rows.labels

    def __len__(self) -> int:
        return len(self.rows)


def held(parts: Mapping[str, FeatureRows], limit: int) -> Mapping[str, FeatureRows]:
    """The same rows in memory if all of them together take at most ``limit`` bytes, else as is."""
    if sum(4 * len(part) * part.dim for part in parts.values()) > limit:
        return parts
    return {
        name: ArrayRows(
            name=part.name,
            values=part.span(0, len(part)),
            fingerprint=part.fingerprint,
            ids=part.ids,
            labels=part.labels,
        )
        for name, part in parts.items()
    }


def check_same_images(parts: Sequence[FeatureRows]) -> None:
    """Row i of every network must be the same image.

    Raises:
        FeatureError: naming the first two networks that differ, and where.
    """
    with_ids = [part for part in parts if part.ids is not None]
    labelled = [(part, part.labels) for part in parts if part.labels is not None]
    first = with_ids[0] if with_ids else parts[0]
    for part in parts:
        if len(part) != len(first):
            raise FeatureError(
                f"{part.name} has features of {len(part)} images, {first.name} of {len(first)}. "
                "Rows must be the same images in the same order; extract both from one image set."
            )
    for part in with_ids[1:]:
        hint = "extract both from one image set"
        check_same_ids(first.name, first.ids or (), part.name, part.ids or (), hint=hint)
    for part, labels in labelled[1:]:
        if not np.array_equal(labels, labelled[0][1]):
            raise FeatureError(
                f"{part.name} and {labelled[0][0].name} have different labels for the same images. "
                "Use one class map for both."
            )


def joint_chunks(parts: Sequence[FeatureRows], rows: int) -> Iterator[list[Float32]]:
    """Chunks of all networks side by side: a list of (r, d) arrays, row i the same image.

    Raises:
        FeatureError: when the networks saw different images.
    """
    check_same_images(parts)
    for blocks in zip(*(part.chunks(rows) for part in parts), strict=True):
        yield list(blocks)


@dataclass(frozen=True, slots=True, eq=False)
class JoinedRows:
    """Features of one network on several image sets, one after another.

    Ids carry the name of their set (see ``image_id``).
    """

    parts: Sequence[FeatureRows]
    part_names: Sequence[str]

    def __repr__(self) -> str:
        return brief(self, name=self.name, parts=self.part_names, dim=self.dim)

    @property
    def name(self) -> str:
        return self.parts[0].name

    @property
    def dim(self) -> int:
        return self.parts[0].dim

    @property
    def fingerprint(self) -> str:
        return digest(*(part.fingerprint for part in self.parts))

    @property
    def ids(self) -> Sequence[str] | None:
        out: list[str] = []
        for part, name in zip(self.parts, self.part_names, strict=True):
            if part.ids is None:
                return None
            out += [image_id(i, part=name) for i in part.ids]
        return out

    @property
    def labels(self) -> Int64 | None:
        """(n,) class indices, where every part has them."""
        labels = [part.labels for part in self.parts if part.labels is not None]
        return np.concatenate(labels) if len(labels) == len(self.parts) else None

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def chunks(self, rows: int) -> Iterator[Float32]:
        """(``rows``, d) all rows in order, across the parts' borders."""
        yield from regroup((block for part in self.parts for block in part.chunks(rows)), rows)

    def span(self, start: int, stop: int) -> Float32:
        """(stop - start, d) rows ``start`` to ``stop``, read from the parts that hold them."""
        found, first = [], 0
        for part in self.parts:
            low, high = max(start - first, 0), min(stop - first, len(part))
            if low < high:
                found.append(part.span(low, high))
            first += len(part)
        return np.concatenate(found) if found else np.empty((0, self.dim), np.float32)


def regroup(blocks: Iterable[Float32], rows: int) -> Iterator[Float32]:
    """(r, d) blocks to (``rows``, d) blocks of the same rows, the last one maybe shorter."""
    held: list[Float32] = []
    count = 0
    for block in blocks:
        held.append(block)
        count += len(block)
        if count < rows:
            continue
        joined = np.concatenate(held) if len(held) > 1 else held[0]
        full = count - count % rows
        for start in range(0, full, rows):
            yield joined[start : start + rows]
        held, count = [joined[full:]], count - full
    if count:
        yield np.concatenate(held)
