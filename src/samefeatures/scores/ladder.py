"""One head behind maps of rising rank: each adds its directions to the logits of the one before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.base.arrays import Float32, Int64


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Ladder:
    """Logits of rank r are ``base + Σ_{k ≤ r} steps[:, k] · (loadings[k] · x + offsets[k])``.

    Attributes:
        loadings: (k, d) of the source's features to directions, the most telling one first.
        offsets: (k,), which take the source's mean off.
        steps: (classes, k) of directions to logits.
        base: (classes,) logits of the target's mean.
        ranks: Ascending, each at most k.
    """

    loadings: Float32
    offsets: Float32
    steps: Float32
    base: Float32
    ranks: tuple[int, ...]


def score_ladders(
    rows: Iterable[tuple[Float32, Int64]], ladders: Sequence[Ladder]
) -> list[dict[int, int]]:
    """Right predictions by rank, of each ladder: all ranks of a pair cost little more than one.

    A row costs ``k · (d + classes)`` multiply-adds a ladder, where one composed head costs
    ``d · classes``; the largest logit is sought once a rank. In float32, on the processor.

    Args:
        rows: Chunks of features (r, d) float32 and labels (r,), indices of classes.
        ladders: All on the same d features.
    """
    loadings = np.concatenate([ladder.loadings for ladder in ladders])  # (Σ k, d)
    offsets = np.concatenate([ladder.offsets for ladder in ladders])
    edges = np.cumsum([len(ladder.offsets) for ladder in ladders])[:-1]
    correct = [dict.fromkeys(ladder.ranks, 0) for ladder in ladders]
    for features, labels in rows:
        along = np.split(features @ loadings.T + offsets, edges, axis=1)  # (r, k) each
        for ladder, mine, counts in zip(ladders, along, correct, strict=True):
            logits = np.tile(ladder.base, (len(labels), 1))  # (r, classes)
            start = 0
            for rank in ladder.ranks:
                logits += mine[:, start:rank] @ ladder.steps[:, start:rank].T
                counts[rank] += int((logits.argmax(axis=1) == labels).sum())
                start = rank
    return correct
