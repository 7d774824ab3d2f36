"""Two classifiers on the same images: the exact test, a table of them, what an eval set can show.

SciPy's incomplete beta function is what its ``binomtest`` comes down to, without ``scipy.stats``,
which takes longer to import than a report to write.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass

from samefeatures.scores.intervals import ALPHA


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
    few, many = sorted((fixed, broken))
    if many <= few + 1:  # the halves meet or overlap
        return 1.0
    from scipy.special import betainc

    return 2 * float(betainc(many, few + 1, 0.5))  # P(X <= few)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p-values of a family of tests, in the order that they came.

    The i-th smallest of m p-values (i from 0) is multiplied by m - i, never falls below the one
    before it, and is at most 1. Whatever is below 0.05 then is significant with a chance of at most
    5 % that even one of the m is so by accident, however the tests depend on each other. Ours
    because SciPy has none; equals ``statsmodels.stats.multitest.multipletests(method="holm")``.

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
    at_best = math.ceil(1 - math.log2(level))  # 2 · 2^-d <= level
    # The p-value grows with the smaller count: so many small counts, from 0 on, are significant.
    significant = bisect.bisect_right(
        range(discordant // 2 + 1), level, key=lambda few: mcnemar(few, discordant - few)
    )
    return Detectable(at_best, discordant - 2 * (significant - 1) if significant else None)
