"""The logit map's algebra, and the naive control."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import FakeNetwork, World, make_world

from samefeatures.base.errors import MapError
from samefeatures.maps import Logit, Naive
from samefeatures.networks.record import Head


def test_logit_map_gives_back_the_sources_logits(noisy_world: World) -> None:
    a, source = noisy_world.features["a"].astype(np.float32), noisy_world.networks["a"]
    own = source.head.logits(a)
    for fitted in Logit().fit(noisy_world.problem("a"), ["b", "c"]):
        target = noisy_world.networks[fitted.target]
        mapped = fitted.apply(a, of=source).astype(np.float32)
        np.testing.assert_allclose(target.head.logits(mapped), own, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(fitted.fold(target).logits(a), own, rtol=1e-4, atol=1e-4)
        assert fitted.fit.rank == 4
        assert not fitted.fit.message
        singular = np.linalg.svd(target.head.weight, compute_uv=False)
        assert fitted.fit.condition == pytest.approx(singular[0] / singular[-1], rel=1e-5)


def test_without_biases_the_formula_would_be_wrong(noisy_world: World) -> None:
    """Section 5.5 prints C_A C_B⁻¹ alone; on heads with biases that shifts every logit."""
    source, target = noisy_world.networks["a"], noisy_world.networks["b"]
    a = noisy_world.features["a"]
    inverse = np.linalg.pinv(target.head.weight.astype(np.float64))
    naive = a @ (inverse @ source.head.weight).T
    logits = naive @ target.head.weight.T + target.head.bias
    own = a @ source.head.weight.T.astype(np.float64) + source.head.bias
    assert abs(logits - own).max() > 0.1


def test_fewer_features_than_classes_is_not_lossless_and_said() -> None:
    rng = np.random.default_rng(0)
    world = make_world({"a": rng.normal(size=(50, 8)), "b": rng.normal(size=(50, 3))}, classes=6)
    (fitted,) = Logit().fit(world.problem("a"), ["b"])
    assert fitted.fit.rank == 3
    assert fitted.fit.full_rank == 6
    assert "not lossless" in fitted.fit.message
    assert "3 features for 6 classes" in fitted.fit.message
    head = world.networks["b"].head
    projector = head.weight @ np.linalg.pinv(head.weight)
    own = world.networks["a"].head.logits(world.features["a"].astype(np.float32))
    expected = (own - head.bias) @ projector.T + head.bias
    got = fitted.fold(world.networks["b"]).logits(world.features["a"].astype(np.float32))
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-3)


def test_logit_needs_the_same_classes(noisy_world: World) -> None:
    other = FakeNetwork("b", Head(np.ones((9, 5), np.float32), np.zeros(9, np.float32)), "x")
    world = World({**noisy_world.networks, "b": other}, noisy_world.features)
    with pytest.raises(MapError, match="4 and 9"):
        list(Logit().fit(world.problem("a"), ["b"]))


def test_naive_truncates_and_pads(noisy_world: World) -> None:
    a = noisy_world.features["a"]
    shorter, longer = Naive().fit(noisy_world.problem("a"), ["b", "c"])
    assert np.array_equal(shorter.apply(a, of=noisy_world.networks["a"]), a[:, :5])
    assert np.array_equal(longer.apply(a, of=noisy_world.networks["a"]), a[:, :6])
    (padded,) = Naive().fit(noisy_world.problem("b"), ["a"])
    b = noisy_world.features["b"]
    mapped = padded.apply(b, of=noisy_world.networks["b"])
    assert np.array_equal(mapped[:, :5], b)
    assert not mapped[:, 5:].any()
