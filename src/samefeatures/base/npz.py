"""NumPy files of plain arrays: written whole, read without trust; nothing in them is unpickled.

Before an array is read, what its header claims is held against the bytes that are there, and these
against what they are packed in: no file makes more memory than a thousand times its size.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from samefeatures.base.border import border, open_regular
from samefeatures.base.errors import FileError, NoFileError, SamefeaturesError, did_you_mean
from samefeatures.base.partial import whole_file

Array = npt.NDArray[Any]

PACKED = 1100
"""Deflate makes no more than 1,032 bytes of one."""
EMPTY = 10_000_000
"""Entries of an array that has no bytes."""
HEADER, SLACK = 30, 80
"""Bytes of a member's own header, and those that its extra fields may have; no array is shorter."""
SINGLE = b"\x93NUMPY"
KINDS = {"i": "whole numbers", "u": "bytes or whole numbers from 0", "f": "floats", "U": "text"}


def read_npz(
    path: Path,
    required: Sequence[str],
    *,
    optional: Sequence[str] = (),
    refused: type[SamefeaturesError],
    damaged: type[SamefeaturesError],
) -> dict[str, Array]:
    """The arrays of a ``.npz``, of any shapes (…), by name.

    Args:
        path: The file.
        required: Names that it must have.
        optional: Names that it may have; others are refused.
        refused: Raised when there is no such file, or its arrays are not those.
        damaged: Raised when it is cut short, something else, or holds pickled objects.
    """
    known = (*required, *optional)
    try:
        names = names_in(path)
        unknown = [name for name in names if name not in known]
        arrays = {} if unknown else load_npz(path)
    except NoFileError:
        raise refused(f"There is no file at {path}. Check the path.") from None
    except FileError as error:
        raise damaged(
            f"{path} is cut short or is no .npz of plain arrays ({error}). Write it with "
            "numpy.savez; pickled objects are not loaded, since they can run any code."
        ) from None
    if unknown:
        raise refused(
            f"{path} holds the unknown array '{unknown[0]}'. "
            f"{did_you_mean(unknown[0], known)}Known: {', '.join(known)}."
        )
    missing = [name for name in required if name not in arrays]
    if missing:
        raise refused(
            f"{path} lacks {', '.join(missing)}; it has {', '.join(arrays) or 'nothing'}. It needs "
            f"{', '.join(required)}."
        )
    return arrays


def write_npz(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write arrays of any shapes (…) uncompressed, whole or not at all.

    Raises:
        OSError: as the system says; see ``writing``.
    """
    with whole_file(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def names_in(path: Path) -> list[str]:
    """Names of the arrays of a file.

    Raises:
        NoFileError: when there is none.
        FileError: when it is no ``.npz``.
    """
    with border(), open_regular(path) as raw, _opened(raw) as file:
        return list(_members(file))


def load_npz(path: Path, names: Sequence[str] | None = None) -> dict[str, Array]:
    """The arrays, of any shapes (…), of a file that ``write_npz`` wrote.

    Args:
        path: The file.
        names: Of the arrays that are read; all of them if left out.

    Raises:
        NoFileError: when there is none.
        FileError: when it is cut short, altered, or something else, or an array is missing.
    """
    with border(), open_regular(path) as raw, _opened(raw) as file:
        members = _members(file)
        missing = [name for name in names or () if name not in members]
        if missing:
            raise FileError(f"it has no array '{missing[0]}'")
        wanted = members if names is None else {name: members[name] for name in names}
        return {name: _read(file, info, name) for name, info in wanted.items()}


def check_kinds(arrays: Mapping[str, Array], wanted: Mapping[str, tuple[str, int]]) -> None:
    """Refuse arrays (…) of another kind, or with another number of axes.

    Args:
        arrays: By name.
        wanted: Letters of NumPy's kinds that it may have, and its axes, by name.

    Raises:
        FileError: naming the array.
    """
    for name, (kinds, axes) in wanted.items():
        if name not in arrays:
            raise FileError(f"it has no array '{name}'")
        array = arrays[name]
        if array.dtype.kind not in kinds or array.ndim != axes:
            words = " or ".join(KINDS[kind] for kind in kinds)
            raise FileError(
                f"'{name}' is {array.dtype} {array.shape}; it must be {words} with {axes} axes"
            )


def _opened(raw: IO[bytes]) -> zipfile.ZipFile:
    if raw.read(len(SINGLE)) == SINGLE:
        raise FileError("it holds a single array, as numpy.save writes it")
    raw.seek(0)
    return zipfile.ZipFile(raw)


def _members(file: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Arrays by name, with what is known of them without reading them."""
    found: dict[str, zipfile.ZipInfo] = {}
    for info in file.infolist():
        name = info.filename.removesuffix(".npy")
        if name == info.filename:
            raise FileError(f"'{name}' in it is no array")
        if name in found:
            raise FileError(f"the array '{name}' stands in it twice")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FileError(f"'{name}' is packed in a way that NumPy does not write")
        if info.file_size > PACKED * (info.compress_size + 1):
            raise FileError(f"'{name}' claims {info.file_size} bytes of {info.compress_size}")
        found[name] = info
    _check_contents(file)
    return found


def _check_contents(file: zipfile.ZipFile) -> None:
    """A damaged table of contents may pass over arrays: what it lists must fill the file."""
    end = 0
    for info in sorted(file.infolist(), key=lambda each: each.header_offset):
        if info.comment or info.header_offset - end > SLACK:
            raise FileError("its table of contents leaves something out")
        end = info.header_offset + HEADER + len(info.orig_filename.encode()) + info.compress_size
    if file.start_dir - end > SLACK:
        raise FileError("its table of contents leaves something out")


def _read(file: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Array:
    """One array (…), whose claims are checked first; its checksum is at its end."""
    with file.open(info) as member:
        try:
            shape, dtype = _header(member)
        except MemoryError:  # of Python's parser, for thousands of brackets
            raise FileError(f"'{name}': its header is nested too deeply") from None
        size = dtype.itemsize * math.prod(shape)
        here = info.file_size - member.tell()
        many = math.prod(side for side in shape if side) > EMPTY
        if dtype.hasobject:
            raise FileError(f"'{name}' holds pickled objects")
        if size != here or min(shape, default=0) < 0 or (not size and many):
            raise FileError(f"'{name}' claims {dtype} {shape}, but there are {here} bytes")
    with file.open(info) as member:
        array: Array = np.lib.format.read_array(member, allow_pickle=False)
        if member.read(1):
            raise FileError(f"'{name}' goes on behind its end")
    return array


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(member)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise FileError(f"arrays of version {version} are not read")
    shape, _, dtype = readers[version](member)
    return shape, dtype
