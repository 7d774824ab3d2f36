"""Progress of long work: what shows it, and what shows nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from rich.console import Console

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
            description: Of the task; ``STAGE: NAME`` for one of several networks that go on side
                by side.
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
