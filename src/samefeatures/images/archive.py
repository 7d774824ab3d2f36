"""Tar files: which shards a pattern names, what they hold, and where in them it lies.

An archive is indexed once; members are then read at their offsets, from many threads. A compressed
archive can't be read at offsets: it is unpacked once, as a plain tar, into the cache folder.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from samefeatures.base.arrays import Int64
from samefeatures.base.digests import digest
from samefeatures.base.errors import DataError
from samefeatures.base.partial import clear_leftovers, whole_file
from samefeatures.base.paths import path_of
from samefeatures.images.listing import (
    Listing,
    cache_file,
    check_names,
    read_listing,
    write_listing,
)


@dataclass(frozen=True, slots=True)
class Member:
    """Where a member's bytes lie.

    Attributes:
        archive: The plain archive.
        time: When that was changed, in ns.
        offset: Of the first byte.
        size: In bytes.
    """

    archive: Path
    time: int
    offset: int
    size: int

    def read(self) -> bytes:
        """The bytes.

        The archive is opened anew each time: a few microseconds, and safe in threads, in forked
        processes, and with more shards than a process may hold open.

        Raises:
            DataError: when the archive is gone, or has been rewritten since it was indexed.
        """
        try:
            with self.archive.open("rb", buffering=0) as file:
                changed = os.fstat(file.fileno()).st_mtime_ns != self.time
                file.seek(self.offset)
                data = file.read(self.size)
        except OSError as error:
            raise DataError(
                f"{self.archive} was indexed but can't be read ({error.strerror}). Bring it back "
                "and run again."
            ) from None
        if changed or len(data) != self.size:
            raise DataError(
                f"{self.archive} was rewritten after it was indexed. Run again; nothing that was "
                "stored is lost."
            )
        return data


def open_archive(
    path: Path, wanted: Callable[[str], bool], *, relist: bool
) -> tuple[str, list[tuple[str, Member]]]:
    """Unpack an archive if need be, and index it, unless the cache has it while it is the same.

    Args:
        path: Of the archive.
        wanted: Says by its name whether a member is to be indexed.
        relist: Leave the cache aside.

    Returns:
        Its fingerprint, and its members with their names, in their order.

    Raises:
        DataError: when it is damaged or cut short, or members are links.
    """
    path = _plain(path, relist=relist)
    info = path.stat()
    stamp = np.array([info.st_size, info.st_mtime_ns], np.int64)
    cache = cache_file(path, "tar")
    listing = None if relist else read_listing(cache)
    if listing is None or not np.array_equal(listing.folder_times, stamp):
        listing = _listing(path, wanted, stamp)
        write_listing(cache, listing)
    places = zip(listing.offsets.tolist(), listing.sizes.tolist(), strict=True)
    members = [Member(path, info.st_mtime_ns, offset, size) for offset, size in places]
    # Members keep no nanoseconds; the archive's own time stands for rewritten ones.
    fingerprint = digest(listing.fingerprint, stamp.tobytes())
    return fingerprint, list(zip(listing.paths, members, strict=True))


def _listing(path: Path, wanted: Callable[[str], bool], stamp: Int64) -> Listing:
    members = [member for member in _members(path, wanted) if not member.isdir()]
    odd = [m.name for m in members if not m.isreg() or m.issparse()]
    if odd:
        raise DataError(
            f"{path} holds {len(odd)} images or labels as links or sparse files, among them "
            f"{', '.join(odd[:3])}. Pack it anew with 'tar --dereference --hard-dereference'."
        )
    check_names([m.name for m in members], path)
    return Listing(
        paths=[m.name for m in members],
        sizes=np.array([m.size for m in members], np.int64),
        times=np.array([int(m.mtime) for m in members], np.int64),
        offsets=np.array([m.offset_data for m in members], np.int64),
        folders=[],
        folder_times=stamp,
    )


def _members(path: Path, wanted: Callable[[str], bool]) -> list[tarfile.TarInfo]:
    try:
        with tarfile.open(path, "r:") as archive:
            members = []
            while (member := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  # it would keep every one
                if wanted(member.name):
                    members.append(member)
            end = archive.offset
        with path.open("rb") as file:
            file.seek(end)
            mark = file.read(tarfile.BLOCKSIZE)
    except (tarfile.TarError, EOFError, ValueError, OSError) as error:
        raise DataError(
            f"{path} is not a readable tar archive ({error}). Fetch it again: it may be cut short."
        ) from None
    # At a damaged header tarfile stops as if the archive ended there.
    if mark != bytes(tarfile.BLOCKSIZE):
        raise DataError(
            f"{path} is damaged or cut short after {len(members)} images: there is no end mark at "
            f"byte {end}. Fetch it again; if it is an unpacked copy, use 'relist: true'."
        )
    return members


def _plain(path: Path, *, relist: bool) -> Path:
    """The archive itself, or its uncompressed copy in the cache folder."""
    if path.suffix not in (".gz", ".tgz"):
        return path
    info = path.stat()
    key = digest(str(path.resolve()), str(info.st_size), str(info.st_mtime_ns))[:32]
    copy = cache_file(path, "unpacked").with_name(f"unpacked-{key}.tar")
    if copy.exists() and not relist:
        return copy
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        clear_leftovers(copy.parent)
        with gzip.open(path) as packed, whole_file(copy) as file:
            shutil.copyfileobj(packed, file, 2**20)
            file.flush()  # before its time is set
            os.utime(file.name, ns=(info.st_atime_ns, info.st_mtime_ns))
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path} can't be unpacked into {copy.parent} ({error}). Fetch it again if it is cut "
            "short; set SAMEFEATURES_CACHE if that folder is full or read-only."
        ) from None
    return copy


def expand(pattern: str, base: Path) -> list[Path]:
    """Paths of a pattern with ``{000..009}`` and ``*``, in order.

    Raises:
        DataError: when a path does not exist.
    """
    pieces = re.split(r"\{(\d+)\.\.(\d+)\}", pattern)
    choices: list[list[str]] = []
    for k in range(0, len(pieces) - 1, 3):
        low, high = pieces[k + 1], pieces[k + 2]
        numbers = [str(n).zfill(len(low)) for n in range(int(low), int(high) + 1)]
        choices += [[pieces[k]], numbers]
    names = ["".join(parts) for parts in product(*choices, [pieces[-1]])]
    out: list[Path] = []
    for text in names:
        path = path_of(text, base)
        if "**" in path.name:
            raise DataError(f"{pattern} holds '**', which means nothing here. Write one '*'.")
        found = sorted(path.parent.glob(path.name)) if "*" in path.name else [path]
        if not found or not found[0].is_file():
            raise DataError(f"There is no archive at {path}. Check the path.")
        out += found
    return out
