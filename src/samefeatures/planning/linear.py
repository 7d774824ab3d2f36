"""Two short runs, and the straight line through them: what a long run will take."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

Clock = Callable[[], float]
Prepare = Callable[[int], Callable[[], object]]
"""Given a size, makes everything ready and returns the work to be timed."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Seconds = ``fixed`` per call + ``each`` per unit."""

    fixed: float
    each: float

    def at(self, units: float, *, calls: float = 1) -> float:
        """Seconds of ``calls`` calls with ``units`` units in all."""
        return calls * self.fixed + units * self.each


def fitted(
    prepare: Prepare,
    sizes: tuple[int, int],
    *,
    units: Callable[[int], float] = float,
    calls: int = 1,
    repeat: int = 3,
    clock: Clock = time.perf_counter,
) -> Linear:
    """The line through the fastest runs at two sizes; neither of its parts is below zero.

    Args:
        prepare: Called once per size; what it returns is timed.
        sizes: Two, the smaller first.
        units: What a size amounts to, e.g. multiply-adds.
        calls: How many calls one run of the work stands for.
        repeat: Runs per size.
        clock: Seconds.
    """
    works = [prepare(size) for size in sizes]
    for work in works:  # pays for whatever is made on first use
        work()
    small, large = (min(_seconds(work, clock) for _ in range(repeat)) for work in works)
    few, many = (units(size) for size in sizes)
    each = max(0.0, (large - small) / (many - few)) if many > few else large / many
    fixed = max(0.0, small - each * few) / calls
    if fixed == 0:  # the line meets zero before the first size: go by the larger run alone
        each = large / many
    return Linear(fixed, each)


def _seconds(work: Callable[[], object], clock: Clock) -> float:
    start = clock()
    work()
    return clock() - start
