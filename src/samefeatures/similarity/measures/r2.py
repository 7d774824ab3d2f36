"""The share of the target's variance that a map explains."""

from __future__ import annotations

import math

from samefeatures.similarity.mapped import Mapped
from samefeatures.similarity.measure import MapMeasure


class R2(MapMeasure):
    """``1 − Σ‖x̃ − y‖² / Σ‖y − mean(y)‖²``: all features weigh by their variance.

    Equals ``sklearn.metrics.r2_score(multioutput="variance_weighted")``. Below zero the target's
    mean alone would be nearer. NaN when the target does not vary.
    """

    name = "r2"
    place = 1
    label = "R²"
    says = "R² of mapped against true features of the target"

    def value(self, mapped: Mapped) -> float:
        """One less the residual's share."""
        if not mapped.target_spread > 0:
            return math.nan
        offset = mapped.mean - mapped.target_mean  # (d_B,)
        residual = (
            mapped.spread
            - 2 * mapped.shared
            + mapped.target_spread
            + mapped.moments.n * float(offset @ offset)
        )
        return float(1 - residual / mapped.target_spread)
