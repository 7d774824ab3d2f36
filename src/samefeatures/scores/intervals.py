"""How sure a share is."""

from __future__ import annotations

import math
from statistics import NormalDist

ALPHA = 0.05
"""Significance level of every mark in the tables; intervals hold 1 - ALPHA."""


def wilson(correct: int, n: int, *, confidence: float = 1 - ALPHA) -> tuple[float, float]:
    """The score interval of a share, in percent.

    With p = correct / n and z the normal quantile: ``(p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) /
    (1 + z²/n)``. Unlike p ± z·sqrt(p(1-p)/n) it stays within 0 and 100 and holds its level near
    both ends. Ours because the formula is exact to rounding: SciPy's sits on ``scipy.stats``,
    which takes longer to import than a report to write.

    Args:
        correct: 0 to n.
        n: Images, at least 1.
        confidence: Between 0 and 1.

    Raises:
        ValueError: when a number is outside its range.

    Source: E. B. Wilson (1927), Probable inference, the law of succession, and statistical
    inference.
    """
    if n < 1 or not 0 <= correct <= n:
        raise ValueError(f"{correct} correct of {n}: correct must be 0 to n, and n at least 1.")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; it must lie between 0 and 1.")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share, extra = correct / n, z * z / n
    middle = (share + extra / 2) / (1 + extra)
    half = z / (1 + extra) * math.sqrt(share * (1 - share) / n + extra / (4 * n))
    # At the ends one bound is exactly 0 or 100; rounding would miss it.
    low = 0.0 if correct == 0 else 100 * (middle - half)
    high = 100.0 if correct == n else 100 * (middle + half)
    return low, high
