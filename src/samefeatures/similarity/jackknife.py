"""Intervals of ratios of sums, by leaving out one block of rows at a time."""

from __future__ import annotations

import numpy as np

from samefeatures.base.arrays import Float64

LEVEL = 0.95


def ratio_interval(above: Float64, below: Float64, *, level: float = LEVEL) -> tuple[float, float]:
    """Low and high end of an interval of ``1 − Σ above / Σ below``, by the delete-one jackknife.

    θ_j is the value without block j: the variance is (J − 1) / J · Σ (θ_j − mean)², and Student's t
    with J − 1 degrees of freedom gives the ends (Efron and Tibshirani 1993, section 11.5). Rows of
    a block may hang together; blocks may not.

    Args:
        above: (J,) sums over the rows of each block.
        below: (J,) likewise.
        level: Of the interval.

    Returns:
        NaN twice where there are fewer than two blocks, or nothing below.
    """
    from scipy.special import stdtrit

    count = len(above)
    rest = below.sum() - below
    if count < 2 or not (rest > 0).all():
        return float("nan"), float("nan")
    value = 1 - above.sum() / below.sum()
    without = 1 - (above.sum() - above) / rest  # (J,)
    spread = np.sqrt((count - 1) / count * ((without - without.mean()) ** 2).sum())
    half = stdtrit(count - 1, (1 + level) / 2) * spread
    return float(value - half), float(value + half)
