"""Linear centred kernel alignment without the bias of few rows."""

from __future__ import annotations

import math

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.joint.norms import norm_of
from samefeatures.joint.views import SecondMoments, precision_of
from samefeatures.maps.sizes import Sizes
from samefeatures.similarity.measure import SpaceMeasure

ROUNDING = {"float64": 1e-12, "float32": 1e-4}
"""HSIC of a space with itself, as a share of the sums it is the difference of, that is nothing."""


class DebiasedCKA(SpaceMeasure):
    """``HSIC_AB / √(HSIC_AA HSIC_BB)`` with the unbiased estimate of HSIC: 0 nothing shared, 1 the
    same; unrelated spaces lie about 0 on either side however few the rows are.

    With p = ‖x − mean‖² of each row, ``n (n − 3) HSIC_AB = ‖S_AB‖² + Σp_A Σp_B / (n − 1)(n − 2) −
    n / (n − 2) · p_Aᵀ p_B``: that of the n × n matrices of similarities without their diagonals.
    It is an inner product of such matrices, centred, so that it lies between −1 and 1, and of a
    space with itself is not negative. Unchanged as ``CKA`` is. NaN with fewer than 4 rows, and
    where a space does not vary or its similarities off the diagonal do not. Source: Song et al.,
    JMLR 2012, equation 5; Székely and Rizzo, Annals of Statistics 2014, for the inner product.
    """

    name = "debiased_cka"
    label = "Debiased CKA"
    says = "linear CKA without the bias of few images; 1 is the same up to rotation, 0 unrelated"
    reads = "norms"

    def value(self, moments: SecondMoments, a: str, b: str, *, algebra: Algebra = HOST) -> float:  # noqa: ARG002
        """From three blocks, and the moments of the two columns p."""
        if moments.n < 4:
            return math.nan
        lengths = [_hsic(moments, name, name) for name in (a, b)]
        if not min(lengths) > 0:
            return math.nan
        value = _hsic(moments, a, b) / math.sqrt(lengths[0]) / math.sqrt(lengths[1])
        return max(-1.0, min(value, 1.0))

    def work(self, sizes: Sizes) -> float:
        """A square for every entry of S."""
        return float(sizes.total**2)


def _hsic(moments: SecondMoments, a: str, b: str) -> float:
    """n (n − 3) times the unbiased HSIC; 0 where it is nothing but rounding."""
    n, p = moments.n, [norm_of(name) for name in (a, b)]
    sums = [n * float(moments.mean_of(name)[0]) for name in p]
    shared = float(moments.block(*p)[0, 0]) + sums[0] * sums[1] / n  # p_Aᵀ p_B
    across = float(np.linalg.norm(moments.block(a, b))) ** 2
    found = across + sums[0] * sums[1] / ((n - 1) * (n - 2)) - shared * n / (n - 2)
    nothing = ROUNDING[precision_of(moments)] * (across + shared)
    return 0.0 if a == b and found <= nothing else found
