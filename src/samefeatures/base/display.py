"""Progress by choice: bars, nothing, or a function that is told how far the work is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from types import TracebackType
from typing import Literal, Self

from samefeatures.base.brief import brief
from samefeatures.base.errors import ConfigError
from samefeatures.base.options import check_known
from samefeatures.base.progress import Advance, Progress, Rate, Silent, console
from samefeatures.base.showing import on_terminal
from samefeatures.base.told import Tell, Told

ProgressChoice = Literal["bar", "quiet"] | Tell | Progress
"""``"bar"``: bars in a notebook, or on stderr. ``"quiet"``: nothing. A function: it is told."""

CHOICES = ("bar", "quiet")


class Display:
    """A chosen progress that is shown while a block runs, and not outside of blocks.

    Blocks may stand within each other. What is a ``Progress`` already, such as the display of
    another block, is shown as long as that is.

    Args:
        choice: As ``ProgressChoice`` says.

    Raises:
        ConfigError: when it is something else.
    """

    def __init__(self, choice: ProgressChoice = "quiet") -> None:
        _check(choice)
        self._choice = choice
        self._outside: Progress = choice if isinstance(choice, Progress) else Silent()
        self._inner = self._outside
        self._depth = 0
        self._stack = ExitStack()

    def __repr__(self) -> str:
        return brief(self, choice=self._choice)

    @property
    def visible(self) -> bool:
        """Whether anybody sees it while a block runs."""
        choice = self._choice
        return choice.visible if isinstance(choice, Progress) else choice != "quiet"

    def task(self, description: str, total: int, *, rate: Rate | None = None) -> Advance:
        """As ``Progress`` has it."""
        return self._inner.task(description, total, rate=rate)

    def note(self, text: str) -> None:
        """As ``Progress`` has it."""
        self._inner.note(text)

    def __enter__(self) -> Self:
        if self._depth == 0:
            self._inner = self._stack.enter_context(_opened(self._choice))
        self._depth += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._inner = self._outside
            self._stack.__exit__(kind, error, trace)


@contextmanager
def progress(choice: ProgressChoice = "bar") -> Iterator[Progress]:
    """One display for all the work of a block: give what comes as ``progress=`` to what runs in it.

    Args:
        choice: ``"bar"`` for bars in a notebook or on stderr, ``"quiet"`` for nothing, or a
            function, which is called with a ``ProgressStep`` as the work goes on.

    Raises:
        ConfigError: when it is something else.
    """
    with Display(choice) as shown:
        yield shown


def _check(choice: object) -> None:
    if isinstance(choice, str):
        check_known(choice, CHOICES, "progress is", ConfigError)
    elif not isinstance(choice, Progress) and not callable(choice):
        raise ConfigError(
            f"progress is {choice!r}; give 'bar', 'quiet', or a function that takes a ProgressStep."
        )


def _opened(choice: ProgressChoice) -> AbstractContextManager[Progress]:
    if isinstance(choice, Display):
        return choice
    if isinstance(choice, Progress):
        return nullcontext(choice)
    if callable(choice):
        return nullcontext(Told(choice))
    if choice == "quiet":
        return nullcontext(Silent())
    return _in_notebook() if console().is_jupyter else on_terminal()


@contextmanager
def _in_notebook() -> Iterator[Progress]:
    from samefeatures.base.notebook import NotebookBars

    bars = NotebookBars()
    yield Told(bars)
    bars.end()
