"""How much a command says: ``--quiet`` and ``--verbose``, which all of them have."""

from __future__ import annotations

import functools
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from samefeatures.base.errors import ConfigError, SamefeaturesError
from samefeatures.commands.ending import TROUBLE

if TYPE_CHECKING:
    from samefeatures.base.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Loudness:
    """What a command says beside its errors.

    Attributes:
        quiet: Nothing but what ``--json`` asks for.
        verbose: A line of progress for every network, and where an error came from.
    """

    quiet: bool = False
    verbose: bool = False


NORMAL = Loudness()
_LOUDNESS: ContextVar[Loudness] = ContextVar("loudness", default=NORMAL)

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Progress of every network; where an error came from."),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON alone; see the page on the terminal.")
]


def loudness() -> Loudness:
    """Of the command that runs."""
    return _LOUDNESS.get()


def saying(command: Callable[..., None], *, trouble: int = 1) -> Callable[..., None]:
    """A command that can be told to say less or more, and whose errors end with ``trouble``."""
    given = inspect.signature(command, eval_str=True)
    kind = inspect.Parameter.KEYWORD_ONLY
    more = [
        inspect.Parameter(name, kind, default=False, annotation=hint)
        for name, hint in (("quiet", Quiet), ("verbose", Verbose))
    ]

    @functools.wraps(command)
    def run(*, quiet: bool, verbose: bool, **arguments: Any) -> None:
        TROUBLE.set(trouble)
        if quiet and verbose:
            raise ConfigError("--quiet and --verbose contradict each other. Give one of them.")
        token = _LOUDNESS.set(Loudness(quiet=quiet, verbose=verbose))
        try:
            command(**arguments)
        except (SamefeaturesError, OSError, MemoryError):
            if verbose:
                traceback.print_exc(file=sys.stderr)
            raise
        finally:
            _LOUDNESS.reset(token)

    named = [p.replace(kind=kind) for p in given.parameters.values()]
    run.__signature__ = given.replace(parameters=[*named, *more])  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in (*named, *more)}
    return run


@contextmanager
def shown() -> Iterator[Progress]:
    """Progress on stderr while the block runs, as loud as the command is to be."""
    from samefeatures.base.progress import Silent
    from samefeatures.base.showing import on_terminal

    if loudness().quiet:
        yield Silent()
        return
    with on_terminal(verbose=loudness().verbose) as progress:
        yield progress
