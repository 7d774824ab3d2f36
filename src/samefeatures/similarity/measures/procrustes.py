"""How near the best rotation and scale bring one space to the other."""

from __future__ import annotations

import math

from samefeatures.algebra import HOST, Algebra
from samefeatures.joint.views import SecondMoments
from samefeatures.maps.sizes import Sizes
from samefeatures.similarity.measure import SpaceMeasure
from samefeatures.similarity.spectra import Spectra, pair_work


class Procrustes(SpaceMeasure):
    """``‖S_AB‖_* / √(tr S_AA · tr S_BB)``, ‖·‖_* the sum of singular values: 0 nothing shared, 1
    the same.

    It is the cosine of the angle between the spaces once one is rotated onto the other; of both at
    length 1 the squared distance left is ``2 (1 − value)``, and with the best scale as well
    ``1 − value²``, which SciPy calls disparity. Unchanged by rotations, one factor for all features
    and shifts. The smaller space gets features of zero. NaN where a space does not vary. Source:
    Schönemann 1966; Williams et al., NeurIPS 2021.
    """

    name = "procrustes"
    label = "Procrustes"
    says = "cosine between source and target after the best rotation; 1 is the same"

    def value(self, moments: SecondMoments, a: str, b: str, *, algebra: Algebra = HOST) -> float:
        """From the singular values of S_AB."""
        lengths = [math.sqrt(moments.sum_of_squares(name)) for name in (a, b)]
        if not min(lengths) > 0:
            return math.nan
        found = Spectra.of(moments, algebra=algebra).sizes(a, b)
        return min(float(found.sum()) / lengths[0] / lengths[1], 1.0)

    def work(self, sizes: Sizes) -> float:
        """Singular values of every pair."""
        return pair_work(sizes.dims)
