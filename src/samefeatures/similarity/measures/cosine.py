"""The angle between mapped and true features, over all images at once."""

from __future__ import annotations

import math

from samefeatures.similarity.mapped import Mapped
from samefeatures.similarity.measure import MapMeasure


class Cosine(MapMeasure):
    """``Σ ⟨x̃, y⟩ / sqrt(Σ‖x̃‖² · Σ‖y‖²)``: all rows as one long vector, so that moments suffice.

    It weighs images by the length of their features. NaN when one side is zero throughout.
    """

    name = "cosine"
    place = 2
    label = "Cosine"
    says = "cosine between mapped and true features of the target"

    def value(self, mapped: Mapped) -> float:
        """The dot product by both lengths."""
        n, mean, target_mean = mapped.moments.n, mapped.mean, mapped.target_mean
        dot = mapped.shared + n * float(mean @ target_mean)
        squares = (
            mapped.spread + n * float(mean @ mean),
            mapped.target_spread + n * float(target_mean @ target_mean),
        )
        if not min(squares) > 0:
            return math.nan
        return dot / math.sqrt(squares[0]) / math.sqrt(squares[1])
