"""A function that is told how far the work is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from samefeatures.base.progress import Advance, Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressStep:
    """How far a stage of the work is: what a function given as ``progress`` is told.

    It is told when a stage is announced, after every step of it, and of every note.

    Attributes:
        stage: What is done, e.g. ``fit maps``.
        done: Steps that are done.
        total: All steps of the stage.
        seconds: Since the stage was announced.
        seconds_left: By the speed of the last half minute; None as long as there is none.
        rate: A few words on how fast it goes, or nothing.
        note: What a person should know beside all stages; the other fields then say nothing.
    """

    stage: str = ""
    done: int = 0
    total: int = 0
    seconds: float = 0.0
    seconds_left: float | None = None
    rate: str = ""
    note: str = ""


Tell = Callable[[ProgressStep], object]
"""A function that is told; what it raises stops the work."""


class Told:
    """Tells a function.

    Args:
        tell: Is called with every step.
        clock: Seconds.
    """

    visible = True

    def __init__(self, tell: Tell, clock: Callable[[], float] = time.monotonic) -> None:
        from rich.progress import Progress as Clock

        self._tell = tell
        self._clock = Clock(
            disable=True, get_time=clock
        )  # shows nothing; knows how fast a task goes

    def task(self, description: str, total: int, *, rate: Rate | None = None) -> Advance:
        """As ``Progress`` has it."""
        task = self._clock.add_task(description, total=total)
        known = next(each for each in self._clock.tasks if each.id == task)

        def advance(steps: int) -> None:
            self._clock.advance(task, steps)
            tell()

        def tell() -> None:
            self._tell(
                ProgressStep(
                    stage=description,
                    done=int(known.completed),
                    total=total,
                    seconds=known.elapsed or 0.0,
                    seconds_left=known.time_remaining,
                    rate=rate() if rate else "",
                )
            )

        tell()
        return advance

    def note(self, text: str) -> None:
        """As ``Progress`` has it."""
        self._tell(ProgressStep(note=text))
