"""What this machine has: memory, and room on its disks."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def free_bytes(folder: Path) -> int:
    """Free where a folder is, or would be."""
    return shutil.disk_usage(standing(folder)).free


def standing(folder: Path) -> Path:
    """A folder, or the nearest above it that is there."""
    return next(p for p in (folder, *folder.absolute().parents) if p.exists())


def bytes_below(folder: Path) -> int:
    """Taken by all files below a folder; 0 when it does not exist."""
    if not folder.is_dir():
        return 0
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())


def machine_memory() -> int | None:
    """Bytes of memory; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def peak_memory() -> int | None:
    """The most memory that this process has had so far; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def busy() -> float | None:
    """Processes that want to run, where they are more than the processors can serve beside us."""
    try:
        load = os.getloadavg()[0]
    except (AttributeError, OSError):  # not every system has it
        return None
    # The measurement itself keeps every processor at work.
    return load if load > 1.5 * (os.cpu_count() or 1) else None
