"""Nested heads count what each composed head counts by itself."""

from __future__ import annotations

import numpy as np
import pytest

from samefeatures.base.arrays import Float32
from samefeatures.networks.record import Head
from samefeatures.scores.heads import score_heads
from samefeatures.scores.ladder import Ladder, score_ladders

RNG = np.random.default_rng(8)
X = RNG.integers(0, 9, size=(700, 9)).astype(np.float32)  # whole numbers: nothing is rounded
LABELS = RNG.integers(0, 4, 700)


def ladder(directions: int, ranks: tuple[int, ...]) -> Ladder:
    def whole(*shape: int) -> Float32:
        return RNG.integers(-9, 10, size=shape).astype(np.float32)

    loadings = whole(directions, 9)
    return Ladder(
        loadings=loadings,
        offsets=-(loadings @ np.full(9, 4, np.float32)),
        steps=whole(4, directions),
        base=whole(4),
        ranks=ranks,
    )


@pytest.mark.parametrize("chunk", [700, 256, 1])
def test_every_rank_is_its_composed_head(chunk: int) -> None:
    ladders = [ladder(6, (1, 2, 4, 6)), ladder(3, (3,)), ladder(9, (1, 5))]
    chunks = [(X[i : i + chunk], LABELS[i : i + chunk]) for i in range(0, len(X), chunk)]
    for each, counts in zip(ladders, score_ladders(chunks, ladders), strict=True):
        heads = [
            Head(
                each.steps[:, :rank] @ each.loadings[:rank],
                each.base + each.steps[:, :rank] @ each.offsets[:rank],
            )
            for rank in each.ranks
        ]
        expected = [score.correct for score in score_heads([(X, LABELS)], heads)]
        assert list(counts) == list(each.ranks)
        assert list(counts.values()) == expected
        assert min(expected) > 0
