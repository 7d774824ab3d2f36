"""Options: one that has no effect or makes no sense is refused."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

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


def check_whole(what: str, value: object, *, least: int) -> None:
    """Refuse what is no whole number, or below ``least``.

    Raises:
        ConfigError: naming ``what``.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ConfigError(f"{what} is {value!r}; it must be a whole number, at least {least}.")


def check_number(
    what: str, value: Any, *, zero: bool = False, below: float = math.inf, hint: str = ""
) -> None:
    """Refuse what is no number, not positive, or not below a limit.

    Args:
        what: Named in the message.
        value: What came.
        zero: Whether it may be 0.
        below: The limit.
        hint: What else to do.

    Raises:
        ConfigError: naming ``what``.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and (0 < value < below or (zero and value == 0)):
        return
    span = f"from 0 to below {below:g}" if zero else "above 0, and finite"
    raise ConfigError(
        f"{what} is {value!r}; it must be a number {span} (YAML takes 1e-5 for text; write "
        f"1.0e-5).{hint and f' {hint}'}"
    )
