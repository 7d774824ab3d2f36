"""What a plain tar file holds, the tar files in it and those joined to it included.

Bounds: a header has at most ``MOST_HEADER`` bytes, tar files lie at most ``DEEPEST`` deep in each
other, and no member reaches beyond its archive.
"""

from __future__ import annotations

import math
import posixpath
import tarfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

import numpy as np

from samefeatures.base.border import border, open_regular
from samefeatures.base.errors import DataError, FileError
from samefeatures.images.decode import starts_image
from samefeatures.images.listing import START, Listing, check_names
from samefeatures.images.taking import BARE, passed_over

LABEL_ENDING = ".cls"
"""Of members that hold the class index of the images beside them."""

MOST_HEADER = 2**24
"""Bytes that the names and further fields of one member may have."""

DEEPEST = 2
"""Tar files in a tar file are read, those in them are not."""

MOST_ZEROS = 2**30
"""Bytes behind an end mark that are looked through for more."""

_LATEST = 2**53
"""Seconds; a time beyond it is none."""


@dataclass(slots=True)
class _Found:
    """What was found so far: images and labels, directories, and what was passed over."""

    members: list[tuple[str, tarfile.TarInfo]] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)
    passed: Counter[str] = field(default_factory=Counter)


def index_of(path: Path) -> Listing:
    """The images and labels of a tar file, in their order.

    A tar file in it counts as a folder of its name. What follows an end mark is read on, as where
    two archives were joined.

    Raises:
        DataError: when it is damaged or cut short, members are links, or something that is no tar
            archive follows the end mark.
    """
    found = _Found()
    try:
        with border(), open_regular(path) as file:
            _read(file, 0, path.stat().st_size, found)
    except FileError as error:
        raise DataError(
            f"{path} is not a readable tar archive, or damaged or cut short ({error}). Fetch it "
            "again; if it is an unpacked copy, use 'relist: true'."
        ) from None
    odd = [name for name, m in found.members if not m.isreg() or m.issparse()]
    if odd:
        raise DataError(
            f"{path} holds {len(odd)} images or labels as links, devices or sparse files, among "
            f"them {', '.join(odd[:3])}. Pack it anew with 'tar --dereference --hard-dereference'."
        )
    names = [name for name, _ in found.members]
    check_names([*names, *found.folders], path)
    members = [member for _, member in found.members]
    return Listing(
        paths=names,
        sizes=np.array([m.size for m in members], np.int64),
        times=np.array([int(m.mtime) for m in members], np.int64),
        offsets=np.array([m.offset_data for m in members], np.int64),
        folders=sorted(found.folders),
        passed=dict(found.passed),
    )


def _read(
    file: IO[bytes], start: int, stop: int, found: _Found, *, below: str = "", depth: int = 1
) -> None:
    """Add what lies between two offsets of a file, and is named below a folder."""
    end = _read_one(file, start, stop, found, below=below, depth=depth)
    while (more := _behind(file, end, stop)) is not None:
        end = _read_one(file, more, stop, found, below=below, depth=depth)


def _read_one(
    file: IO[bytes], start: int, stop: int, found: _Found, *, below: str, depth: int
) -> int:
    """Add what one archive holds; returns where its end mark is."""
    file.seek(start)
    window = cast(IO[bytes], _Window(file, stop))
    with tarfile.open(fileobj=window, mode="r:") as archive:
        last = start
        while (member := archive.next()) is not None:
            archive.members.clear()  # type: ignore[attr-defined]  # it would keep every one
            _check(member, stop)
            if archive.offset <= last:
                raise FileError(f"the member at byte {last} leads back")
            last = archive.offset
            _add(file, member, found, below=below, depth=depth)
        end: int = archive.offset
    file.seek(end)
    mark = file.read(min(tarfile.BLOCKSIZE, stop - end))
    # At a damaged header tarfile stops as if the archive ended there.
    if mark != bytes(tarfile.BLOCKSIZE):
        what = "no end mark" if end > start or not start else "no tar archive behind an end mark"
        raise FileError(f"there is {what} at byte {end}")
    return end


def _add(
    file: IO[bytes], member: tarfile.TarInfo, found: _Found, *, below: str, depth: int
) -> None:
    name = below + member.name.removeprefix("./") if below else member.name
    why = passed_over(name)
    if member.isdir():
        folder = posixpath.normpath(name).strip("/")
        if folder != ".":  # what is packed by 'tar -C DIR .' begins with the root itself
            found.folders.add(folder)
    elif why == ".tar" and member.isreg() and depth < DEEPEST:
        inner = name[: -len(".tar")].removeprefix("./")
        found.folders.add(inner)
        at = member.offset_data
        _read(file, at, at + member.size, found, below=f"{inner}/", depth=depth + 1)
    elif why is None or _wanted(file, member, why):
        found.members.append((name, member))
    else:
        found.passed[why] += 1


def _wanted(file: IO[bytes], member: tarfile.TarInfo, why: str) -> bool:
    """Whether a member that is no image by its name is one by its content, or holds a label."""
    if why == LABEL_ENDING:
        return member.name.endswith(LABEL_ENDING)
    return why == BARE and member.isreg() and starts_image(_start(file, member))


def _start(file: IO[bytes], member: tarfile.TarInfo) -> bytes:
    file.seek(member.offset_data)
    return file.read(min(member.size, START))


def _check(member: tarfile.TarInfo, stop: int) -> None:
    if not 0 <= member.size <= stop - member.offset_data:
        raise FileError(f"{member.name!a} of {member.size} bytes does not lie within it")
    if not (math.isfinite(member.mtime) and abs(member.mtime) < _LATEST):
        raise FileError(f"{member.name!a} has the time {member.mtime}")


def _behind(file: IO[bytes], end: int, stop: int) -> int | None:
    """Where something else than zeros follows an end mark, or None."""
    at = end
    while at < stop:
        if at - end > MOST_ZEROS:
            raise FileError(f"more than {MOST_ZEROS // 2**20} MiB of zeros follow its end mark")
        file.seek(at)
        piece = file.read(min(2**20, stop - at))
        rest = piece.lstrip(b"\0")
        if rest:
            skipped = len(piece) - len(rest)
            return at + skipped - skipped % tarfile.BLOCKSIZE
        at += len(piece) or stop
    return None


class _Window:
    """A file as tarfile reads it: not behind its end, and no header that fills the memory."""

    def __init__(self, file: IO[bytes], stop: int) -> None:
        self._file, self._stop = file, stop

    def read(self, size: int) -> bytes:
        if not 0 <= size <= MOST_HEADER:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self._file.read(max(0, min(size, self._stop - self._file.tell())))

    def seek(self, place: int) -> int:
        return self._file.seek(place)

    def tell(self) -> int:
        return self._file.tell()
