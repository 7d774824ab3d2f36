"""The mean squared canonical correlation."""

from __future__ import annotations

import math

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.joint.views import SecondMoments
from samefeatures.maps.sizes import Sizes
from samefeatures.similarity.measure import SpaceMeasure
from samefeatures.similarity.spectra import Spectra, pair_work


class R2CCA(SpaceMeasure):
    """``Σ ρ_i² / min(r_A, r_B)``: 0 nothing shared, 1 one space lies within the other.

    The share of the smaller space's whitened variance that the other explains. Invariances, NaN and
    what it needs are those of ``CCA``. Source: Kornblith et al., ICML 2019, table 1.
    """

    name = "r2_cca"
    label = "R² of CCA"
    says = "mean squared canonical correlation of source and target"

    def value(self, moments: SecondMoments, a: str, b: str, *, algebra: Algebra = HOST) -> float:
        """The squares of K add up to those of the correlations: no singular value is needed."""
        spectra = Spectra.of(moments, algebra=algebra)
        if not spectra.apart(a, b):
            return math.nan
        white = spectra.white(a, b)
        shared = float(np.square(white).sum())
        return min(shared / float(min(white.shape)), 1.0)

    def work(self, sizes: Sizes) -> float:
        """Spectra, and products of every pair."""
        return pair_work(sizes.dims)
