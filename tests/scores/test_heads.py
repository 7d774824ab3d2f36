"""Scores against plain loops and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, top_k_accuracy_score

from samefeatures.base.errors import LabelError
from samefeatures.networks.record import Head
from samefeatures.scores.heads import agreement, score_heads

RNG = np.random.default_rng(0)


def random_head(classes: int, dim: int) -> Head:
    weight = RNG.normal(size=(classes, dim)).astype(np.float32)
    return Head(weight, RNG.normal(size=classes).astype(np.float32))


def chunks(x: np.ndarray, y: np.ndarray, rows: int) -> list:
    return [(x[i : i + rows], y[i : i + rows]) for i in range(0, len(x), rows)]


def test_counts_equal_scikit_learn() -> None:
    x = RNG.normal(size=(400, 6)).astype(np.float32)
    y = RNG.integers(0, 12, size=400)
    heads = [random_head(12, 6), random_head(15, 6), random_head(12, 6)]
    scores = score_heads(chunks(x, y, 64), heads)
    for head, score in zip(heads, scores, strict=True):
        logits = head.logits(x)
        assert np.array_equal(score.predictions, logits.argmax(1))
        assert score.correct == accuracy_score(y, logits.argmax(1), normalize=False)
        expected = top_k_accuracy_score(
            y, logits, k=5, normalize=False, labels=np.arange(head.classes)
        )
        assert score.correct_top5 == expected
        assert (score.top1, score.top5) == pytest.approx((score.correct / 4, expected / 4))
    same = agreement(scores[0], scores[2])
    assert same == pytest.approx(100 * np.mean(scores[0].predictions == scores[2].predictions))


def test_ties_count_as_in_a_stable_sort() -> None:
    """All logits equal: classes 0 to 4 are the top five, class 0 is the prediction."""
    head = Head(np.zeros((8, 2), np.float32), np.zeros(8, np.float32))
    x = np.ones((8, 2), np.float32)
    (score,) = score_heads([(x, np.arange(8))], [head])
    assert score.correct == 1
    assert score.correct_top5 == 5


def test_fewer_than_five_classes() -> None:
    x = RNG.normal(size=(30, 2)).astype(np.float32)
    (score,) = score_heads([(x, RNG.integers(0, 3, size=30))], [random_head(3, 2)])
    assert score.correct_top5 == 30


@pytest.mark.parametrize("label", [-1, 7])
def test_labels_outside_the_classes(label: int) -> None:
    rows = (np.zeros((4, 2), np.float32), np.array([6, 0, label, 3]))
    heads = [random_head(9, 2), random_head(7, 2)]
    with pytest.raises(LabelError, match=f"label {label} is outside the 7 classes"):
        score_heads([rows], heads)


def test_no_rows() -> None:
    with pytest.raises(LabelError, match="no row to score"):
        score_heads([], [random_head(3, 2)])
