"""How many networks seem to share a direction when their rows are Gaussian noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.base.arrays import Float64

NARROWEST, WIDEST = 1e-6, 1e8
"""Where the least of the function is sought."""
LARGEST = 0.9793
"""The real Tracy–Widom law is below it with a probability of 95 %."""


def chance_level(kept: Sequence[Float64], rows: int) -> float:
    """What the largest eigenvalue of the whitened S of unrelated Gaussian noise exceeds in one
    draw of twenty, at most.

    Of n rows, spaces that have nothing in common still overlap: the more, the more features there
    are for a row. The eigenvalues are those of a sum of N projections of n − 1 dimensions, and
    those of noise are free of each other as n grows. So the R-transforms of their spectra add up
    (Voiculescu 1986), and the edge is

        E = min over g > 0 of  f(g) = Σ_A G_A⁻¹(g) − (N − 1) / g,

    G_A(z) the mean over eigenvalues p of 1 / (z − p). Below it eigenvalues lie as densely as
    √(2 (E − x) / f″) / π, so that the largest of m = n − 1 is spread about it by the Tracy–Widom
    law (1996) of width (f″ / 2)^⅓ m^-⅔. The level is E and 0.98 of that. N where the features
    outnumber the rows so far that chance alone makes directions common to all.

    This is no test for other features. Where rows are far from Gaussian (heavy tails, features that
    are seldom other than 0) a few rows decide each network's directions, and the largest eigenvalue
    of unrelated spaces lies above the level far more often.

    Args:
        kept: (r_A,) for each network: eigenvalues of its projection, 1 without a ridge.
        rows: n.
    """
    dims = max(rows - 1, 1)
    varying = [part for part in kept if len(part)]
    if not varying:
        return 0.0
    edge, bend = _edge([_Spectrum(kept=part, dims=dims) for part in varying])
    width = np.cbrt(max(bend, 0.0) / 2) * dims ** (-2 / 3)
    return float(min(edge + LARGEST * width, sum(part.max() for part in varying)))


def _edge(spectra: Sequence[_Spectrum]) -> tuple[float, float]:
    """E and f″ there."""
    free = len(spectra) - 1

    def height(log: float) -> float:
        g = float(np.exp(log))
        return sum(each.inverse(g) for each in spectra) - free / g

    from scipy.optimize import minimize_scalar

    found = minimize_scalar(height, bounds=(np.log(NARROWEST), np.log(WIDEST)), method="bounded")
    g = float(np.exp(found.x))
    return float(found.fun), sum(each.bend(g) for each in spectra) - 2 * free / g**3


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Spectrum:
    """Eigenvalues of one projection, (r,) and zeros up to ``dims``."""

    kept: Float64
    dims: int

    def mean(self, gap: float, power: int) -> float:
        """Of 1 / (z − p)^power, with z above all eigenvalues by the gap."""
        top, zeros = float(self.kept.max()), max(self.dims - len(self.kept), 0)
        terms = (1 / (gap + top - self.kept) ** power).sum() + zeros / (gap + top) ** power
        return float(terms) / self.dims

    def gap(self, g: float) -> float:
        """Of the z with G(z) = g."""
        from scipy.optimize import brentq

        # Between 1 / (d g), were one eigenvalue at the top alone, and 1 / g, were all of them.
        low, high = -np.log(self.dims * g) - 1e-6, -np.log(g) + 1e-6
        log = brentq(lambda log: self.mean(np.exp(log), 1) - g, low, high, xtol=1e-12)
        return float(np.exp(log))

    def inverse(self, g: float) -> float:
        """G⁻¹(g)."""
        return float(self.kept.max()) + self.gap(g)

    def bend(self, g: float) -> float:
        """Second derivative of G⁻¹."""
        gap = self.gap(g)
        return 2 * self.mean(gap, 3) / self.mean(gap, 2) ** 3
