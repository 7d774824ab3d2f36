"""Composed heads in NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from samefeatures.algebra.protocol import TOP
from samefeatures.base.arrays import Bool, Float32, Int32, Int64


class HostHeads:
    """All heads on one set of features: one matrix product per chunk of rows.

    Args:
        weights: (classes, d) each.
        biases: (classes,) each.
    """

    def __init__(self, weights: Sequence[Float32], biases: Sequence[Float32]) -> None:
        # The bias rides along as the weight of a feature that is always 1.
        joined = [np.column_stack(parts) for parts in zip(weights, biases, strict=True)]
        self._weight = np.concatenate(joined)  # (Σ classes, d + 1)
        self._stops = np.cumsum([len(bias) for bias in biases])[:-1]

    def count(self, features: Float32, labels: Int64) -> tuple[Int32, Int64]:
        """Predictions (heads, r), and (heads, 2) rows with the label first and in the first 5.

        Args:
            features: (r, d).
            labels: (r,).
        """
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
