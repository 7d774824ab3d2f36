"""What needs no network: the accuracy of a guess, and which accuracies are hardly above it."""

from __future__ import annotations

import math

from samefeatures.scores.intervals import wilson
from samefeatures.study.results import StudyResults


def chance(results: StudyResults) -> float:
    """Percent that a uniform guess gets right, for the smallest number of classes."""
    counts = [network.classes for network in results.networks if network.classes]
    return 100.0 / min(counts) if counts else math.nan


def baseline(results: StudyResults) -> float:
    """Percent that whoever has not seen the image may get right: by a guess, or by always naming
    the most frequent class, whichever is more."""
    most, rows = results.eval_data.commonest, results.eval_data.rows
    return max(chance(results), 100 * most / rows if most and rows else 0.0)


def near(top1: float, level: float, *, n: int | None = None) -> bool:
    """Whether an accuracy is hardly above a level that needs no network; both in percent.

    Up to five points above it are, or three times as much where classes are many, or a quarter of
    the way to 100 where one class is frequent; and so is whatever ``n`` images can't tell from it.
    """
    if not math.isfinite(top1):
        return False
    if top1 <= min(level + 5.0, 3.0 * level, level + (100.0 - level) / 4):
        return True
    return n is not None and wilson(round(top1 * n / 100), n)[0] <= level
