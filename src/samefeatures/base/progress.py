"""Progress of long work: shown on stderr in a terminal, silent elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from samefeatures.base.shown import plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars

Advance = Callable[[int], None]
Rate = Callable[[], str]


@runtime_checkable
class Progress(Protocol):
    """Shows how far a piece of work has come."""

    @property
    def visible(self) -> bool:
        """Whether anybody sees it; what is measured for the display alone can be left out."""
        ...

    def task(self, description: str, total: int, *, rate: Rate | None = None) -> Advance:
        """Announce a task of ``total`` steps; returns what to call as steps are done.

        Args:
            description: Of the task.
            total: Steps.
            rate: Asked after each step for a few words on how fast it goes.
        """
        ...

    def note(self, text: str) -> None:
        """Say something that a person should know, above the bars."""
        ...


class Silent:
    """Shows nothing."""

    visible = False

    def task(self, description: str, total: int, *, rate: Rate | None = None) -> Advance:  # noqa: ARG002
        """Accepts a task and forgets it."""
        return lambda _steps: None

    def note(self, text: str) -> None:
        """Forgets it."""


def console(*, stderr: bool = False) -> Console:
    """Where everything is printed: ``[x]`` and ``:smile:`` in a name are no markup."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, emoji=False)


@contextmanager
def on_terminal() -> Iterator[Progress]:
    """Bars on stderr while the block runs, when stderr is a terminal; else ``Silent``."""
    if not sys.stderr.isatty():
        yield Silent()
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as RichBars

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[rate]}", markup=False),
    )
    with RichBars(*columns, console=console(stderr=True)) as bars:
        yield _RichProgress(bars)


class _RichProgress:
    def __init__(self, bars: Bars) -> None:
        self._bars = bars

    visible = True

    def note(self, text: str) -> None:
        self._bars.console.print(plain(text))

    def task(self, description: str, total: int, *, rate: Rate | None = None) -> Advance:
        task = self._bars.add_task(plain(description), total=total, rate="")
        left = total

        def advance(steps: int) -> None:
            nonlocal left
            left -= steps
            # Ten networks on four sources are forty bars: finished ones make room.
            shown = rate() if rate else ""
            self._bars.update(task, advance=steps, visible=left > 0, rate=shown)

        return advance
