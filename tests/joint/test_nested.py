"""Nested moments are those of their rows, taken directly."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from samefeatures.base.arrays import Int64
from samefeatures.features.nests import places_of
from samefeatures.features.rows import ArrayRows
from samefeatures.joint import kept
from samefeatures.joint.blocks import Rows
from samefeatures.joint.nested import Beside, nested_moments
from samefeatures.joint.record import Moments
from watching import Elsewhere

N, DIMS = 300, {"a": 4, "b": 6}
RNG = np.random.default_rng(0)
X = {name: (RNG.normal(size=(N, dim)) + 50).astype(np.float32) for name, dim in DIMS.items()}
PARTS = [ArrayRows(name=name, values=x, fingerprint=name) for name, x in X.items()]
CLASSES = RNG.integers(0, 3, N)
PLACES = places_of(N, seed=1)


def derive(rows: Mapping[str, Rows], numbers: Int64) -> Mapping[str, Rows]:
    assert len(numbers), "nothing is made of no rows"
    return {**rows, "classes": CLASSES[numbers]}


@pytest.mark.parametrize("chunk", [7, 1000])
def test_nested_moments_are_those_of_their_rows(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("samefeatures.joint.nested.chunk_rows", lambda _: chunk)
    beside = Beside(
        dims={**DIMS, "classes": 3}, classes=["classes"], pairs=[("classes", "b")], derive=derive
    )
    sizes = (2, 40, 41, N)
    nests = nested_moments(PARTS, PLACES, sizes, beside=beside)
    for size, nest in zip(sizes, nests, strict=True):
        mine = np.flatnonzero(np.less(PLACES, size))
        joint = np.concatenate([x[mine] for x in X.values()], axis=1).astype(np.float64)
        expected = np.cov(joint.T, bias=True) * size
        assert nest.networks.n == size
        assert np.allclose(nest.networks.block("a", "b"), expected[:4, 4:], rtol=1e-9, atol=1e-9)
        assert np.allclose(nest.networks.mean, joint.mean(axis=0))
        one_hot = np.eye(3)[CLASSES[mine]]
        b = X["b"][mine].astype(np.float64)
        crossed = (one_hot - one_hot.mean(axis=0)).T @ (b - b.mean(axis=0))
        assert nest.beside is not None
        assert nest.beside.n == size
        assert np.allclose(nest.beside.block("classes", "b"), crossed, atol=1e-8)


def test_all_rows_are_the_moments_of_the_study() -> None:
    (nest,) = nested_moments(PARTS, PLACES, [N])
    whole = Moments(list(DIMS), list(DIMS.values()))
    whole.update(*X.values())
    assert nest.beside is None
    assert np.allclose(nest.networks.lower, whole.lower)
    assert kept.chunk_rows(10) >= 256


def test_of_one_network_products_are_of_their_precision_and_place() -> None:
    elsewhere, sizes = Elsewhere(), (5, N)
    nests = nested_moments(PARTS[:1], PLACES, sizes, precision="float32", algebra=elsewhere)
    for size, nest in zip(sizes, nests, strict=True):
        mine = X["a"][np.less(PLACES, size)]
        assert (nest.networks.n, nest.networks.precision) == (size, "float32")
        np.testing.assert_allclose(nest.networks.mean, mine.mean(axis=0, dtype=np.float64))
    assert elsewhere.summed == [((4,), "float32")]
