"""Count what a hybrid gets right: source features, map and target head, on labelled rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.algebra import HOST, Algebra, Device, Heads
from samefeatures.base.arrays import Bool, Float32, Int32, Int64
from samefeatures.base.errors import LabelError
from samefeatures.maps.affine import AffineMap
from samefeatures.moments.record import Moments
from samefeatures.networks.record import Head

TOP = 5


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
    rows: Iterable[tuple[Float32, Int64]],
    heads: Sequence[Head],
    *,
    algebra: Algebra = HOST,
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
    counter = _heads_in(algebra, heads)
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


def _heads_in(algebra: Algebra, heads: Sequence[Head]) -> Heads:
    if isinstance(algebra, Device):
        return algebra.heads([head.weight for head in heads], [head.bias for head in heads])
    return _HostHeads(heads)


class _HostHeads:
    """Several heads in NumPy."""

    def __init__(self, heads: Sequence[Head]) -> None:
        # The bias rides along as the weight of a feature that is always 1.
        self._weight = np.concatenate([np.column_stack([h.weight, h.bias]) for h in heads])
        self._stops = np.cumsum([head.classes for head in heads])[:-1]

    def count(self, features: Float32, labels: Int64) -> tuple[Int32, Int64]:
        """Predictions (heads, r), and (heads, 2) rows with the label first and in the first 5."""
        ones = np.ones((len(features), 1), np.float32)
        logits = np.concatenate([features, ones], axis=1) @ self._weight.T  # (r, Σ classes)
        predictions, counts = [], []
        for part in np.split(logits, self._stops, axis=1):  # (r, classes)
            best = part.argmax(axis=1)
            predictions.append(best.astype(np.int32))
            hit = best == labels
            counts.append((int(hit.sum()), int(hit.sum()) + _next_four(part, labels, hit)))
        return np.stack(predictions), np.array(counts, np.int64)


def _next_four(logits: Float32, labels: Int64, hit: Bool) -> int:
    """Rows without a hit whose label is among the first five of a stable descending sort."""
    own = logits[np.arange(len(labels)), labels][:, None]  # (r, 1)
    greater = np.packbits(logits > own, axis=1)  # (r, classes / 8)
    near = (np.bitwise_count(greater).sum(axis=1, dtype=np.int64) < TOP) & ~hit
    # Only now are ties looked at, on the few rows that they could decide.
    part, mine = logits[near], own[near]
    before = np.arange(logits.shape[1]) < labels[near, None]
    ahead = np.count_nonzero((part > mine) | ((part == mine) & before), axis=1)
    return int((ahead < TOP).sum())


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


@dataclass(frozen=True, slots=True)
class Closeness:
    """How near mapped features come to the true ones.

    Attributes:
        r2: ``1 − Σ‖M x + m − y‖² / Σ‖y − mean(y)‖²``; NaN when the target does not vary.
        cosine: ``Σ ⟨M x + m, y⟩ / sqrt(Σ‖M x + m‖² · Σ‖y‖²)``: all rows as one long vector.
    """

    r2: float
    cosine: float


def closeness(moments: Moments, fitted: AffineMap, *, algebra: Algebra = HOST) -> Closeness:
    """R² and cosine of a map from the moments of the eval set: no row is touched."""
    a, b, n = fitted.source, fitted.target, moments.n
    s_aa, s_ab = moments.block(a, a), moments.block(a, b)
    mean_b = moments.mean_of(b)
    mean_mapped = fitted.weight @ moments.mean_of(a) + fitted.bias
    total = moments.sum_of_squares(b)
    spread = float(np.vdot(algebra.product(fitted.weight, s_aa), fitted.weight))  # Σ‖M (x − mean)‖²
    shared = float(np.vdot(fitted.weight, s_ab.T))  # Σ⟨M (x − mean), y − mean⟩
    offset = mean_mapped - mean_b
    residual = spread - 2 * shared + total + n * float(offset @ offset)
    dot = shared + n * float(mean_mapped @ mean_b)
    norm_mapped = spread + n * float(mean_mapped @ mean_mapped)
    norm_true = total + n * float(mean_b @ mean_b)
    length = np.sqrt(norm_mapped * norm_true)
    return Closeness(
        r2=1 - residual / total if total > 0 else float("nan"),
        cosine=dot / length if length > 0 else float("nan"),
    )
