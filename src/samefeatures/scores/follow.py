"""Whom a hybrid follows: the network whose features it reads, or the one whose head it borrows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Bool, Int64
from samefeatures.base.errors import LabelError
from samefeatures.scores.follows import Follows

Says = npt.NDArray[np.integer]


def follow(*, source_says: Says, target_says: Says, hybrid_says: Says, labels: Int64) -> Follows:
    """Whom the hybrid follows, from predictions alone.

    Args:
        source_says: (n,) classes predicted by the source network, any integers.
        target_says: (n,) by the target network.
        hybrid_says: (n,) by the source's features through a map and the target's head.
        labels: (n,) true classes.

    Raises:
        LabelError: when there is no image, or the four do not speak of the same images.
    """
    says = (source_says, target_says, hybrid_says)
    shapes = {array.shape for array in (*says, labels)}
    if len(shapes) > 1 or labels.ndim != 1 or not len(labels):
        raise LabelError(
            f"Predictions of shapes {', '.join(str(array.shape) for array in says)} came with "
            f"labels of shape {labels.shape}. Give one prediction of each, and a label, per image."
        )
    source, target, hybrid = (np.asarray(array == labels) for array in says)  # (n,) who is right
    apart, wrong = source_says != target_says, ~target
    same = hybrid_says == target_says
    return Follows(
        n=len(labels),
        disagree=int(apart.sum()),
        as_source=int((apart & (hybrid_says == source_says)).sum()),
        as_target=int((apart & same).sum()),
        mistakes=int(wrong.sum()),
        repeated=int((wrong & same).sum()),
        repeated_by_source=int((wrong & ~apart).sum()),
        consistency=error_consistency(hybrid, target),
        consistency_of_source=error_consistency(source, target),
    )


def error_consistency(first: Bool, second: Bool) -> float:
    """Cohen's κ of being right: how far two classifiers err on the same images beyond chance.

    ``κ = (c − e) / (1 − e)``: c is the share of images on which both are right or both are wrong,
    ``e = p₁ p₂ + (1 − p₁)(1 − p₂)`` what two classifiers of these accuracies would reach by
    accident. 1: the same images; 0: as by accident; below 0: other images. NaN where e is 1: both
    are always right, or both always wrong. Equals ``sklearn.metrics.cohen_kappa_score``.

    Args:
        first: (n,) whether a classifier is right, n at least 1.
        second: (n,) the same of another, on the same images.

    Source: R. Geirhos, K. Meding and F. A. Wichmann (2020), Beyond accuracy: quantifying
    trial-by-trial behaviour of CNNs and humans by measuring error consistency.
    """
    n, a, b = len(first), int(first.sum()), int(second.sum())
    by_chance = a * b + (n - a) * (n - b)  # n² e, whole numbers: exactly n² where e is 1
    if by_chance == n * n:
        return float("nan")
    return (n * int((first == second).sum()) - by_chance) / (n * n - by_chance)
