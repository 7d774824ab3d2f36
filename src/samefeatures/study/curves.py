"""Loss curves of a study, thinned out for the report."""

from __future__ import annotations

import numpy as np

from samefeatures.maps import AffineMap, LossCurve
from samefeatures.study.results import CurveSummary

POINTS = 100


def curve_summary(label: str, fitted: AffineMap, curve: LossCurve | None) -> CurveSummary | None:
    """The curve of a map; None where the method has none."""
    if curve is None:
        return None
    at, loss = thinned(curve)
    return CurveSummary(
        method=label, source=fitted.source, target=fitted.target, unit=curve.unit, at=at, loss=loss
    )


def thinned(curve: LossCurve) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """At most 100 points: the last step of each stretch, and the mean loss over it.

    Stretches are single steps where there are no more than that, else of even length on a
    logarithmic axis. Losses have six digits.
    """
    n = len(curve.loss)
    ends = np.arange(1, n + 1)
    if n > POINTS:
        ends = np.unique(np.geomspace(1, n, POINTS).round().astype(int))
    starts = [0, *ends[:-1]]
    means = [curve.loss[i:j].mean() for i, j in zip(starts, ends, strict=True)]
    return tuple(map(int, ends)), tuple(float(f"{mean:.6g}") for mean in means)
