"""Rows of features as people have them: arrays of any library, files in memory, blocks of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from samefeatures.base.errors import FeatureError
from samefeatures.features.blocks import (
    array_of,
    check_finite,
    frame_ids,
    is_frame,
    shape_of,
    single,
)
from samefeatures.features.rows import ArrayRows, FeatureRows, regroup
from samefeatures.features.same import Id

Floats: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Rows: TypeAlias = Any
"""What ``given_rows`` takes: no type says it, since any array that knows its shape will do."""

BLOCK_BYTES = 1 << 25


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GivenRows:
    """Rows of one feature space.

    Attributes:
        name: Of the space, as errors call it.
        dim: Features.
        dtype: float32, or float64 where the rows are of it.
        length: Rows; None where they are only known when they have been read, once.
        ids: One a row, or None where they have none.
        own: Of whose features they say that they are; None where they do not.
        read: Gives (rows, d) blocks in order; the last may be shorter, and all may be of other
            lengths where ``length`` is None.
    """

    name: str
    dim: int
    dtype: np.dtype[Any]
    length: int | None
    ids: Sequence[Id] | None
    read: Callable[[int], Iterator[Floats]]
    own: str | None = None

    def chunks(self, rows: int) -> Iterator[Floats]:
        """(``rows``, d) blocks in order, the last maybe shorter.

        Raises:
            FeatureError: at the first value that is NaN or infinite, and where a block is not as
                the first one was.
        """
        start, blocks = 0, cast(Iterator[Any], self.read(rows))
        for block in regroup(blocks, rows) if self.length is None else blocks:
            check_finite(block, self.name, start)
            yield block
            start += len(block)


def given_rows(given: Rows, name: str) -> GivenRows:
    """Rows of one feature space, read no more than a block at a time.

    Args:
        given: (n, d) floats of 16, 32 or 64 bits: NumPy's, those of a file in memory, tensors of
            torch (on any device; gradients are left behind), data frames, whatever else can be cut
            by rows and turned into an array (JAX, zarr, h5py), features that ``extract`` gave, or
            (r, d) blocks of such in a list, an iterator or a loader.
        name: Of the space, as errors call it.

    Raises:
        FeatureError: when it is something else, or empty.
    """
    if isinstance(given, str | bytes | Path):
        raise FeatureError(
            f"{name} is a path. Open the file first: numpy.load(path, mmap_mode='r') reads no more "
            "of it than is asked for."
        )
    if isinstance(given, Mapping | set | frozenset | np.lib.npyio.NpzFile):
        raise FeatureError(
            f"{name} is {type(given).__name__}, which holds several things; give one (n, d) array."
        )
    if isinstance(given, type):
        raise FeatureError(f"{name} is the class {given.__name__}; give an array.")
    if is_features(given):
        return _of_features(given, name)
    if isinstance(given, list | tuple) and not _are_blocks(given):
        given = array_of(given, name)
    if not hasattr(given, "shape") and not hasattr(given, "__array__"):
        return _of_blocks(given, name)
    if not hasattr(given, "shape") or not hasattr(given, "__getitem__"):
        given = array_of(given, name)
    return _of_array(given, name)


def is_features(given: object) -> bool:
    """Whether these are rows as ``extract`` gives them."""
    return hasattr(given, "chunks") and hasattr(given, "span") and not isinstance(given, type)


def own_name(given: Any) -> str | None:
    """Of whose features rows say that they are; None where they do not."""
    return str(given.name) if is_features(given) else None


def _of_features(rows: FeatureRows, name: str) -> GivenRows:
    return GivenRows(
        name=name,
        dim=rows.dim,
        dtype=np.dtype(np.float32),
        length=len(rows),
        ids=rows.ids,
        read=rows.chunks,
        own=own_name(rows),
    )


def _of_array(given: Any, name: str) -> GivenRows:
    length, dim = shape_of(given, name)

    def read(rows: int) -> Iterator[Floats]:
        for start in range(0, length, rows):
            yield array_of(given, name, slice(start, start + rows))

    return GivenRows(
        name=name,
        dim=dim,
        # Of no rows: what it says of columns and dtypes is refused before anything is read.
        dtype=array_of(given, name, slice(0, 0)).dtype,
        length=length,
        ids=frame_ids(given) if is_frame(given) else None,
        read=read,
    )


def _are_blocks(given: Sequence[Any]) -> bool:
    return bool(given) and len(getattr(given[0], "shape", ())) == 2


def _of_blocks(given: Any, name: str) -> GivenRows:
    if not isinstance(given, Iterable):
        raise FeatureError(
            f"{name} is {type(given).__name__}, which is no array. Give (n, d) floats, rows are "
            "samples, or (r, d) blocks of them one after another."
        )
    blocks = iter(given)
    first = next(blocks, None)
    if first is None:
        raise FeatureError(
            f"{name} gives no block of rows. An iterator that has been read is empty: make it anew."
        )
    dim, head = shape_of(first, name)[1], array_of(first, name)

    def read(_rows: int) -> Iterator[Floats]:
        yield head
        for number, block in enumerate(blocks, start=2):
            found = shape_of(block, name)[1], array_of(block, name)
            if (found[0], found[1].dtype) != (dim, head.dtype):
                raise FeatureError(
                    f"Block {number} of {name} has {found[0]} features of {found[1].dtype}, the "
                    f"first has {dim} of {head.dtype}. All must be of one space."
                )
            yield found[1]

    return GivenRows(name=name, dim=dim, dtype=head.dtype, length=None, ids=None, read=read)


def in_memory(rows: GivenRows) -> ArrayRows:
    """All of them, (n, d) in float32.

    Raises:
        FeatureError: as ``GivenRows.chunks``, and when float32 can't hold a value.
    """
    blocks = [single(block, rows.name) for block in rows.chunks(4096)]
    none = np.zeros((0, rows.dim), np.float32)
    return ArrayRows(name=rows.name, values=np.concatenate([none, *blocks]), fingerprint="")


def read_again(rows: GivenRows) -> GivenRows:
    """The same rows; in memory, as they came, where they can be read only once."""
    if rows.length is not None:
        return rows
    none = np.zeros((0, rows.dim), rows.dtype)
    return _of_array(np.concatenate([none, *rows.chunks(4096)]), rows.name)
