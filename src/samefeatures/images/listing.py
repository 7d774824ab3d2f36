"""List files once: the second listing of 1.28 million images takes no look at any of them.

A folder's listing is kept in the user's cache folder and holds while no directory below it has
changed (a directory's time changes when an entry comes, goes or is renamed). What that can't see is
a file rewritten in place: reading it is refused, and ``relist: true`` lists anew.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Int64
from samefeatures.base.border import kept_or_none
from samefeatures.base.digests import digest
from samefeatures.base.errors import DataError, FileError
from samefeatures.base.npz import check_kinds, load_npz, write_npz
from samefeatures.base.partial import clear_leftovers

IMAGE_ENDINGS = (
    ".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff",
    ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".avif",
)  # fmt: skip

TEXTS = ("paths", "folders")
"""Fields of a listing that are kept as bytes."""

RACY_NS = 2_000_000_000
"""A directory changed less than this ago may change again within one tick of its clock."""


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """Image files below a place, in the order of their paths.

    Attributes:
        paths: Relative, with ``/``.
        sizes: (n,) bytes.
        times: (n,) modification times in nanoseconds.
        offsets: (n,) where each file's bytes start; zeros for folders.
        folders: Directories that were visited; empty for archives.
        folder_times: Their modification times; of an archive its size and modification time.
    """

    paths: list[str]
    sizes: Int64
    times: Int64
    offsets: Int64
    folders: list[str]
    folder_times: Int64

    @property
    def fingerprint(self) -> str:
        """Over paths, sizes and times: it changes when a file is added, removed or rewritten.

        Not over the bytes: reading 1.28 million files to see that nothing changed would take longer
        than many a study. So a copy that does not keep times counts as another set.
        """
        return digest("\0".join(self.paths), self.sizes.tobytes(), self.times.tobytes())


def is_image(name: str) -> bool:
    """Whether a path's ending is that of an image; hidden files and folders hold none."""
    hidden = any(part.startswith(".") and part not in (".", "..") for part in name.split("/"))
    return name.lower().endswith(IMAGE_ENDINGS) and not hidden


def cache_folder() -> Path:
    """Where listings are kept: SAMEFEATURES_CACHE, or the user's cache folder."""
    chosen = os.environ.get("SAMEFEATURES_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "samefeatures"


def list_folder(root: Path, *, relist: bool = False) -> Listing:
    """Image files below a folder, from the cache if no directory has changed.

    Links are followed; whatever is hidden (its name begins with a dot) is passed over.

    Raises:
        DataError: when a directory can't be listed, a link leads back to a directory above it, or
            a name is not Unicode.
    """
    cache = cache_file(root, "folder")
    if not relist:
        kept = read_listing(cache)
        if kept is not None and _unchanged(root, kept):
            return kept
    try:
        listing = _scan(root)
    except OSError as error:
        raise DataError(
            f"{error.filename} can't be listed ({error.strerror}). Check its permissions, and that "
            "links lead somewhere."
        ) from None
    check_names([*listing.paths, *listing.folders], root)
    if abs(time.time_ns() - int(listing.folder_times.max())) > RACY_NS:
        write_listing(cache, listing)
    return listing


def _scan(root: Path) -> Listing:
    found: list[tuple[str, int, int]] = []
    folders: list[tuple[str, int]] = []
    waiting: list[tuple[str, frozenset[tuple[int, int]]]] = [(".", frozenset())]
    while waiting:
        below, above = waiting.pop()
        here = root / below
        # Before the scan, so that a change during it is noticed by the next run.
        state = here.stat()
        this = (state.st_dev, state.st_ino)
        if this in above:
            raise DataError(
                f"{here} leads back to a directory above it, so that the listing would never end. "
                "Remove the link."
            )
        folders.append((below, state.st_mtime_ns))
        with os.scandir(here) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                path = entry.name if below == "." else f"{below}/{entry.name}"
                if entry.is_dir():
                    waiting.append((path, above | {this}))
                elif is_image(entry.name):
                    info = entry.stat()
                    found.append((path, info.st_size, info.st_mtime_ns))
    found.sort()
    return Listing(
        paths=[path for path, _, _ in found],
        sizes=np.array([size for _, size, _ in found], np.int64),
        times=np.array([when for _, _, when in found], np.int64),
        offsets=np.zeros(len(found), np.int64),
        folders=[name for name, _ in folders],
        folder_times=np.array([when for _, when in folders], np.int64),
    )


def _unchanged(root: Path, kept: Listing) -> bool:
    try:
        return all(
            (root / name).stat().st_mtime_ns == when
            for name, when in zip(kept.folders, kept.folder_times.tolist(), strict=True)
        )
    except OSError:
        return False


def cache_file(place: Path, kind: str) -> Path:
    """The file that keeps the listing of a place."""
    return cache_folder() / "listings" / f"{kind}-{digest(str(place.resolve()))[:32]}.npz"


def read_listing(cache: Path) -> Listing | None:
    """A kept listing, or None when there is none that can be read."""
    return kept_or_none(_load, cache)


def _load(cache: Path) -> Listing:
    arrays: dict[str, Any] = load_npz(cache, [field.name for field in fields(Listing)])
    check_kinds(arrays, {name: ("u" if name in TEXTS else "i", 1) for name in arrays})
    kept = Listing(**arrays | {name: _lines(arrays[name]) for name in TEXTS})
    if not len(kept.paths) == len(kept.sizes) == len(kept.times) == len(kept.offsets):
        raise FileError("its lists have different lengths")
    return kept


def write_listing(cache: Path, listing: Listing) -> None:
    """Keep a listing; where the cache can't be written, the next run lists again."""
    arrays = {field.name: getattr(listing, field.name) for field in fields(listing)}
    with contextlib.suppress(OSError):
        cache.parent.mkdir(parents=True, exist_ok=True)
        clear_leftovers(cache.parent)
        write_npz(cache, arrays | {name: _bytes(arrays[name]) for name in TEXTS})


def check_names(names: Sequence[str], where: Path) -> None:
    """Refuse names that are not Unicode: as ids they could be neither stored nor printed.

    Raises:
        DataError: with one of them.
    """
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise DataError(
                f"{where} holds a name that is not UTF-8: {name!a}. Ids are text; rename it."
            ) from None


def _bytes(names: Sequence[str]) -> npt.NDArray[np.uint8]:
    # A path may hold any character but NUL.
    return np.frombuffer("\0".join(names).encode(), np.uint8)


def _lines(array: npt.NDArray[np.uint8]) -> list[str]:
    text = array.tobytes().decode()
    return text.split("\0") if text else []
