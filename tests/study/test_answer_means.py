"""Means by answer against least squares from one-hot answers, of least norm."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from samefeatures.features.rows import ArrayRows
from samefeatures.networks.record import FeatureFile, Head
from samefeatures.study.answer_means import answer_means

CLASSES, DIMS, N = 5, {"a": 4, "b": 6, "c": 3}, 2300


def made() -> tuple[dict[str, FeatureFile], dict[str, ArrayRows]]:
    """Three networks; a never answers 3."""
    rng = np.random.default_rng(0)
    networks, fit = {}, {}
    for name, d in DIMS.items():
        values = (rng.normal(size=(N, d)) + 100).astype(np.float32)
        weight = rng.normal(size=(CLASSES, d)).astype(np.float32)
        bias = -weight @ np.full(d, 100, np.float32)
        bias[3] -= 1e6 * (name == "a")
        networks[name] = FeatureFile(
            name=name, source=name, head=Head(weight, bias), fingerprint=name,
            fit_features=values, eval_features=values, eval_labels=np.zeros(N, np.int64),
        )  # fmt: skip
        fit[name] = ArrayRows(name=name, values=values, fingerprint=name)
    return networks, fit


@pytest.mark.parametrize("room", [2**28, 1])
def test_they_are_least_squares_from_one_hot_answers(room: int) -> None:
    networks, fit = made()
    found = dict(answer_means(networks, fit, room=room))
    assert list(found) == list(DIMS)
    for source, network in networks.items():
        said = network.head.logits(fit[source].values).argmax(axis=1)
        assert (3 in said) == (source != "a")
        hot = np.eye(CLASSES)[said]
        for target in DIMS:
            model = LinearRegression().fit(hot, fit[target].values.astype(np.float64))
            expected = model.predict(np.eye(CLASSES))
            np.testing.assert_allclose(found[source][target], expected, rtol=1e-10)


def test_rows_are_read_once_where_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    networks, fit = made()
    passes = []
    chunks = ArrayRows.chunks
    monkeypatch.setattr(
        ArrayRows, "chunks", lambda rows, count: passes.append(rows.name) or chunks(rows, count)
    )
    list(answer_means(networks, fit))
    assert passes == ["a", "b", "c"]
    passes.clear()
    list(answer_means(networks, fit, room=2 * 8 * CLASSES * sum(DIMS.values())))
    assert passes == ["a", "b", "c"] * 2
