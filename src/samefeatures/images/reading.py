"""Read image files: regular ones alone, no larger than the bound, and unchanged since listed."""

from __future__ import annotations

import os
from pathlib import Path

from samefeatures.base.border import border, bytes_of, open_regular
from samefeatures.base.errors import DataError, FileError, NoFileError, UnreadableImageError
from samefeatures.images.decode import MOST_BYTES


def read_image(path: Path) -> bytes:
    """The bytes of an image file.

    Raises:
        UnreadableImageError: when it can't be opened, or is larger than an image may be.
    """
    try:
        with border():
            return bytes_of(path, most=MOST_BYTES)
    except FileError as error:
        raise UnreadableImageError(f"it can't be opened ({error})") from None


def read_unchanged(path: Path, size: int, time: int) -> bytes:
    """A file's bytes, if it still is what was listed.

    Raises:
        DataError: when it is gone, or has another size or time than when it was listed.
        UnreadableImageError: when it can't be opened, or is larger than an image may be.
    """
    check_size(size)
    try:
        with border(), open_regular(path) as file:
            state = os.fstat(file.fileno())
            data = file.read(size + 1)
    except NoFileError:
        raise DataError(
            f"{path} is gone since it was listed. Bring it back, or run again."
        ) from None
    except FileError as error:
        raise UnreadableImageError(f"it can't be opened ({error})") from None
    if (state.st_size, state.st_mtime_ns) != (size, time) or len(data) != size:
        raise DataError(
            f"{path} was rewritten after it was listed, so that the set is no longer what its "
            "fingerprint says. Run again."
        )
    return data


def check_size(size: int) -> None:
    """Refuse an image file of more bytes than are read.

    Raises:
        UnreadableImageError: with the bound.
    """
    if size > MOST_BYTES:
        raise UnreadableImageError(f"larger than {MOST_BYTES // 2**20} MiB, the most that is read")
