"""What is under way: stages of tasks side by side, how far they are, and how long they take yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING

from samefeatures.base.shown import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from samefeatures.base.progress import Advance, Rate

SETTLED = 0.5
"""Seconds in which a stage is told what an earlier run has done: that says nothing of its speed."""


@dataclass(slots=True, eq=False)
class Task:
    """One task of a stage.

    Attributes:
        name: What stands behind the last ``: `` of what was announced, else all of it.
        total: Steps.
        rate: Asked for a few words on how fast it goes.
        done: Steps that are done.
    """

    name: str
    total: int
    rate: Rate | None
    done: int = 0


@dataclass(slots=True, eq=False)
class Stage:
    """Tasks that were announced under one title, taken together.

    Attributes:
        title: What stands before the last ``: `` of what was announced, else all of it.
        begun: When the first was announced, in seconds of any clock.
        base: Steps that were done when its speed began to count, and when that was.
        last: When a step was done last.
        together: Steps of its task that were done at once then.
    """

    title: str
    begun: float
    tasks: list[Task] = field(default_factory=list)
    base: tuple[int, float] = (0, 0.0)
    last: float = 0.0
    together: int = 0

    @property
    def done(self) -> int:
        """Steps of all tasks that are done."""
        return sum(task.done for task in self.tasks)

    @property
    def total(self) -> int:
        """Steps of all tasks."""
        return sum(task.total for task in self.tasks)

    @property
    def under_way(self) -> list[Task]:
        """Tasks that are not done."""
        return [task for task in self.tasks if task.done < task.total]

    @property
    def percent(self) -> int:
        """Of all steps, rounded down: 100 is the end."""
        return int(100 * self.done / self.total) if self.total else 100

    @property
    def words(self) -> str:
        """The title, with the one task's name or the number of networks."""
        if len(self.tasks) > 1:
            return f"{self.title}: {len(self.tasks)} networks"
        name = self.tasks[0].name
        return self.title if name == self.title else f"{self.title}: {name}"

    def left(self, now: float) -> float | None:
        """Seconds until its end, by the speed since it began; None as long as there is none.

        However long the next steps take (a process may be held for a while), those behind them
        remain.
        """
        done, since = self.base
        if self.done <= done or self.last <= since:
            return None
        speed = (self.done - done) / (self.last - since)
        remain = self.total - self.done
        behind = max(0, remain - self.together * len(self.under_way))
        return max(behind / speed, remain / speed - (now - self.last))


class Stages:
    """All stages that are not done, the outermost first.

    Args:
        clock: Seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._open: list[Stage] = []
        self._lock = RLock()

    def task(self, description: str, total: int, *, rate: Rate | None = None) -> Advance:
        """As ``Progress`` has it."""
        title, _, name = plain(description).rpartition(": ")
        task = Task(name, total, rate)
        with self._lock:
            stage = self._stage(title or name)
            stage.tasks.append(task)

        def advance(steps: int) -> None:
            with self._lock:
                self._advance(stage, task, steps)

        return advance

    def _stage(self, title: str) -> Stage:
        now = self._clock()
        found = next((stage for stage in self._open if stage.title == title), None)
        if found is None:
            found = Stage(title, now, base=(0, now), last=now)
            self._open.append(found)
        return found

    def _advance(self, stage: Stage, task: Task, steps: int) -> None:
        now = self._clock()
        task.done += steps
        if now - stage.begun < SETTLED:
            stage.base = (stage.done, now)
        if steps:
            stage.last, stage.together = now, steps
        if not stage.under_way and stage in self._open:
            self._open.remove(stage)

    @property
    def open(self) -> list[Stage]:
        """Those that are not done, the outermost first."""
        with self._lock:
            return list(self._open)


def clock_time(seconds: float | None) -> str:
    """``0:31`` or ``2:04:10``; a dash for what is not known."""
    if seconds is None:
        return "–:––"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
