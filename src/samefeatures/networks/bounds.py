"""How much memory native code may take while it opens and tries a file that may be damaged."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SLACK = 2**30
"""Bytes of addresses beyond the free memory: those of threads and libraries are seldom touched."""
_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


class _Limit:
    """The process's limit of addresses: set by the first who enters, put back by the last."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inside = 0
        self.before: tuple[int, int] | None = None

    def enter(self, more: int) -> None:
        import resource

        with self.lock:
            if not self.inside:
                self.before = soft, hard = resource.getrlimit(resource.RLIMIT_AS)
                pages = int(Path("/proc/self/statm").read_text().split()[0])
                wanted = pages * resource.getpagesize() + more
                limits = [each for each in (soft, hard) if each != resource.RLIM_INFINITY]
                resource.setrlimit(resource.RLIMIT_AS, (min(wanted, *limits, 2**62), hard))
            self.inside += 1

    def leave(self) -> None:
        import resource

        with self.lock:
            self.inside -= 1
            if not self.inside and self.before is not None:
                resource.setrlimit(resource.RLIMIT_AS, self.before)


_LIMIT = _Limit()


@contextmanager
def memory_bound(device: str, *, mapped: int = 0) -> Iterator[None]:
    """Let allocations fail that the machine has no memory for, instead of ending the process.

    A file of a few bytes may ask for terabytes: by its shapes, or by what its operations make of
    them. Linux promises memory that it does not have, and ends the process that uses it. Inside
    this block the process gets as much as is free when it begins, so that the library behind gets
    an error that it can raise. It holds on Linux, and where networks run on the processor: GPUs
    reserve more addresses than there is memory.

    Args:
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        mapped: Bytes of files that are mapped rather than read.
    """
    free = _free_memory() if device == "cpu" else None
    if free is None:
        yield
        return
    _LIMIT.enter(free + mapped + SLACK)
    try:
        yield
    finally:
        _LIMIT.leave()


def _free_memory() -> int | None:
    """Bytes that are free: of the machine, or of the container where that has less."""
    try:
        found = re.search(r"MemAvailable:\s+(\d+) kB", _MEMINFO.read_text())
    except OSError:
        return None
    if found is None:
        return None
    free = int(found[1]) * 1024
    try:
        limit, used = (
            int((_CGROUP / name).read_text()) for name in ("memory.max", "memory.current")
        )
    except (OSError, ValueError):  # no such container, or no limit
        return free
    return min(free, max(0, limit - used + _reclaimable()))


def _reclaimable() -> int:
    """Bytes of files that a container counts as used, and that give way to anything else."""
    try:
        said = (_CGROUP / "memory.stat").read_text()
    except OSError:
        return 0
    return sum(map(int, re.findall(r"^(?:in)?active_file (\d+)$", said, re.MULTILINE)))
