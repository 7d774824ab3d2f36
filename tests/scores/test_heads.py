"""Scores against plain loops and scikit-learn; closeness against the rows themselves."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score, top_k_accuracy_score

from samefeatures.base.errors import LabelError
from samefeatures.maps import AffineMap
from samefeatures.moments.record import Moments
from samefeatures.networks.record import Head
from samefeatures.scores.heads import agreement, closeness, score_heads

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
        assert score.top1 == pytest.approx(100 * score.correct / 400)
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
    with pytest.raises(LabelError, match=f"label {label} is outside the 7 classes"):
        score_heads([(np.zeros((1, 2), np.float32), np.array([label]))], [random_head(7, 2)])


def test_no_rows() -> None:
    with pytest.raises(LabelError, match="no row to score"):
        score_heads([], [random_head(3, 2)])


def make_map(weight: np.ndarray, bias: np.ndarray) -> AffineMap:
    return AffineMap(
        weight=weight,
        bias=bias,
        source="a",
        target="b",
        method="ols",
        source_fingerprint="",
        target_fingerprint="",
    )


def test_closeness_from_moments_equals_the_rows() -> None:
    a = RNG.normal(size=(500, 4)) + 7
    b = a @ RNG.normal(size=(4, 3)) + RNG.normal(size=(500, 3)) - 2
    m = make_map(RNG.normal(size=(3, 4)), RNG.normal(size=3))
    moments = Moments(["a", "b"], [4, 3])
    moments.update(a, b)
    close = closeness(moments, m)
    mapped = a @ m.weight.T + m.bias
    residual, total = ((mapped - b) ** 2).sum(), ((b - b.mean(0)) ** 2).sum()
    assert close.r2 == pytest.approx(1 - residual / total, rel=1e-10)
    assert close.r2 == pytest.approx(r2_score(b, mapped, multioutput="variance_weighted"), rel=1e-9)
    cosine = (mapped * b).sum() / np.linalg.norm(mapped) / np.linalg.norm(b)
    assert close.cosine == pytest.approx(cosine, rel=1e-10)


def test_closeness_of_a_target_that_does_not_vary_is_nan() -> None:
    moments = Moments(["a", "b"], [2, 2])
    moments.update(RNG.normal(size=(9, 2)), np.zeros((9, 2)))
    close = closeness(moments, make_map(np.eye(2), np.zeros(2)))
    assert np.isnan(close.r2)
    assert np.isnan(close.cosine)
