"""The border where files come in: whatever is raised behind it becomes one error, in one line.

A reader opens, parses and checks inside ``border`` and names no exception of any library; it says
what to do for a ``FileError``. What can be computed again is read with ``kept_or_none``.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

from samefeatures.base.errors import FileError, NoFileError, SamefeaturesError, first_line, said
from samefeatures.base.shown import plain

T = TypeVar("T")
MEBIBYTE = 2**20

_log = logging.getLogger("samefeatures")


@contextmanager
def border() -> Iterator[None]:
    """Turn whatever the block raises into a FileError that says why.

    Panics of libraries in Rust are no ``Exception``. What a user or the system asks for (Ctrl-C,
    exit) passes, and so does memory that ran out: a file may be sound and too large.

    Raises:
        NoFileError: when a file is not there.
        FileError: for everything else.
    """
    try:
        yield
    except (FileError, KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except FileNotFoundError:
        raise NoFileError("there is no such file") from None
    except RecursionError:
        raise FileError("it is nested too deeply") from None
    except OSError as error:
        raise FileError(error.strerror or first_line(error)) from None
    except (ValueError, SamefeaturesError) as error:  # ours, and what libraries say of values
        raise FileError(said(error)) from None
    except BaseException as error:
        raise FileError(first_line(error)) from None


def bytes_of(path: Path, *, most: int) -> bytes:
    """The bytes of a file; inside ``border``.

    Args:
        path: A regular file: a pipe would never end, or never begin.
        most: Bytes that it may have.

    Raises:
        OSError: as the system says.
        FileError: when it is something else, or larger.
    """
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > most:
            raise FileError(f"it is larger than {most // MEBIBYTE} MiB, the most that is read")
        return file.read()


def open_regular(path: Path) -> IO[bytes]:
    """A file to read; inside ``border``.

    Raises:
        OSError: as the system says.
        FileError: when it is no regular file.
    """
    return open(path, "rb", opener=_opened)  # Path has no opener


def _opened(name: str, flags: int) -> int:
    handle = os.open(name, flags | getattr(os, "O_NONBLOCK", 0))  # a pipe does not wait
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise FileError("it is no regular file")
    return handle


def kept_or_none(read: Callable[[Path], T], path: Path) -> T | None:
    """What an earlier run left and can be computed again; None where it is not there.

    Where it is damaged a warning says so, and None makes the caller compute it.
    """
    try:
        with border():
            return read(path)
    except NoFileError:
        return None
    except FileError as error:
        shown = plain(str(path))
        _log.warning("%s can't be used (%s); what it held is computed again.", shown, error)
        return None
