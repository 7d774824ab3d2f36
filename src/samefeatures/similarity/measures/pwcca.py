"""Canonical correlations, weighted by how much of the source's features they account for."""

from __future__ import annotations

import math

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.joint.views import SecondMoments
from samefeatures.maps.sizes import Sizes
from samefeatures.similarity.measure import SpaceMeasure
from samefeatures.similarity.spectra import Spectra, pair_work


class PWCCA(SpaceMeasure):
    """``Σ α_i ρ_i / Σ α_i`` with ``α_i = Σ_j |⟨h_i, x_j⟩|``: 0 nothing shared, 1 all that matters
    to the source. h_i is the source's i-th canonical variate, x_j are its centred features.

    Directed: the weights are the source's, whichever space is smaller. Unchanged by any invertible
    affine map of the target, by one factor for all features and by shifts of the source; not by
    rotations of the source, since single features are added up. NaN as ``CCA``. Source: Morcos,
    Raghu and Bengio, NeurIPS 2018.
    """

    name = "pwcca"
    label = "PWCCA"
    says = "canonical correlations weighted by what they account for in the source's features"
    symmetric = False

    def value(self, moments: SecondMoments, a: str, b: str, *, algebra: Algebra = HOST) -> float:
        """⟨h_i, x_j⟩ over the rows is (U_A Λ_A^½ u_i)_j, with u_i the singular vectors of K."""
        spectra = Spectra.of(moments, algebra=algebra)
        if not spectra.apart(a, b):
            return math.nan
        left, found = spectra.variates(a, b)
        of_a = spectra.spectrum(a)
        shown = algebra.product(of_a.vectors * np.sqrt(of_a.values), left)  # (d_a, k)
        weights = np.abs(shown).sum(axis=0)
        return float(weights @ np.minimum(found, 1.0) / weights.sum())

    def work(self, sizes: Sizes) -> float:
        """Spectra, and singular vectors of every pair."""
        return 2 * pair_work(sizes.dims)
