"""Archives that can't be read at offsets: unpacked once, as a plain tar, into the cache folder.

Bound: ``LEAST_ROOM`` and ``MOST_GAIN`` times the size of the archive. Photographs hardly shrink
when they are packed, drawings without a compression of their own may; an archive that grows a
thousandfold was made to fill the disk.
"""

from __future__ import annotations

import bz2
import gzip
import importlib
import io
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import IO, Any

from samefeatures.base.border import border, open_regular
from samefeatures.base.digests import digest
from samefeatures.base.errors import DataError, FileError, MissingExtraError, said
from samefeatures.base.partial import clear_leftovers, whole_file
from samefeatures.images.indexes import cache_folder

MOST_GAIN = 20
"""Times the size of an archive."""

LEAST_ROOM = 2**28
"""Bytes that any archive may unpack to."""


class _TooLarge(FileError):
    """An archive unpacks to more than the bound."""


def plain_archive(path: Path, *, relist: bool) -> Path:
    """The archive itself, or its uncompressed copy in the cache folder.

    Raises:
        MissingExtraError: when nothing that reads zstd is installed.
        DataError: when it is damaged, encrypted or beyond the bound, or the copy can't be written.
    """
    unpack = next((way for ending, way in UNPACKED.items() if path.name.endswith(ending)), None)
    if unpack is None:
        return path
    info = path.stat()
    key = digest(str(path.resolve()), str(info.st_size), str(info.st_mtime_ns))[:32]
    copy = cache_folder() / "listings" / f"unpacked-{key}.tar"
    if copy.exists() and not relist:
        return copy
    if unpack is _from_zstd:
        _zstd()  # or it is said before anything is made
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        clear_leftovers(copy.parent)
        with border(), open_regular(path) as packed, whole_file(copy) as file:
            unpack(packed, _Bounded(file, LEAST_ROOM + MOST_GAIN * info.st_size))
            file.flush()  # before its time is set
            os.utime(file.name, ns=(info.st_atime_ns, info.st_mtime_ns))
    except _TooLarge as error:
        raise DataError(
            f"{path} unpacks to more than {error}, {MOST_GAIN} times its size, which photographs "
            "never do. Unpack it yourself and give the folder if it is sound."
        ) from None
    except (FileError, OSError) as error:
        raise DataError(
            f"{path} can't be unpacked into {copy.parent} ({said(error)}). Fetch it again if it is "
            "cut short; set SAMEFEATURES_CACHE if that folder is full or read-only."
        ) from None
    return copy


class _Bounded(io.RawIOBase):
    """A file that takes no more than so many bytes."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        super().__init__()
        self._file, self._most = file, most

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if self._file.tell() + len(data) > self._most:
            raise _TooLarge(f"{self._most:,} bytes")
        return self._file.write(data)

    def tell(self) -> int:
        return self._file.tell()


def _stream(library: Any) -> Callable[[IO[bytes], _Bounded], None]:
    def unpack(packed: IO[bytes], file: _Bounded) -> None:
        _copy(library.open(packed), file)

    return unpack


def _copy(plain: IO[bytes], file: _Bounded) -> None:
    with plain:
        while piece := plain.read(2**20):
            file.write(piece)


def _from_zstd(packed: IO[bytes], file: _Bounded) -> None:
    library = _zstd()
    if library.__name__ == "zstandard":
        # Frames that were joined are read on, as gzip's are.
        plain = library.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
    else:
        plain = library.open(packed)
    _copy(plain, file)


def _zstd() -> ModuleType:
    """Python's own from 3.14 on, else the package zstandard.

    Raises:
        MissingExtraError: when there is neither.
    """
    for name in ("compression.zstd", "zstandard"):
        with suppress(ImportError):
            return importlib.import_module(name)
    raise MissingExtraError(
        "Archives that are compressed by zstd are read by Python from version 3.14 on, and by the "
        "package 'zstandard', which is not installed. Install it with: pip install zstandard"
    )


def _from_zip(packed: IO[bytes], file: _Bounded) -> None:
    with zipfile.ZipFile(packed) as archive, tarfile.open(fileobj=file, mode="w:") as out:
        for member in archive.infolist():
            entry = tarfile.TarInfo(member.filename.rstrip("/"))
            if member.is_dir():
                entry.type = tarfile.DIRTYPE
                out.addfile(entry)
                continue
            entry.size = member.file_size
            with archive.open(member) as data:
                out.addfile(entry, data)


UNPACKED: Mapping[str, Callable[[IO[bytes], _Bounded], None]] = {
    ".gz": _stream(gzip),
    ".tgz": _stream(gzip),
    ".xz": _stream(lzma),
    ".txz": _stream(lzma),
    ".bz2": _stream(bz2),
    ".tbz2": _stream(bz2),
    ".zst": _from_zstd,
    ".tzst": _from_zstd,
    ".zip": _from_zip,
}
"""How archives are unpacked, by the ending of their names."""
