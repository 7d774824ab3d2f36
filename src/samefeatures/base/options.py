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


def check_text(what: str, value: object, error: type[Exception]) -> None:
    """Refuse what is no text, or text that no file can hold (half of a pair of surrogates).

    Raises:
        error: naming ``what``.
    """
    if not isinstance(value, str):
        raise error(f"{what} is {type(value).__name__}; it must be text.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise error(f"{what} is {value!r}, which can't be written. Take another.") from None


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
    end = ", and finite" if below == math.inf else f" and below {below:g}"
    span = f"{'from' if zero else 'above'} 0{end}"
    yaml = " (YAML takes 1e-5 for text; write 1.0e-5)" if isinstance(value, str) else ""
    raise ConfigError(
        f"{what} is {value!r}; it must be a number {span}{yaml}.{hint and f' {hint}'}"
    )
