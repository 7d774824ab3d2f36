"""Progress of long work: shown on stderr in a terminal, silent elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

Advance = Callable[[int], None]


class Progress(Protocol):
    """Shows how far a piece of work has come."""

    def task(self, description: str, total: int) -> Advance:
        """Announce a task of ``total`` steps; returns what to call as steps are done."""
        ...


class Silent:
    """Shows nothing."""

    def task(self, description: str, total: int) -> Advance:  # noqa: ARG002
        """Accepts a task and forgets it."""
        return lambda _steps: None


@contextmanager
def on_terminal() -> Iterator[Progress]:
    """Bars on stderr while the block runs, when stderr is a terminal; else ``Silent``."""
    if not sys.stderr.isatty():
        yield Silent()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as RichBars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with RichBars(*columns, console=Console(stderr=True)) as bars:
        yield _RichProgress(bars)


class _RichProgress:
    def __init__(self, bars: Bars) -> None:
        self._bars = bars

    def task(self, description: str, total: int) -> Advance:
        task = self._bars.add_task(description, total=total)
        left = total

        def advance(steps: int) -> None:
            nonlocal left
            left -= steps
            # Ten networks on four sources are forty bars: finished ones make room.
            self._bars.update(task, advance=steps, visible=left > 0)

        return advance
