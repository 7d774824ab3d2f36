"""How sure a count is: intervals, paired tests, and what an eval set can show at all.

Plain Python, exact to rounding for any number of images; SciPy and statsmodels are references in
the tests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

ALPHA = 0.05
"""Significance level of every mark in the tables; intervals hold 1 - ALPHA."""


def wilson(correct: int, n: int, *, confidence: float = 1 - ALPHA) -> tuple[float, float]:
    """The score interval of a share, in percent.

    With p = correct / n and z the normal quantile: ``(p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) /
    (1 + z²/n)``. Unlike p ± z·sqrt(p(1-p)/n) it stays within 0 and 100 and holds its level near
    both ends. Equals ``statsmodels.stats.proportion.proportion_confint(method="wilson")``.

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


def mcnemar(fixed: int, broken: int) -> float:
    """Exact two-sided p-value that two classifiers are equally often right, on the same images.

    Only images count that exactly one of them gets right. If both were equally good, each such
    image would be a fair coin: ``p = min(1, 2 P(X <= min(fixed, broken)))`` with X binomial,
    ``fixed + broken`` throws. Equals ``scipy.stats.binomtest(fixed, fixed + broken).pvalue``, and
    ``statsmodels.stats.contingency_tables.mcnemar(exact=True)``. A p-value below the smallest
    float is 0.

    Args:
        fixed: Images that the first gets wrong and the second right.
        broken: Images that the first gets right and the second wrong.

    Raises:
        ValueError: when a count is negative.

    Source: Q. McNemar (1947), Note on the sampling error of the difference between correlated
    proportions; the exact form is the sign test.
    """
    if fixed < 0 or broken < 0:
        raise ValueError(f"fixed {fixed} and broken {broken} are counts; they can't be negative.")
    tail, total = min(fixed, broken), fixed + broken
    if 2 * tail >= total - 1:  # the halves meet or overlap
        return 1.0
    # The largest term by its logarithm, the smaller ones relative to it: nothing overflows, and
    # the sum ends where a term no longer changes it.
    largest = (
        math.lgamma(total + 1)
        - math.lgamma(tail + 1)
        - math.lgamma(total - tail + 1)
        - total * math.log(2)
    )
    share, relative = 1.0, 1.0
    for i in range(tail, 0, -1):
        share *= i / (total - i + 1)
        relative += share
        if share < 1e-17 * relative:
            break
    return min(1.0, 2 * math.exp(largest + math.log(relative)))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p-values of a family of tests, in the order that they came.

    The i-th smallest of m p-values (i from 0) is multiplied by m - i, never falls below the one
    before it, and is at most 1. Whatever is below 0.05 then is significant with a chance of at most
    5 % that even one of the m is so by accident, however the tests depend on each other. Equals
    ``statsmodels.stats.multitest.multipletests(method="holm")``.

    Raises:
        ValueError: when a value is not between 0 and 1.

    Source: S. Holm (1979), A simple sequentially rejective multiple test procedure.
    """
    if not all(0 <= p <= 1 for p in p_values):
        raise ValueError("p-values lie between 0 and 1.")
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, floor = [0.0] * len(p_values), 0.0
    for place, i in enumerate(order):
        floor = max(floor, min(1.0, (len(p_values) - place) * p_values[i]))
        adjusted[i] = floor
    return tuple(adjusted)


@dataclass(frozen=True, slots=True)
class Detectable:
    """The smallest net difference, in images, that is sure to be called significant.

    Attributes:
        at_best: When every image on which the two disagree speaks for the same one.
        as_observed: With the number of disagreements that was observed; None when even all of them
            on one side would not do.
    """

    at_best: int
    as_observed: int | None


def detectable(discordant: int, *, comparisons: int = 1, alpha: float = ALPHA) -> Detectable:
    """What an eval set can show: the smallest ``|fixed - broken|`` that is significant.

    Significant at ``alpha / comparisons``, the strictest step of Holm's correction: such a
    difference is called significant whatever the other comparisons show. In points it is
    ``100 / n`` times as much.

    ``at_best`` is the smallest d with ``mcnemar(d, 0) <= alpha / comparisons``; ``as_observed``
    the smallest difference of two counts that sum to ``discordant`` and do as much.

    Args:
        discordant: Images that exactly one of the two gets right: ``fixed + broken``.
        comparisons: Tests in the family, e.g. N (N - 1).
        alpha: Level of the whole family.

    Raises:
        ValueError: when a number is outside its range.
    """
    if discordant < 0 or comparisons < 1 or not 0 < alpha < 1:
        raise ValueError(
            f"discordant {discordant}, comparisons {comparisons}, alpha {alpha}: they must be at "
            "least 0, at least 1, and between 0 and 1."
        )
    level = alpha / comparisons
    at_best = max(1, math.ceil(1 - math.log2(level)))  # 2 · 2^-d <= level
    if mcnemar(discordant, 0) > level:
        return Detectable(at_best, None)
    # The p-value grows with the smaller count: halve the range until its last good value is known.
    good, bad = 0, discordant // 2 + 1
    while bad - good > 1:
        middle = (good + bad) // 2
        if middle <= discordant - middle and mcnemar(discordant - middle, middle) <= level:
            good = middle
        else:
            bad = middle
    return Detectable(at_best, discordant - 2 * good)
