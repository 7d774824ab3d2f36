"""Whom a hybrid follows: the network whose features it reads, or the one whose head it borrows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Bool, Int64
from samefeatures.base.errors import LabelError

Says = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Follows:
    """A hybrid against the two networks that it is made of, on the same images.

    Shares are percent, and NaN where there is no image to take a share of.

    Attributes:
        n: Images.
        disagree: Images on which source and target predict different classes.
        as_source: Of these, on how many the hybrid says what the source says.
        as_target: On how many it says what the target says.
        mistakes: Images that the target labels wrongly.
        repeated: Of these, on how many the hybrid says the same wrong class.
        repeated_by_source: On how many the source says it anyway.
        consistency: Error consistency of hybrid and target, as in ``error_consistency``.
        consistency_of_source: Of source and target.
    """

    n: int
    disagree: int
    as_source: int
    as_target: int
    mistakes: int
    repeated: int
    repeated_by_source: int
    consistency: float
    consistency_of_source: float

    @property
    def neither(self) -> int:
        """Images of the disagreement on which the hybrid says a third class."""
        return self.disagree - self.as_source - self.as_target

    def of_disagreements(self, count: int) -> float:
        """Percent of the images on which source and target disagree."""
        return _percent(count, self.disagree)

    def of_mistakes(self, count: int) -> float:
        """Percent of the target's mistakes."""
        return _percent(count, self.mistakes)


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


def _percent(count: int, n: int) -> float:
    return 100 * count / n if n else float("nan")
