"""Options of image sources: one that has no effect is refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from samefeatures.base.errors import ConfigError, did_you_mean


def check_options(where: str, given: Iterable[str], known: Sequence[str]) -> None:
    """Refuse options that a source does not know.

    Raises:
        ConfigError: naming the nearest that it knows.
    """
    for name in given:
        if name not in known:
            raise ConfigError(
                f"{where}: unknown option '{name}'. {did_you_mean(str(name), known)}"
                f"Known: {', '.join(known) or 'none'}."
            )
