"""The solver of probes: its coordinates, its loss, and where it stops."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss as scikit_log_loss

from samefeatures.scores.logistic import Basis, log_loss, minimise

N, D, CLASSES = 200, 5, 3


@pytest.fixture
def rows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, D)) @ rng.normal(size=(D, D)) * 7 + 3
    return x, (x @ rng.normal(size=(D, CLASSES)) / 20 + rng.gumbel(size=(N, CLASSES))).argmax(1)


def test_coordinates_are_standardised_features_turned(rows: tuple[np.ndarray, np.ndarray]) -> None:
    x, _ = rows
    basis = Basis.of(x)
    z, turned = (x - x.mean(0)) / x.std(0), basis.rows(x)
    np.testing.assert_allclose(turned @ turned.T, z @ z.T, atol=1e-10)  # lengths and angles
    np.testing.assert_allclose(turned.T @ turned / N, np.diag(basis.variance), atol=1e-12)


def test_a_head_gives_the_logits_of_the_coordinates(rows: tuple[np.ndarray, np.ndarray]) -> None:
    x, _ = rows
    basis = Basis.of(x)
    weights = np.random.default_rng(1).normal(size=(CLASSES, D + 1))
    head = basis.head(weights)
    logits = basis.rows(x) @ weights[:, :-1].T + weights[:, -1]
    np.testing.assert_allclose(head.logits(x.astype(np.float32)), logits, atol=1e-4)


def test_the_loss_equals_scikit_learn_in_however_many_parts(
    rows: tuple[np.ndarray, np.ndarray],
) -> None:
    x, labels = rows
    weights = np.random.default_rng(2).normal(size=(CLASSES, D + 1)) / 20
    logits = x @ weights[:, :-1].T + weights[:, -1]
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected = scikit_log_loss(labels, odds / odds.sum(axis=1, keepdims=True))
    parts = [(x[:70], labels[:70]), (x[70:71], labels[70:71]), (x[71:], labels[71:])]
    assert log_loss([rows], weights) == pytest.approx(expected, rel=1e-12)
    assert log_loss(parts, weights) == pytest.approx(expected, rel=1e-12)


def test_logits_beyond_what_exp_can_take() -> None:
    weights = np.array([[1e4, 0.0], [-1e4, 0.0]])
    x, labels = np.array([[1.0], [-1.0]]), np.array([0, 0])
    assert log_loss([(x, labels)], weights) == 1e4


@pytest.mark.parametrize("strength", [1.0, 1e-4])
def test_at_its_end_no_direction_leads_down(
    rows: tuple[np.ndarray, np.ndarray], strength: float
) -> None:
    basis = Basis.of(rows[0])
    parts = [(basis.rows(rows[0]), rows[1])]
    start = np.zeros((CLASSES, D + 1))

    def objective(w: np.ndarray) -> float:
        return log_loss(parts, w) + strength / 2 * float((w[:, :-1] ** 2).sum())

    options = {"variance": basis.variance, "start": start, "steps": 500}
    reached = minimise(parts, strength, tolerance=1e-7, **options)
    assert reached.gradient <= 1e-7
    rough = minimise(parts, strength, tolerance=1e-3, **options)
    assert 1e-7 < rough.gradient <= 1e-3
    assert rough.steps < reached.steps
    least = objective(reached.weights)
    rng = np.random.default_rng(3)
    for _ in range(20):
        away = rng.normal(size=start.shape) * 1e-3
        assert objective(reached.weights + away) > least
    # Other units, other steps, the same end.
    plain = minimise(parts, strength, tolerance=1e-7, **{**options, "variance": np.ones(D)})
    np.testing.assert_allclose(plain.weights, reached.weights, rtol=1e-5, atol=1e-5)


def test_narrow_directions_take_few_steps() -> None:
    """Features as of networks: few directions hold most of the variance, all hold the answer."""
    rng = np.random.default_rng(4)
    z = rng.normal(size=(1000, 30))
    labels = (z @ rng.normal(size=30) > 0).astype(np.int64)
    x = z * np.geomspace(1, 1e-2, 30) @ rng.normal(size=(30, 30))
    basis = Basis.of(x)
    parts, start = [(basis.rows(x), labels)], np.zeros((2, 31))
    options = {"start": start, "tolerance": 1e-6, "steps": 2000}
    reached = minimise(parts, 1e-4, variance=basis.variance, **options)
    plain = minimise(parts, 1e-4, variance=np.ones(30), **options)
    assert max(reached.gradient, plain.gradient) <= 1e-6
    assert 3 * reached.steps < plain.steps


def test_a_column_is_constant_by_its_own_measure() -> None:
    """Columns of any scale beside each other vary; one that float32 can't tell apart does not."""
    z = np.random.default_rng(0).normal(size=(N, 4))
    z[:, 3] = 1 + 1e-8 * z[:, 3]
    variance = Basis.of(z * [1e-6, 1.0, 1e6, 1.0]).variance
    assert variance.sum() == pytest.approx(3)
    assert np.linalg.matrix_rank(np.diag(variance), tol=1e-9) == 3
