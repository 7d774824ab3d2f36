"""Tar files: what they hold, and where in them it lies.

An archive is indexed once; members are then read at their offsets, from many threads.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from samefeatures.base.border import border, open_regular
from samefeatures.base.digests import digest
from samefeatures.base.errors import DataError, FileError
from samefeatures.images.indexes import index_file, read_index, write_index
from samefeatures.images.reading import check_size
from samefeatures.images.taking import Listed
from samefeatures.images.tar_index import index_of
from samefeatures.images.unpacking import plain_archive


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
            UnreadableImageError: when the member is larger than an image may be.
        """
        check_size(self.size)
        try:
            with border(), open_regular(self.archive) as file:
                changed = os.fstat(file.fileno()).st_mtime_ns != self.time
                file.seek(self.offset)
                data = file.read(self.size)
        except FileError as error:
            raise DataError(
                f"{self.archive} was indexed but can't be read ({error}). Bring it back "
                "and run again."
            ) from None
        if changed or len(data) != self.size:
            raise DataError(
                f"{self.archive} was rewritten after it was indexed. Run again; nothing that was "
                "stored is lost."
            )
        return data


@dataclass(frozen=True, slots=True)
class Archive:
    """An indexed archive.

    Attributes:
        fingerprint: Changes with it.
        members: Images and labels with their names, in their order.
        folders: Directories in it, tar files in it among them.
        listed: What was taken, and what was passed over.
    """

    fingerprint: str
    members: list[tuple[str, Member]]
    folders: list[str]
    listed: Listed


def open_archive(path: Path, *, relist: bool) -> Archive:
    """Unpack an archive if need be, and index it, unless the cache has it while it is the same.

    Args:
        path: Of the archive.
        relist: Leave the cache aside.

    Raises:
        DataError: when it is damaged or cut short, beyond the bounds, or members are links.
    """
    path = plain_archive(path, relist=relist)
    info = path.stat()
    stamp = np.array([info.st_size, info.st_mtime_ns], np.int64)
    cache = index_file(path)
    index = None if relist else read_index(cache, stamp)
    if index is None:
        index = index_of(path)
        write_index(cache, index, stamp)
    places = zip(index.offsets.tolist(), index.sizes.tolist(), strict=True)
    members = [Member(path, info.st_mtime_ns, offset, size) for offset, size in places]
    return Archive(
        # Members keep no nanoseconds; the archive's own time stands for rewritten ones.
        fingerprint=digest(index.fingerprint, stamp.tobytes()),
        members=list(zip(index.paths, members, strict=True)),
        folders=index.folders,
        listed=index.listed,
    )
