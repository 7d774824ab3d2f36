"""Options: one that is unknown or makes no sense is refused."""

from __future__ import annotations

import math
import numbers
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


def check_whole(what: str, value: object, *, least: int, most: int | None = None) -> int:
    """A whole number, of NumPy too, as Python's own: what is kept and compared does not tell which.

    Raises:
        ConfigError: naming ``what``, when it is none, below ``least`` or above ``most``.
    """
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    number: int | None = int(value) if whole else None  # type: ignore[call-overload]
    if number is None or number < least or (most is not None and number > most):
        span = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ConfigError(f"{what} is {value!r}; it must be a whole number, {span}.")
    return number


def check_number(
    what: str, value: Any, *, zero: bool = False, below: float = math.inf, hint: str = ""
) -> float:
    """A number, of NumPy too, as Python's own; 1 stays a whole number.

    Args:
        what: Named in the message.
        value: What came.
        zero: Whether it may be 0.
        below: The limit.
        hint: What else to do.

    Raises:
        ConfigError: naming ``what``, when it is none, not positive, or not below the limit.
    """
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    number = (
        math.nan
        if not real
        else int(value)
        if isinstance(value, numbers.Integral)
        else float(value)
    )
    if 0 < number < below or (zero and number == 0):
        return number
    end = ", and finite" if below == math.inf else f" and below {below:g}"
    span = f"{'from' if zero else 'above'} 0{end}"
    yaml = " (YAML takes 1e-5 for text; write 1.0e-5)" if isinstance(value, str) else ""
    raise ConfigError(
        f"{what} is {value!r}; it must be a number {span}{yaml}.{hint and f' {hint}'}"
    )
