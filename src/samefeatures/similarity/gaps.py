"""Spaces of which every pair is known."""

from __future__ import annotations

import numpy as np

from samefeatures.base.arrays import Float64


def without_gaps(*tables: Float64) -> list[int]:
    """Places of those that are left when the ones with the most gaps are taken out, one by one.

    Args:
        tables: (N, N) each, source by target; NaN is a gap, the diagonal is not looked at.
    """
    gaps = np.isnan(np.stack(tables)).any(axis=0)
    np.fill_diagonal(gaps, val=False)
    gaps |= gaps.T
    left = list(range(len(gaps)))
    while gaps[np.ix_(left, left)].any():
        worst = int(gaps[np.ix_(left, left)].sum(axis=1).argmax())
        del left[worst]
    return left
