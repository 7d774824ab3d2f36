"""How many networks seem to share a direction when rows are paired by chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from samefeatures.base.arrays import Float64

NARROWEST, WIDEST = 1e-6, 1e8
"""Where the least of the function is sought."""


def chance_level(kept: Sequence[Float64], rows: int) -> float:
    """Upper edge of the eigenvalues of the whitened S when the rows of every network are shuffled.

    Of n rows, spaces that have nothing in common still overlap: the more, the more features there
    are for a row. The eigenvalues are those of a sum of N projections of n − 1 dimensions, and
    shuffled ones are free of each other as n grows. So the R-transforms of their spectra add up
    (Voiculescu 1986), and the edge is

        min over g > 0 of  Σ_A G_A⁻¹(g) − (N − 1) / g,   G_A(z) = mean over eigenvalues p of 1/(z−p)

    N where the features outnumber the rows so far that chance alone makes directions common to all.

    Args:
        kept: (r_A,) for each network: eigenvalues of its projection, 1 without a ridge.
        rows: n.
    """
    dims = max(rows - 1, 1)
    varying = [part for part in kept if len(part)]
    if not varying:
        return 0.0

    def sum_at(log: float) -> float:
        g = float(np.exp(log))
        return sum(_inverse(part, dims, g) for part in varying) - (len(varying) - 1) / g

    from scipy.optimize import minimize_scalar

    found = minimize_scalar(sum_at, bounds=(np.log(NARROWEST), np.log(WIDEST)), method="bounded")
    return float(min(found.fun, sum(part.max() for part in varying)))


def _inverse(kept: Float64, dims: int, g: float) -> float:
    """z above all eigenvalues with G(z) = g; ``dims − r`` eigenvalues are zero."""
    from scipy.optimize import brentq

    top, zeros = float(kept.max()), max(dims - len(kept), 0)
    below = top - kept

    def beyond(log: float) -> float:
        gap = np.exp(log)
        return float((1 / (gap + below)).sum() + zeros / (gap + top)) / dims - g

    # Between 1 / (d g), were one eigenvalue at the top alone, and 1 / g, were all of them.
    low, high = -np.log(dims * g) - 1e-6, -np.log(g) + 1e-6
    return top + float(np.exp(brentq(beyond, low, high, xtol=1e-12)))
