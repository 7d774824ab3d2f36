"""Progress where nobody watches: a line a minute on stderr, for a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from samefeatures.base.progress import Advance, Progress, Rate
from samefeatures.base.shown import plain
from samefeatures.base.stages import Stages, clock_time

EVERY = 60.0
"""Seconds between two lines; what is done sooner says nothing."""


class Lines:
    """Says every minute how far the outermost stage is, and those within it.

    Args:
        write: Takes a line.
        every: Seconds between two lines.
        clock: Seconds.
    """

    visible = False

    def __init__(
        self,
        write: Callable[[str], object],
        *,
        every: float = EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write, self._every, self._clock = write, every, clock
        self._stages = Stages(clock)
        self._ended = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def task(self, description: str, total: int, *, rate: Rate | None = None) -> Advance:
        """As ``Progress`` has it."""
        return self._stages.task(description, total, rate=rate)

    def note(self, text: str) -> None:
        """As ``Progress`` has it."""
        self._write(plain(text))

    @property
    def line(self) -> str:
        """How far it is, and what goes on inside of it; empty where nothing is under way."""
        stages = self._stages.open
        if not stages:
            return ""
        first = stages[0]
        left = first.left(self._clock())
        when = "time left not known yet" if left is None else f"{clock_time(left)} left"
        inside = "".join(f"; {stage.words}, {stage.percent} %" for stage in stages[1:])
        count = f"{first.done:,} of {first.total:,}"
        return f"{first.percent} %, {when}: {first.words}, {count}{inside}"

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            if line := self.line:
                self._write(line)

    def __enter__(self) -> Lines:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


@contextmanager
def in_lines(*, every: float = EVERY) -> Iterator[Progress]:
    """Lines on stderr while the block runs."""
    with Lines(_say, every=every) as lines:
        yield lines


def _say(line: str) -> None:
    with suppress(OSError):  # a full disk under a log stops no work
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
