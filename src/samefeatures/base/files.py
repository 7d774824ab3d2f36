"""Write files whole or not at all, and say what to do when the system refuses."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from samefeatures.base.errors import StoreError
from samefeatures.base.partial import whole_file


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals into a StoreError that says what to do.

    Raises:
        StoreError: disk full, read-only, no permission, or any other refusal.
    """
    try:
        yield
    except OSError as error:
        remedy = {
            errno.ENOSPC: "The disk is full. Free some space and run the same command again; "
            "what is stored is kept",
            errno.EDQUOT: "The disk quota is used up. Free some space and run the same command "
            "again; what is stored is kept",
            errno.EROFS: "The folder is read-only. Choose another with --out",
            errno.EACCES: "There is no permission to write. Choose another folder with --out",
            errno.EPERM: "There is no permission to write. Choose another folder with --out",
            errno.ENOTDIR: "A part of that path is a file. Choose another folder with --out",
        }.get(error.errno or 0, "Check the folder and run the same command again")
        raise StoreError(f"Can't write {path}: {error.strerror or error}. {remedy}.") from None


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: beside its place, then moved there.

    Raises:
        OSError: as the system says; see ``writing``.
    """
    with whole_file(path) as file:
        file.write(data)
