"""Progress on a terminal: a line for the whole, a few for what is under way, none in the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.live import Live
from rich.text import Text

from samefeatures.base.progress import Advance, Progress, Rate, console
from samefeatures.base.shown import cut, plain
from samefeatures.base.stages import Stage, Stages, Task, clock_time

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

SECONDS_BETWEEN = 0.25
BAR = 20
LINES = 4
"""At most so many tasks have lines of their own; of the others the number is told."""
NAME = 28


class Screen:
    """Shows stages on a live display.

    Only a thread of its own writes to the terminal: Ctrl-C stops the main thread at any place, and
    in the middle of a line that place would be left on the screen.

    Args:
        verbose: Whether every task under way has a line.
        clock: Seconds.
    """

    visible = True

    def __init__(
        self, *, verbose: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._lines = 10_000 if verbose else LINES
        self._stages = Stages(clock)
        self._notes: SimpleQueue[str] = SimpleQueue()
        self._ended = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def task(self, description: str, total: int, *, rate: Rate | None = None) -> Advance:
        """As ``Progress`` has it."""
        return self._stages.task(description, total, rate=rate)

    def note(self, text: str) -> None:
        """As ``Progress`` has it."""
        self._notes.put(plain(text))

    def _run(self) -> None:
        # Transient: nothing of it is left on the screen, however it ends.
        live = Live(self, console=console(stderr=True), transient=True, auto_refresh=False)
        with suppress(OSError), live:
            while not self._ended.wait(SECONDS_BETWEEN):
                self._say_notes(live.console)
                live.refresh()
            self._say_notes(live.console)

    def _say_notes(self, console: Console) -> None:
        while not self._notes.empty():
            console.print(Text(self._notes.get()))

    def __enter__(self) -> Screen:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        try:
            self._thread.join()
        except KeyboardInterrupt:  # a second Ctrl-C, while what the first left is wiped away
            self._thread.join()
            raise

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        stages = self._stages.open
        if not stages:
            return
        width, now = options.max_width, self._clock()
        yield _headline(stages[0], now, width)
        shown = stages[0].under_way if len(stages[0].tasks) > 1 else []
        inner = [task for stage in stages[1:] for task in _named(stage)]
        rows = [*shown, *inner]
        room = max(1, min(self._lines, options.size.height - 3))
        yield from _rows(rows[:room], width)
        if len(rows) > room:
            yield Text(f"       + {len(rows) - room} more", style="dim")


def _named(stage: Stage) -> list[Task]:
    """Of a stage within another: its tasks under way, or all of it where they are many."""
    if len(stage.tasks) == 1:
        return [Task(stage.words, stage.total, stage.tasks[0].rate, stage.done)]
    return [Task(stage.words, stage.total, None, stage.done)]


def _headline(stage: Stage, now: float, width: int) -> Text:
    """Percent and time left first: whatever does not fit is cut off behind them."""
    full = BAR * stage.done // stage.total if stage.total else BAR
    line = Text(f"{stage.percent:>4} %  ", style="bold", no_wrap=True)
    line.append(f"{clock_time(stage.left(now))} left  ", style="bold cyan")
    line.append("━" * full, style="cyan").append("━" * (BAR - full), style="bright_black")
    room = width - line.cell_len - 2
    line.append(f"  {cut(stage.words, max(room, 8))}", style="bold")
    line.truncate(width)
    return line


def _rows(tasks: Sequence[Task], width: int) -> Iterator[Text]:
    """A line each: as many parts of the rate as there is room for."""
    names = [cut(task.name, NAME) for task in tasks]
    longest = max(map(cell_len, names), default=0)
    for task, name in zip(tasks, names, strict=True):
        count = f"{task.done:,} of {task.total:,}"
        line = Text(f"       {set_cell_size(name, longest)}  {count:>18}", no_wrap=True)
        parts = plain(task.rate()).split(", ") if task.rate else []
        while parts and line.cell_len + 2 + cell_len(", ".join(parts)) > width:
            parts.pop()
        line.append(f"  {', '.join(parts)}" if parts else "", style="dim")
        line.truncate(width)
        yield line


@contextmanager
def on_screen(*, verbose: bool = False) -> Iterator[Progress]:
    """A display on stderr while the block runs."""
    with Screen(verbose=verbose) as screen:
        yield screen
