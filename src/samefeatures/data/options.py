"""Options of image sources: one that has no effect is refused."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from samefeatures.errors import ConfigError


def check_options(where: str, given: Iterable[str], known: Sequence[str]) -> None:
    """Refuse options that a source does not know.

    Raises:
        ConfigError: naming the nearest that it knows.
    """
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            hint = f"Did you mean '{near[0]}'? " if near else ""
            raise ConfigError(
                f"{where}: unknown option '{name}'. {hint}Known: {', '.join(known) or 'none'}."
            )
