"""Progress below a notebook's cell: one line a stage, drawn anew as it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from html import escape
from typing import Any

from samefeatures.base.shown import plain
from samefeatures.base.stages import clock_time
from samefeatures.base.told import ProgressStep

SECONDS_BETWEEN = 0.2
"""Notebooks keep up with a few drawings a second."""


class NotebookBars:
    """Shows what it is told below the cell that runs; stages that are done make room.

    HTML through IPython alone: bars are the browser's own, in the colours of the page, and no
    widgets need to be installed.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun = clock()
        self._drawn = -SECONDS_BETWEEN
        self._under_way: dict[str, ProgressStep] = {}
        self._done = 0
        self._notes: list[str] = []
        self._handle: Any = None

    def __call__(self, step: ProgressStep) -> None:
        """Take in a step, and draw if it is time to."""
        if step.note:
            self._notes.append(plain(step.note))
        elif step.done >= step.total:
            self._under_way.pop(step.stage, None)
            self._done += 1
        else:
            self._under_way[step.stage] = step
        if step.note or self._clock() - self._drawn >= SECONDS_BETWEEN:
            self._draw()

    def end(self) -> None:
        """Leave one line, of all that was done, and the notes."""
        if self._done or self._notes:
            self._under_way = {}
            stages = "1 stage" if self._done == 1 else f"{self._done} stages"
            self._draw(f"Done: {stages} in {clock_time(self._clock() - self._begun)}.")

    def _draw(self, last: str = "") -> None:
        self._drawn = self._clock()
        steps = list(self._under_way.values())
        lines = [*self._notes, *map(_text, steps), *([last] if last else [])]
        notes = "".join(f"<div>{escape(note)}</div>" for note in self._notes)
        rows = "".join(map(_row, steps))
        table = f"<table>{rows}</table>" if rows else ""
        html = f"{notes}{table}{f'<div>{last}</div>' if last else ''}"
        self._show({"text/plain": "\n".join(lines), "text/html": html})

    def _show(self, bundle: dict[str, str]) -> None:
        if self._handle is None:
            from IPython import display

            show: Any = display.display
            self._handle = show(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)


def _row(step: ProgressStep) -> str:
    name, count = escape(plain(step.stage)), f"{step.done:,} of {step.total:,}"
    bar = f'<progress value="{step.done}" max="{step.total}" aria-label="{name}"></progress>'
    cells = (name, bar, count, _left(step), escape(plain(step.rate)))
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _text(step: ProgressStep) -> str:
    words = (f"{plain(step.stage)}: {step.done:,} of {step.total:,}", _left(step), plain(step.rate))
    return ", ".join(filter(None, words))


def _left(step: ProgressStep) -> str:
    return "" if step.seconds_left is None else f"{clock_time(step.seconds_left)} left"
