"""How the command line ends: one line on stderr and an exit code, whatever came."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from threading import Timer
from typing import NoReturn

import typer

from samefeatures.base.errors import SamefeaturesError
from samefeatures.base.shown import plain

STOPPED = "Stopped; the same command goes on."
AGAIN = 0.05
"""Seconds until a stop that was dropped comes once more."""

TROUBLE: ContextVar[int] = ContextVar("trouble", default=1)
"""The exit code of an error, of the command that runs."""


@contextmanager
def ending() -> Iterator[None]:
    """Errors of this package, and what the system refuses, are one line and exit code ``TROUBLE``.

    Ctrl-C ends with 130 and SIGTERM with 143, as shells have it.
    """
    _take_any_character()
    try:
        try:
            with _stopping():
                yield
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()  # a full disk would else show when Python has ended
    except SamefeaturesError as error:
        _fail(str(error))
    except BrokenPipeError:  # whoever reads the output has enough of it
        _let_go()
        sys.exit(TROUBLE.get())
    except OSError as error:  # what no reader or writer has given a place and a remedy
        place = error.filename or "The output"
        _fail(f"{place}: {error.strerror or error}. Free some space, or mend what it says.")
    except MemoryError:
        _fail("Memory ran out. Take fewer networks, a smaller batch_size, or a larger machine.")


@contextmanager
def _stopping() -> Iterator[None]:
    """Ctrl-C and SIGTERM raise KeyboardInterrupt; whatever comes of it is told as a stop.

    Typer makes an exit of it, and native code that calls Python errors of its own: matplotlib says
    "Invalid bounding box".
    """
    asked: list[int] = []

    def stop(number: int, _: object) -> None:
        asked.append(number)
        raise KeyboardInterrupt

    def again(lost: sys.UnraisableHookArgs) -> None:
        """In a callback, where nothing can be raised, Python drops it: it comes once more."""
        if not asked or lost.exc_type is not KeyboardInterrupt:
            sys.__unraisablehook__(lost)
            return
        timer = Timer(AGAIN, os.kill, (os.getpid(), asked[-1]))
        timer.daemon = True
        timer.start()

    sys.unraisablehook = again
    signal.signal(signal.SIGTERM, stop)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as of what runs in the background
        signal.signal(signal.SIGINT, stop)
    try:
        yield
    except BaseException:
        if not asked:
            raise
        for number in (signal.SIGTERM, signal.SIGINT):  # who asks again does not wait
            signal.signal(number, signal.SIG_DFL)
        _stop(128 + asked[-1])
    finally:
        sys.unraisablehook = sys.__unraisablehook__


def _take_any_character() -> None:
    """A terminal that lacks a character shows its number instead."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _fail(message: str) -> NoReturn:
    _say(f"Error: {plain(message)}", colour=typer.colors.RED)
    sys.exit(TROUBLE.get())


def _stop(code: int) -> NoReturn:
    _say(STOPPED)
    sys.exit(code)


def _say(line: str, *, colour: str | None = None) -> None:
    with suppress(OSError):
        typer.secho(line, err=True, fg=colour)
    _let_go()


def _let_go() -> None:
    """Of what waits for an output that takes no more: Python would try again at its end."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
