"""Tables of many networks on paper: one number a cell, and of very many the shade alone."""

from __future__ import annotations

CROWDED = 15
"""Networks above which a cell has room for one number."""

NARROW = 25
"""Networks above which that number is a whole percent."""

SHADED = 40
"""Networks above which no number could be read."""


def is_crowded(count: int) -> bool:
    """Whether a table of so many networks has one number a cell, or none."""
    return count > CROWDED


def is_shaded(count: int) -> bool:
    """Whether it has shades alone."""
    return count > SHADED


def digits(count: int, precision: int) -> int:
    """Behind the point of a cell's only number."""
    return min(precision, 0 if count > NARROW else 1)
