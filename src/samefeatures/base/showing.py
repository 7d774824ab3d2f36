"""Where progress is shown: live on a terminal, a line a minute elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from samefeatures.base.progress import Progress, Silent, console


@contextmanager
def on_terminal(*, verbose: bool = False) -> Iterator[Progress]:
    """On stderr while the block runs: live on a terminal, else a line a minute.

    Args:
        verbose: Every network under way has a line; elsewhere a line comes every ten seconds.
    """
    if sys.stderr is None:
        yield Silent()
        return
    screen = console(stderr=True)
    if sys.stderr.isatty() and not screen.is_dumb_terminal:
        from samefeatures.base.screen import on_screen

        with on_screen(verbose=verbose) as shown:
            yield shown
        return
    from samefeatures.base.lines import EVERY, in_lines

    with in_lines(every=EVERY / 6 if verbose else EVERY) as told:
        yield told
