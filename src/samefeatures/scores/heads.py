"""Count what a hybrid gets right: source features, map and target head, on labelled rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float32, Int32, Int64
from samefeatures.base.brief import brief
from samefeatures.base.errors import LabelError
from samefeatures.networks.record import Head


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """One head on one set of features.

    Attributes:
        predictions: (n,) int32, the class of the largest logit; the first one at a tie.
        correct: Rows whose prediction is the label.
        correct_top5: Rows whose label is among the five largest logits; ties as in a stable sort.
    """

    predictions: Int32
    correct: int
    correct_top5: int

    def __repr__(self) -> str:
        return brief(self, n=self.n, correct=self.correct, top1=self.top1, top5=self.top5)

    @property
    def n(self) -> int:
        return len(self.predictions)

    @property
    def top1(self) -> float:
        """Percent."""
        return 100 * self.correct / self.n

    @property
    def top5(self) -> float:
        """Percent."""
        return 100 * self.correct_top5 / self.n


def score_heads(
    rows: Iterable[tuple[Float32, Int64]], heads: Sequence[Head], *, algebra: Algebra = HOST
) -> list[Score]:
    """Score many heads on the same features: one matrix product per chunk of rows.

    The heads may be folded with maps (``AffineMap.fold``), so that all hybrids of one source cost
    (classes · heads) right-hand sides and mapped features never exist.

    Args:
        rows: Chunks of features (r, d) float32 and labels (r,) in 0 … classes − 1.
        heads: All of dimension d.
        algebra: Where; on a device logits stay there, and predictions come back.

    Raises:
        LabelError: when a label is outside a head's classes, or there are no rows.
    """
    smallest = min(head.classes for head in heads)
    counter = algebra.heads([head.weight for head in heads], [head.bias for head in heads])
    predictions: list[Int32] = []
    correct = np.zeros((len(heads), 2), np.int64)
    for features, labels in rows:
        _check_labels(labels, smallest)
        best, counts = counter.count(features, labels)
        predictions.append(best)
        correct += counts
    if not predictions:
        raise LabelError("There is no row to score. Give an eval set with at least one image.")
    return [
        Score(p, int(c), int(c5))
        for p, (c, c5) in zip(np.concatenate(predictions, axis=1), correct, strict=True)
    ]


def _check_labels(labels: Int64, classes: int) -> None:
    if len(labels) and (labels.min() < 0 or labels.max() >= classes):
        wrong = labels.min() if labels.min() < 0 else labels.max()
        raise LabelError(
            f"The label {wrong} is outside the {classes} classes of a head. Check the class map of "
            "the eval set, and that all networks were trained on the same classes."
        )


def agreement(first: Score, second: Score) -> float:
    """Percent of rows where two scores predict the same class; needs no label to be right."""
    return float(100 * np.mean(first.predictions == second.predictions))
