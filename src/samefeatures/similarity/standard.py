"""The two measures that a study takes when it names none, by one call."""

from __future__ import annotations

from dataclasses import dataclass

from samefeatures.algebra import HOST, Algebra
from samefeatures.joint.views import SecondMoments
from samefeatures.maps.affine import AffineMap
from samefeatures.similarity.mapped import Mapped
from samefeatures.similarity.measures.cosine import Cosine
from samefeatures.similarity.measures.r2 import R2


@dataclass(frozen=True, slots=True)
class Closeness:
    """How near mapped features come to the true ones: see ``R2`` and ``Cosine``."""

    r2: float
    cosine: float


def closeness(moments: SecondMoments, fitted: AffineMap, *, algebra: Algebra = HOST) -> Closeness:
    """R² and cosine of a map from the moments of held-out rows: no row is touched.

    Args:
        moments: Of the map's source (d_A) and target (d_B).
        fitted: With weight (d_B, d_A) and bias (d_B,).
        algebra: Where.
    """
    mapped = Mapped.of(moments, fitted, algebra=algebra)
    return Closeness(r2=R2().value(mapped), cosine=Cosine().value(mapped))
