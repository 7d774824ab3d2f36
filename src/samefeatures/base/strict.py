"""Keys, names and values of a study file: what is unknown or of another kind is refused."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from samefeatures.base.options import check_known


class Strict(BaseModel):
    """Refuses unknown keys, naming the nearest valid one, and values of another kind."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, allow_inf_nan=False
    )

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any) -> Any:
        return refuse_unknown(
            value, {name: field.annotation for name, field in cls.model_fields.items()}
        )


def refuse_unknown(value: Any, valid: Mapping[str, Any]) -> Any:
    """The same value, unless it is a mapping with a key that does not exist, or with a value of
    another kind.

    Args:
        value: What came.
        valid: Types by key.

    Raises:
        ValueError: naming the nearest valid key, or the value.
    """
    if isinstance(value, Mapping):
        for key, given in value.items():
            check_known(str(key), valid, "unknown key", ValueError)
            for each in given if isinstance(given, list | tuple) else [given]:
                _check_kind(key, each, set(_kinds(valid[str(key)])))
    return value


def _check_kind(key: object, value: object, kinds: set[Any]) -> None:
    """YAML reads ``off`` as false, ``1e3`` as text and ``2024-01-02`` as a date: none becomes
    something else."""
    text, numbers = str in kinds, {int, float} & kinds
    if type(value) in kinds or Any in kinds or not (text or numbers):
        return
    if text and isinstance(value, bool | int | float | datetime.date):
        raise ValueError(no_text(str(key), value))
    if numbers and isinstance(value, bool | datetime.date):
        number = "a whole number" if numbers == {int} else "a number"
        raise ValueError(f"{key} is {value!r}; it must be {number}")


def no_text(what: str, value: object) -> str:
    """What to say where text is wanted and something else came."""
    kind = "true or false" if isinstance(value, bool) else "a number"
    if isinstance(value, datetime.date):
        kind, value = "a date", value.isoformat()
    return (
        f"{what} is {value!r}, {kind}, where text is wanted. YAML reads off, on, yes, no, numbers "
        "and dates as such; put the word in quotes"
    )


def _kinds(hint: Any) -> Iterator[Any]:
    """The types that a value may have, those of the items of tuples among them."""
    inner = get_args(hint)
    if not inner or isinstance(inner[0], str):  # a Literal has words
        yield hint
    for each in inner:
        if not isinstance(each, str):
            yield from _kinds(each)


def problems(error: ValidationError) -> str:
    """All that pydantic found, each with its place, in one line."""
    lines = []
    for problem in error.errors(include_url=False):
        place = ".".join(str(part) for part in problem["loc"]) or "top level"
        lines.append(f"{place}: {problem['msg'].removeprefix('Value error, ')}")
    return "; ".join(lines)


SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
"""What a name may be that becomes part of a path."""


def check_name(name: str, what: str) -> str:
    """The same name, if it can stand in a path on every system.

    Raises:
        ValueError: when it can't.
    """
    if not SAFE_NAME.fullmatch(name) or "--" in name:
        raise ValueError(
            f"{what} '{name}' can't be part of a file name; use letters, digits, '_', '.', '+' and "
            "single '-', starting with a letter or digit"
        )
    return name
