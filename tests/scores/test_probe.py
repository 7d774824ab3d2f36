"""Probes against scikit-learn, and on features made so that the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from samefeatures.base.errors import ConfigError, FeatureError, LabelError
from samefeatures.scores.probe import STRENGTHS, Probe, deal, fit_probe

World = tuple[np.ndarray, np.ndarray, list[str]]


def make_world(classes: int, *, n: int = 400, dim: int = 6, seed: int = 0) -> World:
    """Features of different means and scales; labels drawn from a softmax of them."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, dim))
    logits = z @ rng.normal(size=(dim, classes)) + rng.gumbel(size=(n, classes))
    features = z * np.geomspace(0.1, 100, dim) + np.linspace(-5, 5, dim)
    return features.astype(np.float32), logits.argmax(axis=1), [f"{i}.png" for i in range(n)]


def scikit(z: np.ndarray, labels: np.ndarray, strength: float) -> LogisticRegression:
    """The same objective; of two classes scikit-learn keeps the difference of the rows alone."""
    c = (2 if len(np.unique(labels)) == 2 else 1) / (len(z) * strength)
    return LogisticRegression(C=c, tol=1e-12, max_iter=10_000, solver="newton-cg").fit(z, labels)


def rows_of(model: LogisticRegression) -> tuple[np.ndarray, np.ndarray]:
    """Weights and intercepts, one row a class."""
    w, b = model.coef_, model.intercept_
    return (w, b) if len(w) > 1 else (np.vstack([-w, w]) / 2, np.concatenate([-b, b]) / 2)


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("strength", [0.3, 1e-3])
def test_weights_equal_scikit_learn(classes: int, strength: float) -> None:
    x, labels, ids = make_world(classes)
    probe = fit_probe(x, labels, ids, classes=classes, strengths=[strength])
    scaler = StandardScaler().fit(x.astype(float))
    weight, bias = rows_of(scikit(scaler.transform(x.astype(float)), labels, strength))
    assert probe.note.strength == strength
    assert probe.note.converged
    assert probe.head.weight.shape == (classes, x.shape[1])
    np.testing.assert_allclose(probe.head.weight * scaler.scale_, weight, atol=1e-5)
    centred = probe.head.bias + probe.head.weight.astype(float) @ scaler.mean_
    np.testing.assert_allclose(centred, bias, atol=1e-5)


@pytest.mark.parametrize(("classes", "folds"), [(2, 4), (4, 4), (2, 2)])
def test_the_path_equals_a_cross_validation_by_scikit_learn(classes: int, folds: int) -> None:
    x, labels, ids = make_world(classes, n=31)  # folds of 8, 8, 8 and 7 rows, or 16 and 15
    strengths = [1.0, 0.1, 0.01]
    probe = fit_probe(x, labels, ids, classes=classes, strengths=strengths[::-1], folds=folds)
    z = StandardScaler().fit_transform(x.astype(float))
    fold = deal(ids, labels, folds)
    expected = []
    for strength in strengths:
        held_out = np.empty((len(z), classes))
        for f in range(folds):
            model = scikit(z[fold != f], labels[fold != f], strength)
            held_out[fold == f] = model.predict_proba(z[fold == f])
        expected.append(log_loss(labels, held_out))
    assert [t.strength for t in probe.note.path] == strengths
    assert [t.loss for t in probe.note.path] == pytest.approx(expected, abs=2e-4)
    assert all(t.converged for t in probe.note.path)
    assert probe.note.strength == strengths[int(np.argmin(expected))]
    whole = scikit(z, labels, probe.note.strength)
    assert probe.note.loss == pytest.approx(log_loss(labels, whole.predict_proba(z)), abs=1e-7)


def test_features_that_are_nearly_copies_of_each_other() -> None:
    """A condition number of 1e10: no step is lost on the narrow directions."""
    x, labels, ids = make_world(3)
    rng = np.random.default_rng(1)
    x = np.column_stack([x, x * (1 + 1e-5 * rng.normal(size=x.shape))]).astype(np.float64)
    probe = fit_probe(x, labels, ids, classes=3, strengths=[1e-4])
    model = scikit(StandardScaler().fit_transform(x), labels, 1e-4)
    logits = x @ probe.head.weight.T.astype(float) + probe.head.bias
    expected = model.predict_log_proba(StandardScaler().fit_transform(x))
    expected -= expected.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(
        logits - logits.mean(axis=1, keepdims=True), expected, atol=2e-3, rtol=1e-3
    )
    assert probe.note.converged
    assert probe.note.steps < 100


def test_what_does_not_vary_gets_no_weight() -> None:
    x, labels, ids = make_world(3)
    plain = fit_probe(x, labels, ids, classes=3)
    dead, still = np.zeros((len(x), 1)), np.full((len(x), 1), 1e4)
    still[::2] = np.nextafter(np.float32(1e4), np.float32(2e4))  # the last bit of float32
    probe = fit_probe(np.column_stack([dead, x, still]).astype(np.float32), labels, ids, classes=3)
    assert np.array_equal(probe.head.weight[:, [0, -1]], np.zeros((3, 2), np.float32))
    np.testing.assert_allclose(probe.head.weight[:, 1:-1], plain.head.weight, rtol=1e-4, atol=1e-6)
    assert probe.note.path[0].loss == pytest.approx(plain.note.path[0].loss, rel=1e-6)


def test_the_order_of_the_rows_does_not_matter() -> None:
    x, labels, ids = make_world(3)
    order = np.random.default_rng(2).permutation(len(x))
    first = fit_probe(x, labels, ids, classes=3)
    second = fit_probe(x[order], labels[order], [ids[i] for i in order], classes=3)
    assert first.note.strength == second.note.strength
    assert [t.loss for t in first.note.path] == pytest.approx([t.loss for t in second.note.path])
    np.testing.assert_allclose(first.head.weight, second.head.weight, rtol=1e-4, atol=1e-6)


def test_the_rule_that_made_the_labels_is_found() -> None:
    """Labels by a hyperplane: held out rows follow it, the weakest penalties win."""
    rng = np.random.default_rng(3)
    x, normal = rng.normal(size=(4000, 20)), rng.normal(size=20)
    labels = (x @ normal > 0.2).astype(np.int64)
    probe = fit_probe(x[:2000], labels[:2000], [str(i) for i in range(2000)], classes=2)
    right = probe.head.logits(x[2000:].astype(np.float32)).argmax(axis=1) == labels[2000:]
    assert right.mean() > 0.98
    w = probe.head.weight[1] - probe.head.weight[0]
    assert w @ normal / np.linalg.norm(w) / np.linalg.norm(normal) > 0.999
    assert probe.note.strength <= 1e-3


def test_labels_that_nothing_explains_get_the_strongest_penalty() -> None:
    rng = np.random.default_rng(4)
    x, labels = rng.normal(size=(500, 100)), np.arange(500) % 2
    probe = fit_probe(x, labels, [str(i) for i in range(500)], classes=2)
    assert probe.note.strength == max(STRENGTHS)
    assert probe.note.path[0].loss == pytest.approx(np.log(2), abs=0.01)
    # The path ends where it overfits; what was left out would have been worse still.
    tried = [t.strength for t in probe.note.path]
    assert tried == sorted(STRENGTHS, reverse=True)[: len(tried)]
    assert len(tried) < len(STRENGTHS)
    assert probe.note.path[-1].loss > 1.1 * probe.note.path[0].loss
    left_out = fit_probe(
        x, labels, [str(i) for i in range(500)], classes=2, strengths=[min(STRENGTHS)]
    )
    assert left_out.note.path[0].loss > probe.note.path[-1].loss


def test_more_features_than_rows() -> None:
    rng = np.random.default_rng(5)
    labels = np.arange(60) % 3
    x = np.eye(3)[labels] @ rng.normal(size=(3, 200)) + rng.normal(size=(60, 200))
    probe = fit_probe(x, labels, [str(i) for i in range(60)], classes=3)
    assert probe.note.converged
    assert min(t.loss for t in probe.note.path) < 0.1


def test_a_fit_that_is_cut_short_says_what_it_reached() -> None:
    x, labels, ids = make_world(4)
    probe: Probe = fit_probe(x, labels, ids, classes=4, strengths=[1e-3], steps=2)
    assert not probe.note.converged
    assert not probe.note.path[0].converged
    assert probe.note.steps == 2
    assert "does not converge: after 2 steps its largest gradient is" in probe.note.message
    whole = fit_probe(x, labels, ids, classes=4, strengths=[1e-3])
    assert whole.note.message == ""
    assert whole.note.loss < probe.note.loss < np.log(4)


def test_folds_hold_every_class_evenly_and_follow_the_ids() -> None:
    rng = np.random.default_rng(6)
    labels = rng.integers(0, 9, 503)
    ids = [f"image {i}" for i in range(503)]
    fold = deal(ids, labels, 5)
    table = np.array([np.bincount(fold[labels == c], minlength=5) for c in range(9)])
    assert (np.ptp(table, axis=1) <= 1).all()
    assert np.ptp(table.sum(axis=0)) <= 1
    order = rng.permutation(503)
    assert np.array_equal(deal([ids[i] for i in order], labels[order], 5), fold[order])
    other = deal([f"picture {i}" for i in range(503)], labels, 5)
    assert 0.1 < np.mean(other == fold) < 0.3


def test_the_fewest_rows() -> None:
    """Two of each class: every training part holds both, though there are more folds than rows."""
    labels = np.array([0, 1, 1, 0])
    x = np.array([[-1.0], [1.0], [1.2], [-0.8]])
    probe = fit_probe(x, labels, list("abcd"), classes=2)
    assert probe.head.logits(x.astype(np.float32)).argmax(axis=1).tolist() == labels.tolist()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"strengths": []}, ConfigError, "give at least one, all above 0"),
        ({"strengths": [0.1, 0.0]}, ConfigError, r"\(0.1, 0.0\); give at least one"),
        ({"strengths": [float("nan")]}, ConfigError, "all above 0"),
        ({"folds": 1}, ConfigError, "folds 1 and steps 1000"),
        ({"steps": 0}, ConfigError, "folds 5 and steps 0"),
        ({"classes": 1}, LabelError, "tells classes apart, but has 1"),
        ({"classes": 2}, LabelError, "run from 0 to 2, but it has 2 classes"),
        ({"classes": 9}, LabelError, r"6 of the 9 classes .*: 3 \(0\), .*7 \(0\), …\. Give at"),
        ({"labels": np.r_[-1, make_world(3)[1][1:]]}, LabelError, "run from -1 to 2"),
        ({"labels": make_world(3)[1][1:]}, FeatureError, r"\(400, 6\), labels \(399,\) and 400"),
        ({"ids": ["a"]}, FeatureError, "and 1 ids"),
        ({"features": np.zeros(400)}, FeatureError, r"features \(400,\)"),
        ({"features": np.full((400, 6), np.nan)}, FeatureError, "400 of 400 rows .* NaN"),
        ({"features": np.where(np.eye(400, 6), np.inf, 1.0)}, FeatureError, "6 of 400 rows .* inf"),
    ],
)
def test_what_is_refused(change: dict, error: type[Exception], message: str) -> None:
    x, labels, ids = make_world(3)
    with pytest.raises(error, match=message):
        fit_probe(**{"features": x, "labels": labels, "ids": ids, "classes": 3, **change})


def test_a_class_with_one_row_is_refused() -> None:
    x, labels, ids = make_world(3)
    keep = (labels != 2) | (np.cumsum(labels == 2) == 1)
    with pytest.raises(LabelError, match=r"1 of the 3 classes .* 2 \(1\)\. Give at least 2"):
        fit_probe(
            x[keep], labels[keep], [i for i, k in zip(ids, keep, strict=True) if k], classes=3
        )


def test_no_rows() -> None:
    with pytest.raises(LabelError, match=r"2 of the 2 classes"):
        fit_probe(np.zeros((0, 3)), np.zeros(0, np.int64), [], classes=2)
