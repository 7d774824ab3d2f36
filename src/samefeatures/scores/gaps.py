"""Spaces of which every pair is known."""

from __future__ import annotations

import numpy as np

from samefeatures.base.arrays import Bool, Float64


def without_gaps(*tables: Float64) -> list[int]:
    """Places of those that are left when the ones with the most gaps are taken out, one by one.

    Args:
        tables: (N, N) each, source by target; NaN is a gap, the diagonal is not looked at.
    """
    count = len(tables[0])
    gaps: Bool = np.zeros((count, count), np.bool_)
    for table in tables:
        gaps |= np.isnan(table) | np.isnan(table.T)
    np.fill_diagonal(gaps, val=False)
    left = list(range(count))
    while gaps[np.ix_(left, left)].any():
        worst = int(gaps[np.ix_(left, left)].sum(axis=1).argmax())
        del left[worst]
    return left
