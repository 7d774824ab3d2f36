"""Short reprs: what a record is called, its sizes and counts, whatever it holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

LONGEST = 48
"""Characters of one text or value."""
MOST = 4
"""Items of a list that are shown."""


def brief(record: object, **facts: object) -> str:
    """``Kind(name='a', dim=512)``: what identifies a record and how large it is.

    Long texts lose their middle and long lists their end, so that six facts stay below 500
    characters, whatever is in them.

    Args:
        record: Whose kind stands in front.
        facts: By name, in order.
    """
    said = ", ".join(f"{name}={_short(value)}" for name, value in facts.items())
    return f"{type(record).__name__}({said})"


def changed(record: object) -> dict[str, Any]:
    """Fields of a dataclass that are not at their defaults, by name: as a call would give them."""
    assert is_dataclass(record)
    found = {}
    for field in fields(record):
        value, default = getattr(record, field.name), field.default
        if default is MISSING and field.default_factory is not MISSING:
            default = field.default_factory()
        if value != default:
            found[field.name] = value
    return found


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Collection) and not isinstance(value, str | bytes):
        return _listed(value)
    text = repr(value)  # escapes included: an escape character takes four places
    half = (LONGEST - 1) // 2
    # Names that differ at the end still differ.
    return text if len(text) <= LONGEST else f"{text[:half]}…{text[-half:]}"


def _listed(values: Collection[object]) -> str:
    """The first few, and how many there are."""
    pairs = values.items() if isinstance(values, Mapping) else None
    texts = (
        (f"{_short(key)}: {_short(value)}" for key, value in pairs)
        if pairs is not None
        else map(_short, values)
    )
    shown: list[str] = []
    for text in texts:
        room = LONGEST - sum(map(len, shown))
        if len(shown) == MOST or (shown and len(text) > room):
            break
        shown.append(text)
    more = [] if len(shown) == len(values) else [f"… {len(values):,} in all"]
    left, right = "[]" if pairs is None else "{}"
    return f"{left}{', '.join([*shown, *more])}{right}"
