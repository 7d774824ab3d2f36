"""Linear centred kernel alignment."""

from __future__ import annotations

import math

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.joint.views import SecondMoments
from samefeatures.maps.sizes import Sizes
from samefeatures.similarity.measure import SpaceMeasure


class CKA(SpaceMeasure):
    """``‖S_AB‖² / (‖S_AA‖ ‖S_BB‖)`` in Frobenius norms: 0 nothing shared, 1 the same.

    Unchanged by rotations, by one factor for all features, and by shifts; not by stretching single
    directions: those of large variance decide. It is the cosine between the n × n matrices of
    similarities of the images. Biased upwards where rows are few for the dimensions. NaN where a
    space does not vary. Source: Kornblith et al., ICML 2019.
    """

    name = "cka"
    label = "CKA"
    says = "linear centred kernel alignment of source and target; 1 is the same up to rotation"

    def value(self, moments: SecondMoments, a: str, b: str, *, algebra: Algebra = HOST) -> float:  # noqa: ARG002
        """From three blocks."""
        lengths = [float(np.linalg.norm(moments.block(name, name))) for name in (a, b)]
        if not min(lengths) > 0:
            return math.nan
        across = float(np.linalg.norm(moments.block(a, b)))
        return min(across / lengths[0] * (across / lengths[1]), 1.0)

    def work(self, sizes: Sizes) -> float:
        """A square for every entry of S."""
        return float(sizes.total**2)
