"""Files that only save time: listings and indices of images, kept in the user's cache folder."""

from __future__ import annotations

import contextlib
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from samefeatures.data.imageset import digest
from samefeatures.errors import DataError

Columns = dict[str, npt.NDArray[np.generic]]


def cache_folder() -> Path:
    """Where cached files lie.

    ``$SAMEFEATURES_CACHE``, else ``$XDG_CACHE_HOME/samefeatures``, else ``~/.cache/samefeatures``.
    Deleting it costs time and nothing else.
    """
    own = os.environ.get("SAMEFEATURES_CACHE")
    if own:
        return Path(own)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "samefeatures"


def cached_path(kind: str, path: Path, suffix: str) -> Path:
    """The cached file of this kind that belongs to ``path``, whether it exists or not."""
    return cache_folder() / "listings" / f"{digest(kind, os.path.abspath(path))[:40]}{suffix}"  # noqa: PTH100


def read_columns(path: Path) -> Columns | None:
    """The arrays of a cached file; None when it is missing, damaged or of another making."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None


def write_columns(path: Path, columns: Mapping[str, npt.NDArray[np.generic]]) -> None:
    """Cache arrays, wholly or not at all. A cache that can't be written is no error."""
    with contextlib.suppress(OSError), replacing(path) as file:
        np.savez(file, allow_pickle=False, **columns)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of ``path`` when the block ends well.

    Raises:
        OSError: when the folder can't be made or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def pack(texts: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Many strings as one array of bytes, since numpy's own string arrays pad to the longest."""
    return np.frombuffer("\0".join(texts).encode(), np.uint8)


def unpack(packed: npt.NDArray[np.generic], count: int) -> list[str]:
    """The strings that ``pack`` was given.

    Raises:
        ValueError: when they are not ``count`` strings.
    """
    texts = packed.tobytes().decode().split("\0") if count else []
    if len(texts) != count:
        raise ValueError(f"{len(texts)} strings instead of {count}")
    return texts


def check_names(names: Sequence[str], where: Path) -> None:
    """Refuse file names that are not Unicode: they could be neither stored nor printed.

    Raises:
        DataError: naming one of them.
    """
    try:
        "\0".join(names).encode()
    except UnicodeEncodeError:
        bad = next(name for name in names if not name.isascii() and not _encodable(name))
        raise DataError(
            f"{where} holds a file name that is not UTF-8: {ascii(bad)}. Ids are text; rename it."
        ) from None


def _encodable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
