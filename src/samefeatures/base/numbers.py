"""Numbers that JSON can't hold."""

from __future__ import annotations

import math


def finite_or_none(value: float | None) -> float | None:
    """None for what is no number, or infinite: JSON has neither."""
    return value if value is not None and math.isfinite(value) else None
