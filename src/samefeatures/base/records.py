"""Frozen records out of the plain values that ``asdict`` makes of them, by way of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import lru_cache
from typing import Any, TypeVar, get_args, get_type_hints

T = TypeVar("T")


def record(kind: type[T], raw: Mapping[str, Any]) -> T:
    """A record, and those in it: alone, in tuples, or where there may be none.

    Args:
        kind: A dataclass.
        raw: Values by field; what is a record already stays as it is.

    Raises:
        TypeError: when a field is missing or unknown, or its value is of another kind.
    """
    plain: Any = kind
    hints = _hints(plain)
    return kind(**{name: _value(hints.get(name), value) for name, value in raw.items()})


@lru_cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _value(hint: Any, raw: Any) -> Any:
    inner = [each for each in get_args(hint) if each is not type(None)]
    if isinstance(raw, list | tuple):
        return tuple(_value(inner[0] if inner else None, each) for each in raw)
    if isinstance(raw, Mapping):
        kinds = [each for each in (hint, *inner) if is_dataclass(each) and isinstance(each, type)]
        return record(kinds[0], raw) if kinds else raw
    return raw
