"""How many dimensions a space fills, and a map lets through."""

from __future__ import annotations

import math

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float64
from samefeatures.joint.views import SecondMoments
from samefeatures.maps.affine import AffineMap
from samefeatures.similarity.spectra import Spectra


def participation(total: float, squares: float) -> float:
    """``(Σλ)² / Σλ²`` of Σλ and Σλ²: d where d values are the same, 1 where one is all there is.

    NaN where all are zero.
    """
    return total / squares * total if total > 0 and squares > 0 else math.nan


def effective_dimension(moments: SecondMoments, space: str) -> float:
    """The participation ratio of the variances λ along a space's principal directions.

    ``(tr S)² / ‖S‖²``, from 1 to d, so that no direction has to be found. Unchanged by rotations,
    by one factor for all features, and by shifts. It is at most n − 1, and few rows make it too
    small. NaN where the space does not vary.
    """
    squares = float(np.linalg.norm(moments.block(space, space))) ** 2
    return participation(moments.sum_of_squares(space), squares)


def variances(moments: SecondMoments, space: str, *, algebra: Algebra = HOST) -> Float64:
    """(r,) along the principal directions, descending: sums of squares by n − 1.

    scikit-learn's ``PCA.explained_variance_``; directions that moments can't tell from rounding are
    left out.
    """
    return Spectra.of(moments, algebra=algebra).spectrum(space).values / max(moments.n - 1, 1)


def mapped_second(moments: SecondMoments, fitted: AffineMap, *, algebra: Algebra = HOST) -> Float64:
    """(d_B, d_B) M S_AA Mᵀ: second moments of what a map makes of its source's rows.

    Its eigenvalues are squares of the singular values of M on these rows, which say how many
    directions it lets through, and how much of each.
    """
    within = algebra.product(fitted.weight, moments.block(fitted.source, fitted.source))
    return algebra.product(within, fitted.weight.T)
