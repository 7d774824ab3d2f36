"""Sources and targets without information, through every method that there is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from rows import float32_world
from worlds import FakeNetwork, World, make_world

from samefeatures.base.errors import MapError
from samefeatures.maps import METHODS, OLS, Adam, AffineMap, Cosine, Logit, Method, Naive, Ridge
from samefeatures.maps.heads import HeadInverses
from samefeatures.networks.record import Head

RNG = np.random.default_rng(11)
N, D_A, D_B = 40, 6, 5
MEANS = np.array([3, -2, 0, 1, 4])
TARGET = (RNG.normal(size=(N, D_B)) + MEANS).astype(np.float32).astype(float)
SOURCES: dict[str, Callable[[], np.ndarray]] = {
    "constant": lambda: np.tile(np.arange(1.0, D_A + 1), (N, 1)),
    "all dead": lambda: np.zeros((N, D_A)),
}
LEARNT = [name for name in METHODS.names if METHODS.get(name).uses == "images"]
CLOSED = [name for name in LEARNT if not METHODS.get(name).needs_rows]
RANKED = [name for name in CLOSED if name != "rank"]
"""``rank`` refuses what has not the rank that was asked for: ``test_reduced_rank.py``."""


def method_of(name: str) -> Method:
    """With few steps where there are any."""
    if name == "adam":
        pytest.importorskip("torch", reason="adam needs torch")
    options = {"rank": 1} if name == "rank" else {}
    return METHODS.get(name)(**options).short()


def world_of(source: np.ndarray, target: np.ndarray = TARGET) -> World:
    return float32_world(make_world({"a": source, "b": target, "c": target[:, ::-1] * 2}))


@pytest.mark.parametrize("name", METHODS.names)
@pytest.mark.parametrize("kind", SOURCES)
def test_a_source_without_information_is_mapped_by_every_method(name: str, kind: str) -> None:
    world = world_of(SOURCES[kind]())
    if name == "rank":
        with pytest.raises(
            MapError, match=f"rank 1 were asked for.*a have rank 0 of {D_A} .none of"
        ):
            list(method_of(name).fit(world.problem("a"), ["c", "b"]))
        return
    maps = method_of(name).fit(world.problem("a"), ["c", "b"])
    for target, fitted in zip("cb", maps, strict=True):
        assert fitted.weight.shape == (D_B, D_A)
        assert np.isfinite(fitted.weight).all()
        assert np.isfinite(fitted.bias).all()
        assert (fitted.source, fitted.target, fitted.method) == ("a", target, name)
        networks = world.networks
        assert fitted.source_fingerprint == networks["a"].fingerprint
        assert fitted.target_fingerprint == networks[target].fingerprint


@pytest.mark.parametrize("name", METHODS.names)
def test_targets_are_mapped_in_the_order_asked_for_and_none_makes_none(name: str) -> None:
    problem = world_of(RNG.normal(size=(N, D_A))).problem("a")
    assert [m.target for m in method_of(name).fit(problem, ["c", "b"])] == ["c", "b"]
    assert list(method_of(name).fit(problem, [])) == []


@pytest.mark.parametrize("name", METHODS.names)
def test_one_row_is_too_few_for_any(name: str) -> None:
    world = make_world({"a": np.ones((1, 2)), "b": np.ones((1, 3))})
    with pytest.raises(MapError, match="at least 2 rows to be fitted on, but the moments hold 1"):
        list(method_of(name).fit(world.problem("a"), ["b"]))


@pytest.mark.parametrize("name", METHODS.names)
def test_two_equal_rows_are_a_constant_source(name: str) -> None:
    world = float32_world(make_world({"a": np.ones((2, 3)), "b": TARGET[:2]}))
    if name == "rank":
        with pytest.raises(MapError, match=r"rank 1 were asked for.*a have rank 0 of 3"):
            list(method_of(name).fit(world.problem("a"), ["b"]))
        return
    (fitted,) = method_of(name).fit(world.problem("a"), ["b"])
    assert np.isfinite(fitted.weight).all()
    if name in CLOSED:
        np.testing.assert_allclose(fitted.bias, TARGET[:2].mean(0), rtol=1e-12)


@pytest.mark.parametrize("name", RANKED)
@pytest.mark.parametrize("kind", SOURCES)
def test_least_squares_of_rank_0_is_the_targets_mean(name: str, kind: str) -> None:
    (fitted,) = method_of(name).fit(world_of(SOURCES[kind]()).problem("a"), ["b"])
    np.testing.assert_array_equal(fitted.weight, np.zeros((D_B, D_A)))
    np.testing.assert_allclose(fitted.bias, TARGET.mean(axis=0), rtol=1e-12)
    full = min(D_A, D_B) if name == "procrustes" else D_A
    assert (fitted.fit.rank, fitted.fit.full_rank) == (0, full)
    assert fitted.fit.condition == np.inf


@pytest.mark.parametrize("kind", SOURCES)
def test_what_is_said_of_rank_0(kind: str) -> None:
    problem = world_of(SOURCES[kind]()).problem("a")
    (ols,), (ridge,) = OLS().fit(problem, ["b"]), Ridge().fit(problem, ["b"])
    assert ridge.fit.message == "the source's features do not vary: the map is constant"
    assert ols.fit.message == (
        f"minimum-norm solution: rank 0 of {D_A} (none of the {D_A} features varies over {N} fit "
        "rows); compare with ridge"
    )
    (cosine,) = Cosine().fit(problem, ["b"])
    assert cosine.fit.message.startswith(f"minimum-norm solution: rank 0 of {D_A}")


@pytest.mark.parametrize("kind", SOURCES)
def test_the_normalised_loss_of_a_constant_is_least_along_the_mean_direction(kind: str) -> None:
    (fitted,) = Cosine(tolerance=1e-12).fit(world_of(SOURCES[kind]()).problem("a"), ["b"])
    units = TARGET / np.linalg.norm(TARGET, axis=1, keepdims=True)
    mean = units.mean(axis=0)
    along = mean / np.linalg.norm(mean)
    np.testing.assert_array_equal(fitted.weight, np.zeros((D_B, D_A)))
    length = (TARGET @ along).mean()  # brings it nearest to the targets
    np.testing.assert_allclose(fitted.bias, length * along, rtol=1e-5)
    assert fitted.fit.loss == pytest.approx(2 - 2 * np.linalg.norm(mean), rel=1e-9)


def test_adam_finds_the_mean_direction_of_a_constant_and_stays_where_there_is_none() -> None:
    pytest.importorskip("torch", reason="adam needs torch")
    adam = Adam(iterations=400, batch=N, rate=0.02, pool=256)
    (fitted,) = adam.fit(world_of(SOURCES["constant"]()).problem("a"), ["b"])
    mean = (TARGET / np.linalg.norm(TARGET, axis=1, keepdims=True)).mean(axis=0)
    mapped = fitted.weight @ np.arange(1.0, D_A + 1) + fitted.bias
    assert mapped @ mean / np.linalg.norm(mapped) / np.linalg.norm(mean) > 0.999
    # Biases begin at zero: dead features are mapped to zero, which has no direction to turn.
    (still,) = adam.fit(world_of(SOURCES["all dead"]()).problem("a"), ["b"])
    np.testing.assert_array_equal(still.bias, np.zeros(D_B))
    assert still.fit.loss == 1


@pytest.mark.parametrize("name", METHODS.names)
def test_a_dead_target_is_mapped_or_refused_in_a_line(name: str) -> None:
    problem = world_of(RNG.normal(size=(N, D_A)), np.zeros((N, D_B))).problem("a")
    method = method_of(name)
    if method.needs_rows:
        with pytest.raises(MapError, match=f"All {N} fit rows of b are zero vectors"):
            list(method.fit(problem, ["b"]))
        return
    (fitted,) = method.fit(problem, ["b"])
    if name in CLOSED:
        np.testing.assert_array_equal(fitted.weight, np.zeros((D_B, D_A)))
        np.testing.assert_array_equal(fitted.bias, np.zeros(D_B))


@pytest.mark.parametrize("n", [4, 100])
def test_the_condition_of_a_deficient_fit_is_that_of_the_part_that_was_inverted(n: int) -> None:
    """Too few rows, and dead and repeated features: ratios of squared singular values."""
    a = RNG.normal(size=(n, D_A)) * np.logspace(0, 2, D_A)
    a[:, 1], a[:, 5] = 0, a[:, 4]
    world = make_world({"a": a, "b": RNG.normal(size=(n, D_B))})
    rank = min(n - 1, D_A - 2)
    singular = np.linalg.svd(a - a.mean(axis=0), compute_uv=False)
    expected = (singular[0] / singular[rank - 1]) ** 2
    for fitted in (*OLS().fit(world.problem("a"), ["b"]), *_cosine(world)):
        assert (fitted.fit.rank, fitted.fit.full_rank) == (rank, D_A)
        assert fitted.fit.condition == pytest.approx(expected, rel=1e-3)


def _cosine(world: World) -> list[AffineMap]:
    return list(Cosine(passes=1).fit(float32_world(world).problem("a"), ["b"]))


def test_ridge_is_of_full_rank_whatever_the_source_lacks() -> None:
    a = RNG.normal(size=(4, D_A))
    world = make_world({"a": a, "b": RNG.normal(size=(4, D_B))})
    (fitted,) = Ridge(alpha=0.5).fit(world.problem("a"), ["b"])
    centred = a - a.mean(axis=0)
    shifted = centred.T @ centred + 4 * 0.5 * a.var(axis=0).mean() * np.eye(D_A)
    assert (fitted.fit.rank, fitted.fit.full_rank) == (D_A, D_A)
    assert fitted.fit.condition == pytest.approx(np.linalg.cond(shifted, 1), rel=1e-9)
    assert fitted.fit.message == ""


def test_a_head_of_dependent_rows_is_inverted_on_what_it_spans() -> None:
    world = world_of(RNG.normal(size=(N, D_A)))
    weight = RNG.integers(-9, 9, size=(4, D_B)).astype(np.float32)
    weight[3] = weight[0] + weight[1]
    head = Head(weight, np.zeros(4, np.float32))
    networks = {**world.networks, "b": FakeNetwork("b", head, "print-b")}
    (fitted,) = Logit().fit(World(networks, world.features).problem("a"), ["b"])
    singular = np.linalg.svd(weight.astype(float), compute_uv=False)
    assert (fitted.fit.rank, fitted.fit.full_rank) == (3, 4)
    assert fitted.fit.condition == pytest.approx(singular[0] / singular[2], rel=1e-9)
    assert fitted.fit.message == ("not lossless: the head has rank 3 of 4 (rows are dependent)")


@pytest.mark.parametrize(
    ("weight", "rank", "why"),
    [
        ([[1, 2], [2, 4]], 1, "rows are dependent"),
        ([[1e8, 0], [0, 1e-10]], 1, "rows are dependent"),
        ([[1, 2], [3, 4], [5, 6]], 2, "2 features for 3 classes"),
    ],
)
def test_why_a_head_loses_something(weight: list[list[float]], rank: int, why: str) -> None:
    head = Head(np.array(weight, np.float32), np.zeros(len(weight), np.float32))
    inverse, note = HeadInverses({"b": FakeNetwork("b", head, "print-b")}).of("b")
    assert inverse.shape == (2, len(weight))
    assert (note.rank, note.full_rank) == (rank, len(weight))
    assert note.message == f"not lossless: the head has rank {rank} of {len(weight)} ({why})"


def test_a_head_of_zeros_has_rank_0() -> None:
    world = world_of(RNG.normal(size=(N, D_A)))
    head = Head(np.zeros((4, D_B), np.float32), np.ones(4, np.float32))
    networks = {**world.networks, "b": FakeNetwork("b", head, "print-b")}
    (fitted,) = Logit().fit(World(networks, world.features).problem("a"), ["b"])
    assert (fitted.fit.rank, fitted.fit.condition) == (0, np.inf)
    np.testing.assert_array_equal(fitted.weight, np.zeros((D_B, D_A)))
    np.testing.assert_array_equal(fitted.bias, np.zeros(D_B))


def test_naive_says_nothing_of_a_solver() -> None:
    (fitted,) = Naive().fit(world_of(RNG.normal(size=(N, D_A))).problem("a"), ["b"])
    note = fitted.fit
    assert (note.rank, note.full_rank, note.condition, note.message) == (None, None, None, "")
    np.testing.assert_array_equal(fitted.bias, np.zeros(D_B))
