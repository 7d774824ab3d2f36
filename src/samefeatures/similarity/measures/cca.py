"""The mean canonical correlation."""

from __future__ import annotations

import math

from samefeatures.algebra import HOST, Algebra
from samefeatures.joint.views import SecondMoments
from samefeatures.maps.sizes import Sizes
from samefeatures.similarity.measure import SpaceMeasure
from samefeatures.similarity.spectra import Spectra, pair_work


class CCA(SpaceMeasure):
    """``mean ρ_i`` over the min(r_A, r_B) canonical correlations: 0 nothing shared, 1 one space
    lies within the other.

    Unchanged by any invertible affine map of either space, so that all directions count alike,
    however little varies along them. NaN where a space does not vary, and where ranks add up to
    more than n − 1: correlations of 1 would then follow from the number of rows alone. Source:
    Raghu et al., NeurIPS 2017.
    """

    name = "cca"
    label = "CCA"
    says = "mean canonical correlation of source and target; 1 is the same up to an affine map"

    def value(self, moments: SecondMoments, a: str, b: str, *, algebra: Algebra = HOST) -> float:
        """From the whitened cross moments."""
        spectra = Spectra.of(moments, algebra=algebra)
        return float(spectra.correlations(a, b).mean()) if spectra.apart(a, b) else math.nan

    def work(self, sizes: Sizes) -> float:
        """Spectra, and singular values of every pair."""
        return pair_work(sizes.dims)
