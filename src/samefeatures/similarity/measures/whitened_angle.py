"""The angle between two spaces once each is whitened: a metric that counts directions alike."""

from __future__ import annotations

import math

from samefeatures.algebra import HOST, Algebra
from samefeatures.joint.views import SecondMoments
from samefeatures.maps.sizes import Sizes
from samefeatures.similarity.measure import SpaceMeasure
from samefeatures.similarity.spectra import Spectra, pair_work


class WhitenedAngle(SpaceMeasure):
    """``arccos(Σ ρ_i / √(r_A r_B))`` in radians: 0 the same, π/2 nothing shared; DOWN is nearer.

    Unchanged by any invertible affine map of either space. A space that lies within a larger one is
    not at 0. Of the family of Williams et al., NeurIPS 2021, the member that whitens
    all, α = 0; ``Angle`` is the other end. NaN as ``CCA``.
    """

    name = "whitened_angle"
    label = "Whitened angle"
    says = (
        "angle between source and target, each whitened, radians; 0 is the same up to affine maps"
    )
    same = 0.0
    apart = math.pi / 2

    def value(self, moments: SecondMoments, a: str, b: str, *, algebra: Algebra = HOST) -> float:
        """Of the sum of canonical correlations."""
        spectra = Spectra.of(moments, algebra=algebra)
        if not spectra.apart(a, b):
            return math.nan
        ranks = spectra.spectrum(a).rank * spectra.spectrum(b).rank
        cosine = float(spectra.correlations(a, b).sum()) / math.sqrt(ranks)
        return math.acos(cosine)  # no correlation is above 1

    def work(self, sizes: Sizes) -> float:
        """Spectra, and singular values of every pair."""
        return pair_work(sizes.dims)
