"""Indexes of archives in the user's cache folder: going through one may take minutes."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Int64
from samefeatures.base.border import kept_or_none
from samefeatures.base.digests import digest
from samefeatures.base.documents import parse_json
from samefeatures.base.errors import FileError
from samefeatures.base.npz import check_kinds, load_npz, write_npz
from samefeatures.base.partial import clear_leftovers
from samefeatures.images.listing import Listing


def cache_folder() -> Path:
    """Where indexes and unpacked archives lie: SAMEFEATURES_CACHE, or the user's cache folder."""
    chosen = os.environ.get("SAMEFEATURES_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "samefeatures"


def index_file(archive: Path) -> Path:
    """The file that keeps the index of an archive."""
    key = digest("2", str(archive.resolve()))[:32]  # 1 took the root of an archive for a folder
    return cache_folder() / "listings" / f"index-{key}.npz"


def read_index(cache: Path, stamp: Int64) -> Listing | None:
    """A kept index, or None where there is none that can be read, or of another archive.

    Args:
        cache: The file that keeps it.
        stamp: (2,) size and time of the archive.
    """
    index = kept_or_none(_load, cache)
    return index[0] if index and np.array_equal(index[1], stamp) else None


def _load(cache: Path) -> tuple[Listing, Int64]:
    arrays: dict[str, Any] = load_npz(cache)
    names = ["stamp", *(field.name for field in fields(Listing))]
    check_kinds(arrays, {name: ("u" if name in _TEXTS else "i", 1) for name in names})
    texts = {name: parse_json(arrays.pop(name).tobytes()) for name in _TEXTS}
    stamp = arrays.pop("stamp")
    found = Listing(**arrays, **texts)
    if not len(found.paths) == len(found.sizes) == len(found.times) == len(found.offsets):
        raise FileError("its lists have different lengths")
    return found, stamp


def write_index(cache: Path, listing: Listing, stamp: Int64) -> None:
    """Keep an index; where the cache can't be written, the next run goes through the archive again.

    Args:
        cache: The file.
        listing: Of the archive's images.
        stamp: (2,) size and time of the archive.
    """
    arrays = {field.name: getattr(listing, field.name) for field in fields(listing)}
    arrays |= {name: _bytes(arrays[name]) for name in _TEXTS}
    with contextlib.suppress(OSError):
        cache.parent.mkdir(parents=True, exist_ok=True)
        clear_leftovers(cache.parent)
        write_npz(cache, {**arrays, "stamp": stamp})


_TEXTS = ("paths", "folders", "passed")
"""Fields of a listing that are kept as the bytes of JSON."""


def _bytes(value: Sequence[str] | dict[str, int]) -> npt.NDArray[np.uint8]:
    return np.frombuffer(json.dumps(value).encode(), np.uint8)
