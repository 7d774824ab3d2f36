"""Sizes and times as a person reads them."""

from __future__ import annotations

import math

UNKNOWN = "–"


def size(count: float) -> str:
    """Bytes."""
    for unit, power in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= power:
            return f"{count / power:,.1f} {unit}"
    return f"{count / 1e3:,.0f} kB"


def duration(seconds: float) -> str:
    """Seconds; a dash for NaN, where they are not known."""
    if math.isnan(seconds):
        return UNKNOWN
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:,.1f} {unit}"
    return f"{seconds:,.0f} s" if seconds >= 1 else "under 1 s"
