"""Options: one that is unknown or makes no sense is refused."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from samefeatures.base.errors import ConfigError, did_you_mean


def check_known(word: str, known: Iterable[str], what: str, error: type[Exception]) -> None:
    """Refuse a word that is not known: ``WHAT 'WORD'. Did you mean 'NEAR'? There are: ….``

    Raises:
        error: naming the nearest word and all of them.
    """
    names = list(known)
    if word not in names:
        listed = ", ".join(names) or "none"
        raise error(f"{what} '{word}'. {did_you_mean(str(word), names)}There are: {listed}.")


def check_whole(what: str, value: object, *, least: int, most: int | None = None) -> None:
    """Refuse what is no whole number, below ``least`` or above ``most``.

    Raises:
        ConfigError: naming ``what``.
    """
    number = value if isinstance(value, int) and not isinstance(value, bool) else None
    if number is None or number < least or (most is not None and number > most):
        span = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ConfigError(f"{what} is {value!r}; it must be a whole number, {span}.")


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
