"""The angle between two spaces after the best rotation: a metric."""

from __future__ import annotations

import math

from samefeatures.algebra import HOST, Algebra
from samefeatures.joint.views import SecondMoments
from samefeatures.maps.sizes import Sizes
from samefeatures.similarity.measure import SpaceMeasure
from samefeatures.similarity.measures.procrustes import Procrustes


class Angle(SpaceMeasure):
    """``arccos`` of ``Procrustes``, in radians: 0 the same, π/2 nothing shared; DOWN is nearer.

    Symmetric, zero only between spaces that are rotations of each other, and of three spaces no
    angle is above the sum of the others: spaces can be clustered by it. Of the family of Williams
    et al., NeurIPS 2021, the member that whitens nothing, α = 1.
    """

    name = "angle"
    label = "Angle"
    says = "angle between source and target after the best rotation, radians; 0 is the same"
    same = 0.0
    apart = math.pi / 2

    def value(self, moments: SecondMoments, a: str, b: str, *, algebra: Algebra = HOST) -> float:
        """Of the cosine."""
        return math.acos(Procrustes().value(moments, a, b, algebra=algebra))

    def work(self, sizes: Sizes) -> float:
        """That of ``Procrustes``."""
        return Procrustes().work(sizes)
