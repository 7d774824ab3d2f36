"""Where files and folders lie until they are whole, and what killed processes left of them.

``X`` is built beside its place, as ``X.SYSTEM-PID-TOKEN.partial``, and moved there. SYSTEM stands
for the running system (its boot, or its name), TOKEN is random: containers that share a disk often
have equal process ids.

Until then its process holds a lock, on the file itself or, for a folder, on ``….partial.lock``,
which the system takes from it when it dies, however that happens. A leftover is removed only by a
process of the same running system that gets its lock: on another machine that shares the disk a
lock may not be seen, so that what others left stays. Systems without such locks or without a boot
id remove nothing.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from samefeatures.base.digests import digest

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
MARK = b"samefeatures builds a folder here"
"""In the lock of a folder: without it no folder is ever removed."""
LONGEST = 120
"""Bytes of a name that go into that of its partial file: names end at 255."""


def beside(place: Path, ending: str = "partial") -> Path:
    """A name that no other process takes, in the folder of ``place``."""
    name = place.name.encode()[:LONGEST].decode(errors="ignore")
    system = digest(_boot_id() or socket.gethostname())[:8]
    return place.with_name(f"{name}.{system}-{os.getpid()}-{secrets.token_hex(4)}.{ending}")


@contextmanager
def file_beside(place: Path) -> Iterator[IO[bytes]]:
    """A new file beside ``place``, open to be written and read; removed when the block ends.

    Raises:
        OSError: as the system says.
    """
    path, file = _claimed(place, "partial")
    try:
        with file:
            yield file
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


@contextmanager
def whole_file(place: Path) -> Iterator[IO[bytes]]:
    """A file to write, which stands at ``place`` when the block ends without an error.

    Raises:
        OSError: as the system says; see ``writing``.
    """
    with file_beside(place) as file:
        yield file
        move(file, place)


def move(file: IO[bytes], place: Path) -> None:
    """Move an open file, which keeps its lock until then.

    Raises:
        OSError: as the system says.
    """
    file.flush()
    if fcntl is None:  # Windows moves no open file, and has no lock to keep
        file.close()
    Path(file.name).replace(place)


@contextmanager
def building(place: Path) -> Iterator[Path]:
    """A folder to build in, beside ``place``; moved there when the block ends without an error.

    If another process was first, its folder stays and this one is removed.

    Args:
        place: Where the folder is to be.
    """
    lock, file = _claimed(place, "partial.lock")
    partial = lock.with_suffix("")
    try:
        with file:
            file.write(MARK)
            file.flush()
            yield partial
            # Where another process was first, its folder is the same.
            with suppress(OSError):
                partial.rename(place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        with suppress(OSError):
            lock.unlink(missing_ok=True)


def clear_leftovers(folder: Path) -> list[Path]:
    """Remove unfinished files and folders of which it is certain that nobody builds them.

    Returns:
        What was removed.
    """
    boot = _boot_id()
    if fcntl is None or boot is None:
        return []
    found = []
    for path in folder.glob(f"*.{digest(boot)[:8]}-*.partial*"):
        partial = path.with_suffix("") if path.suffix == ".lock" else path
        with suppress(OSError), path.open("r+b") as file:  # a folder, locked, or gone
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path != partial and file.read(len(MARK)) == MARK:
                shutil.rmtree(partial, ignore_errors=True)  # of a link it removes nothing
            path.unlink()
            found.append(partial)
    return found


def clear_tree(root: Path) -> list[Path]:
    """``clear_leftovers`` in a folder and all below it, but for stores of features.

    Returns:
        What was removed.
    """
    found = []
    for folder, below, _ in os.walk(root):
        below[:] = [name for name in below if not name.endswith((".zarr", ".partial"))]
        found += clear_leftovers(Path(folder))
    return found


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """While the block runs, other processes wait before such a block of the same folder.

    Where the file system has no locks nobody waits.
    """
    with ExitStack() as stack:
        with suppress(OSError):  # no such folder yet, or no locks
            if fcntl is not None:
                handle = os.open(folder, os.O_RDONLY)
                stack.callback(os.close, handle)
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def held_by_another(file: IO[bytes]) -> bool:
    """Whether another process holds the lock of an open file; if not, this one does from now on."""
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    return False


def _claimed(place: Path, ending: str) -> tuple[Path, IO[bytes]]:
    """A new file beside ``place``, and its lock where the system gives one."""
    while True:
        path = beside(place, ending)
        file = path.open("x+b")
        with suppress(OSError):  # a file system without locks
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX)
        if path.exists():
            return path, file
        file.close()  # another process found it before it was locked, and took it for a leftover


def _boot_id() -> str | None:
    try:
        return BOOT_ID.read_text().strip() or None
    except OSError:
        return None
