"""Folders that are built beside their place, and what killed processes left of them.

While a folder ``X.PID.partial`` is built, its process holds a lock on ``X.PID.partial.lock``, which
the system takes from it when it dies, however that happens. The file names the running system
(kernel and boot) that gave the lock: on another machine that shares the disk a lock may not be
seen. So a folder is removed only by a process of the same running system that gets its lock; others
stay. Systems without such locks or without a boot id make no lock file, and nothing is removed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@contextmanager
def building(place: Path) -> Iterator[Path]:
    """A folder to build in, beside ``place``; moved there when the block ends without an error.

    If another process was first, its folder stays and this one is removed.

    Args:
        place: Where the folder is to be.
    """
    partial = place.with_name(f"{place.name}.{os.getpid()}.partial")
    lock = partial.with_name(f"{partial.name}.lock")
    with _held(lock):
        try:
            yield partial
            # Where another process was first, its folder is the same.
            with contextlib.suppress(OSError):
                partial.rename(place)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
            lock.unlink(missing_ok=True)


def remove_orphans(root: Path) -> list[Path]:
    """Remove unfinished folders below ``root`` of which it is certain that nobody builds them.

    Returns:
        What was removed.
    """
    locks = [lock for lock in root.glob("*.partial.lock") if _cleared(lock)]
    return [lock.with_name(lock.name.removesuffix(".lock")) for lock in locks]


def _cleared(lock: Path) -> bool:
    """Take the lock of a dead process and clear away what it held; False if it is not certain."""
    boot = _boot_id()
    if fcntl is None or boot is None:
        return False
    try:
        with lock.open("r+") as file:
            if file.read() != boot:
                return False
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Another may have cleared this name meanwhile, and a third one taken it anew.
            if not os.path.samestat(os.fstat(file.fileno()), lock.stat()):
                return False
            shutil.rmtree(lock.with_name(lock.name.removesuffix(".lock")), ignore_errors=True)
            lock.unlink()
            return True
    except OSError:  # the lock is held, or can't be had, or the file is gone
        return False


@contextmanager
def _held(lock: Path) -> Iterator[None]:
    """Hold a lock while the block runs, where the system can give one that others will see."""
    boot = _boot_id()
    if fcntl is None or boot is None:
        yield
        return
    with lock.open("a+") as file:
        if _locked(file):
            file.truncate(0)
            file.write(boot)
            file.flush()
        else:
            lock.unlink(missing_ok=True)
        yield


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError:  # a file system without locks
        return False
    return True


def _boot_id() -> str | None:
    try:
        return BOOT_ID.read_text().strip() or None
    except OSError:
        return None
