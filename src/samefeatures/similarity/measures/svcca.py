"""Canonical correlations of the principal directions that hold most of the variance."""

from __future__ import annotations

import math

from samefeatures.algebra import HOST, Algebra
from samefeatures.joint.views import SecondMoments
from samefeatures.maps.sizes import Sizes
from samefeatures.similarity.measure import SpaceMeasure
from samefeatures.similarity.spectra import Spectra, pair_work

HELD = 0.99
"""Share of a space's variance that the directions kept must hold."""


class SVCCA(SpaceMeasure):
    """Mean canonical correlation of the first principal directions, those that hold 99 % of the
    variance in each space: 0 nothing shared, 1 the same.

    Unchanged by rotations, one factor for all features, and shifts. NaN where a space does not
    vary, and where the directions kept are together more than n − 1 (see ``CCA``). Source: Raghu et
    al., NeurIPS 2017.
    """

    name = "svcca"
    label = "SVCCA"
    says = "mean canonical correlation of the directions that hold 99 % of the variance"

    def value(self, moments: SecondMoments, a: str, b: str, *, algebra: Algebra = HOST) -> float:
        """Singular values of a corner of the whitened cross moments."""
        spectra = Spectra.of(moments, algebra=algebra)
        kept_a, kept_b = (spectra.spectrum(name).holding(HELD) for name in (a, b))
        if not min(kept_a, kept_b) or kept_a + kept_b > spectra.n - 1:
            return math.nan
        return float(spectra.leading(a, b, HELD).mean())

    def work(self, sizes: Sizes) -> float:
        """Spectra, and singular values of every pair."""
        return pair_work(sizes.dims)
