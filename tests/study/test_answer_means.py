"""Means by answer against least squares from one-hot answers, of least norm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from samefeatures.features.rows import ArrayRows
from samefeatures.networks.record import FeatureFile, Head
from samefeatures.study.answer_means import answer_means

CLASSES, DIMS, N = 5, {"a": 4, "b": 6, "c": 3}, 2300


def made() -> tuple[dict[str, FeatureFile], dict[str, ArrayRows]]:
    """Three networks; a never answers 3, and b not the last of its classes."""
    rng = np.random.default_rng(0)
    networks, fit = {}, {}
    for name, d in DIMS.items():
        values = (rng.normal(size=(N, d)) + 100).astype(np.float32)
        weight = rng.normal(size=(CLASSES, d)).astype(np.float32)
        bias = -weight @ np.full(d, 100, np.float32)
        bias[3] -= 1e6 * (name == "a")
        bias[-1] -= 1e6 * (name == "b")
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
        assert (3 in said, CLASSES - 1 in said) == (source != "a", source != "b")
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
    passes.clear()
    list(answer_means(networks, fit, room=1))
    assert passes == ["a", "b", "c"] * 3


def test_room_is_for_the_head_of_most_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    networks, fit = made()
    head = networks["b"].head
    more = Head(np.vstack([head.weight, head.weight[:2] - 1]), np.append(head.bias, [-1e6, -1e6]))
    networks["b"] = replace(networks["b"], head=more)
    passes = []
    chunks = ArrayRows.chunks
    monkeypatch.setattr(
        ArrayRows, "chunks", lambda rows, count: passes.append(rows.name) or chunks(rows, count)
    )
    room = 3 * 8 * (CLASSES + 2) * sum(DIMS.values())
    found = dict(answer_means(networks, fit, room=room))
    assert len(passes) == 3
    assert {source: len(means["a"]) for source, means in found.items()} == {"a": 5, "b": 7, "c": 5}
    passes.clear()
    list(answer_means(networks, fit, room=room - 1))
    assert len(passes) == 2 * 3


def test_an_answer_of_one_row_is_that_row() -> None:
    """And one that was never given the mean of the others, each of them counted once."""
    values = np.array([[5, 0, 0, 1], [7, 0, 0, 2], [0, 3, 0, 6]], np.float32)
    network = FeatureFile(
        name="a", source="a", head=Head(np.eye(3, 4), np.zeros(3)), fingerprint="",
        fit_features=values, eval_features=values, eval_labels=np.zeros(3, np.int64),
    )  # fmt: skip
    rows = ArrayRows(name="a", values=values, fingerprint="")
    ((source, found),) = answer_means({"a": network}, {"a": rows})
    assert source == "a"
    first, second = [6, 0, 0, 1.5], [0, 3, 0, 6]
    np.testing.assert_allclose(found["a"], [first, second, np.mean([first, second], axis=0)])
