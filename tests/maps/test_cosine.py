"""The normalised loss against scipy's L-BFGS, construction, and everything that can be odd."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize
from rows import Kill, KillAfter, MadeRows, float32_world, normalised_loss
from worlds import FakeNetwork, World, make_world

from samefeatures.base.errors import ConfigError, FeatureError, MapError
from samefeatures.joint.record import Moments
from samefeatures.maps import OLS, AffineMap, Cosine, SourceProblem
from samefeatures.maps import checkpoint as checkpoints
from samefeatures.maps.methods import cosine as module
from samefeatures.networks.record import Head


def fit(world: World, targets: list[str], **options: object) -> list[AffineMap]:
    method = Cosine(**options)  # type: ignore[arg-type]
    return list(method.fit(world.problem("a"), targets))


@pytest.fixture
def world(noisy_world: World) -> World:
    return float32_world(noisy_world)


def scipy_least_loss(world: World, target: str, start: AffineMap) -> float:
    z = np.column_stack([world.features["a"], np.ones(len(world.features["a"]))])
    y = world.features[target]
    y = y / np.linalg.norm(y, axis=1, keepdims=True)
    scale = np.linalg.norm(z, axis=0)

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        p = z / scale @ flat.reshape(y.shape[1], -1).T
        s = np.linalg.norm(p, axis=1, keepdims=True)
        c = (p / s * y).sum(axis=1, keepdims=True)
        gradient = (2 / len(z)) * ((c * p / s - y) / s).T @ (z / scale)
        return float(((p / s - y) ** 2).sum(axis=1).mean()), gradient.ravel()

    begin = np.column_stack([start.weight, start.bias]) * scale
    options = {"maxiter": 20_000, "maxfun": 40_000, "ftol": 1e-15, "gtol": 1e-12}
    found = scipy.optimize.minimize(
        loss, begin.ravel(), jac=True, method="L-BFGS-B", options=options
    )
    return float(found.fun)


@pytest.mark.parametrize("target", ["b", "c"])
def test_it_reaches_what_scipy_reaches(world: World, target: str) -> None:
    (fitted,) = fit(world, [target], tolerance=1e-12)
    (ols,) = OLS().fit(world.problem("a"), [target])
    reached = normalised_loss(world, fitted)
    assert fitted.fit.loss == pytest.approx(reached, rel=1e-9)
    assert reached <= scipy_least_loss(world, target, ols) * (1 + 1e-7)
    assert reached < normalised_loss(world, ols)


def test_the_loss_never_rises_and_the_tolerance_is_kept(world: World) -> None:
    best = fit(world, ["b"], tolerance=1e-13)[0].fit.loss
    assert best is not None
    for tolerance in (1e-3, 1e-5, 1e-7):
        (fitted,) = fit(world, ["b"], tolerance=tolerance)
        assert fitted.curve is not None
        losses = fitted.curve.loss
        assert fitted.curve.unit == "pass"
        assert (np.diff(losses) <= 0).all()
        assert len(losses) == fitted.fit.steps
        assert losses[-1] == fitted.fit.loss
        assert not fitted.fit.message
        assert losses[-1] / best - 1 < 10 * tolerance


def test_a_map_whose_directions_are_exact_is_found() -> None:
    """The targets are stretched row by row: OLS is misled, directions are not."""
    rng = np.random.default_rng(3)
    a = rng.normal(size=(400, 6)) + 2
    exact = a @ rng.normal(size=(6, 4)) + 5
    stretched = exact * rng.uniform(0.2, 5, size=(400, 1))
    world = float32_world(make_world({"a": a, "b": stretched}))
    (fitted,) = fit(world, ["b"], tolerance=1e-9, passes=500)
    (ols,) = OLS().fit(world.problem("a"), ["b"])
    assert normalised_loss(world, fitted) < 1e-7
    assert normalised_loss(world, ols) > 5e-4


def test_of_all_lengths_the_one_nearest_to_the_targets(world: World) -> None:
    (fitted,) = fit(world, ["b"])
    p = world.features["a"] @ fitted.weight.T + fitted.bias
    assert (p * world.features["b"]).sum() / (p * p).sum() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(("spare", "groups"), [(0, [["b", "c"]]), (-1, [["b"], ["c"]])])
def test_targets_share_passes_up_to_a_limit_and_do_not_see_each_other(
    world: World, monkeypatch: pytest.MonkeyPatch, spare: int, groups: list[list[str]]
) -> None:
    """Ten arrays a target: map, trial, gradients, direction, a step, and two pairs remembered."""
    (alone_b,), (alone_c,) = fit(world, ["b"]), fit(world, ["c"])
    need = 10 * 8 * (7 + 1) * (5 + 6)
    monkeypatch.setattr(module, "GROUP_BYTES", need + spare)
    taken: list[list[str]] = []
    plain = module.GroupFit.run

    def noted(self: module.GroupFit) -> Iterator[AffineMap]:
        taken.append(list(self.targets))
        return plain(self)

    monkeypatch.setattr(module.GroupFit, "run", noted)
    for one, other in zip(fit(world, ["b", "c"]), (alone_b, alone_c), strict=True):
        np.testing.assert_array_equal(one.weight, other.weight)
        np.testing.assert_array_equal(one.curve.loss, other.curve.loss)  # type: ignore[union-attr]
    assert taken == groups


def test_held_and_streamed_rows_give_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (held,) = fit(world, ["b"])
    monkeypatch.setattr(module, "HOLD_BYTES", 0)
    (streamed,) = fit(world, ["b"])
    np.testing.assert_array_equal(held.weight, streamed.weight)


def test_negative_cosines_do_no_harm() -> None:
    """Targets that point anywhere: many rows are more than a right angle off."""
    rng = np.random.default_rng(5)
    world = float32_world(
        make_world({"a": rng.normal(size=(300, 6)), "b": rng.normal(size=(300, 5))})
    )
    (ols,) = OLS().fit(world.problem("a"), ["b"])
    p = world.features["a"] @ ols.weight.T + ols.bias
    assert ((p * world.features["b"]).sum(axis=1) < 0).sum() > 50
    (fitted,) = fit(world, ["b"], tolerance=1e-10, passes=2000)
    assert fitted.fit.loss is not None
    assert fitted.fit.loss < normalised_loss(world, ols)
    assert fitted.fit.loss <= scipy_least_loss(world, "b", ols) * 1.01
    # Of noise alone, the least loss lies where rows are mapped to zero and it has kinks.
    assert "got stuck" in fitted.fit.message


def test_zero_vectors_are_counted_and_do_not_move_the_map(world: World) -> None:
    b = world.features["b"].copy()
    keep = np.ones(len(b), bool)
    keep[[3, 17, 200]] = False
    b[~keep] = 0
    (with_zeros,) = fit(World(world.networks, {**world.features, "b": b}), ["b"], tolerance=1e-13)
    assert "3 of 300 fit rows of b are zero vectors" in with_zeros.fit.message
    without = World(world.networks, {k: x[keep] for k, x in world.features.items()})
    (reference,) = fit(without, ["b"], tolerance=1e-13)
    assert with_zeros.fit.loss is not None
    assert reference.fit.loss is not None
    expected = (297 * reference.fit.loss + 3 * 1) / 300
    assert with_zeros.fit.loss == pytest.approx(expected, rel=1e-9)
    a = without.features["a"]
    p, q = (a @ m.weight.T + m.bias for m in (with_zeros, reference))
    cosines = (p * q).sum(axis=1) / np.linalg.norm(p, axis=1) / np.linalg.norm(q, axis=1)
    assert cosines.min() > 1 - 1e-8


def test_a_target_of_zeros_alone_is_refused(world: World) -> None:
    zeros = World(world.networks, {**world.features, "b": np.zeros((300, 5))})
    with pytest.raises(MapError, match="All 300 fit rows of b are zero vectors"):
        fit(zeros, ["c", "b"])


def test_a_deficient_source_gives_the_map_of_minimum_norm() -> None:
    rng = np.random.default_rng(7)
    a = rng.normal(size=(200, 4)) + 1
    doubled = np.column_stack([a, a[:, :2], np.full(200, 3.0)])  # two repeated, one that is dead
    b = a @ rng.normal(size=(4, 5)) + 3 + rng.normal(size=(200, 5))
    world = float32_world(make_world({"a": doubled, "b": b}))
    (fitted,) = fit(world, ["b"], tolerance=1e-12)
    assert fitted.fit.rank == 4
    assert "rank 4 of 7" in fitted.fit.message
    np.testing.assert_allclose(fitted.weight[:, 4:6], fitted.weight[:, :2], atol=1e-9)
    np.testing.assert_allclose(fitted.weight[:, 6], 0, atol=1e-12)
    full = float32_world(make_world({"a": a, "b": b}))
    (reference,) = fit(full, ["b"], tolerance=1e-12)
    assert fitted.fit.loss == pytest.approx(reference.fit.loss, rel=1e-9)


def test_more_features_than_rows_are_fitted_exactly() -> None:
    rng = np.random.default_rng(8)
    world = float32_world(
        make_world({"a": rng.normal(size=(20, 30)), "b": rng.normal(size=(20, 5))})
    )
    (fitted,) = fit(world, ["b"])
    assert fitted.fit.loss == pytest.approx(0, abs=1e-10)
    assert "too few" in fitted.fit.message


def test_passes_that_do_not_suffice_are_said(world: World) -> None:
    (fitted,) = fit(world, ["c"], passes=2)
    assert fitted.fit.steps == 2
    assert "stopped after 2 passes" in fitted.fit.message


@pytest.mark.parametrize("calls", [0, 1, 3, 5])
def test_a_killed_fit_goes_on_to_the_same_bits(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    monkeypatch.setattr(checkpoints, "SECONDS", 0.0)
    whole = fit(world, ["b", "c"])
    path = tmp_path / "a.npz"
    method, rows = Cosine(), world.rows
    read = 0

    class Counted(type(rows["a"])):  # type: ignore[misc]
        def chunks(self, size: int):  # type: ignore[no-untyped-def]
            nonlocal read
            read += self.name == "a"
            return super().chunks(size)

    monkeypatch.setattr(module, "HOLD_BYTES", 0)
    rows["a"] = Counted(name="a", values=rows["a"].values, fingerprint=rows["a"].fingerprint)
    problem = world.problem("a", rows=rows, progress=KillAfter(calls))
    with pytest.raises(Kill):
        list(method.fit(problem.keeping(path), ["b", "c"]))
    assert path.exists() == (calls > 0)
    resumed = list(method.fit(world.problem("a", rows=rows).keeping(path), ["b", "c"]))
    for one, other in zip(whole, resumed, strict=True):
        np.testing.assert_array_equal(one.weight, other.weight)
        np.testing.assert_array_equal(one.bias, other.bias)
        np.testing.assert_array_equal(one.curve.loss, other.curve.loss)  # type: ignore[union-attr]
    assert not path.exists()
    passes = max(m.fit.steps or 0 for m in whole)
    assert read == passes + 1  # the pass in which it was killed, and no other


def test_a_checkpoint_of_other_rows_is_not_used(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "SECONDS", 0.0)
    path = tmp_path / "a.npz"
    with pytest.raises(Kill):
        list(Cosine().fit(world.problem("a", progress=KillAfter(2)).keeping(path), ["b"]))
    other = World(world.networks, {k: x[::-1][:250] for k, x in world.features.items()})
    rows = {k: type(v)(name=k, values=v.values, fingerprint="other") for k, v in other.rows.items()}
    problem = other.problem("a", rows=rows)
    (fitted,) = Cosine().fit(problem.keeping(path), ["b"])
    (fresh,) = Cosine().fit(problem, ["b"])
    np.testing.assert_array_equal(fitted.weight, fresh.weight)


def test_rows_are_streamed() -> None:
    rng = np.random.default_rng(0)
    n, dim = 100_000, 128
    parts = {
        k: MadeRows(k, n, dim, rng.normal(size=(40, dim)).astype(np.float32)) for k in ("a", "b")
    }
    moments = Moments(["a", "b"], [dim, dim])
    for x, y in zip(parts["a"].chunks(4096), parts["b"].chunks(4096), strict=True):
        moments.update(x, y)
    head = Head(np.zeros((2, dim), np.float32), np.zeros(2, np.float32))
    networks = {k: FakeNetwork(k, head, k) for k in parts}
    problem = SourceProblem("a", networks, moments, rows=parts)
    for part in parts.values():
        part.largest = 0
    held, module.HOLD_BYTES = module.HOLD_BYTES, 2**20
    tracemalloc.start()
    try:
        list(Cosine(passes=3).fit(problem, ["b"]))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        module.HOLD_BYTES = held
    assert peak < n * dim * 4 / 2  # half of one network's rows
    assert all(part.largest <= 2048 for part in parts.values())


def test_rows_must_be_those_of_the_moments(world: World) -> None:
    rows = world.rows
    with pytest.raises(MapError, match="'cosine' reads the fit rows, and there are no fit rows of"):
        list(Cosine().fit(world.problem("a", rows=None), ["c"]))
    with pytest.raises(MapError, match=r"no fit rows of c.*SourceProblem\(…, rows=…\)"):
        list(Cosine().fit(world.problem("a", rows={"a": rows["a"]}), ["c"]))
    short = type(rows["b"])(name="b", values=rows["b"].values[:200], fingerprint="x")
    with pytest.raises(MapError, match=r"rows of b are \(200, 5\).*taken of \(300, 5\)"):
        list(Cosine().fit(world.problem("a", rows={**rows, "b": short}), ["b"]))
    ids = [str(i) for i in range(300)]
    named = {k: replace(part, ids=ids if k == "a" else ids[::-1]) for k, part in rows.items()}
    with pytest.raises(FeatureError, match=r"Row 0 is .*299.*different samples"):
        list(Cosine().fit(world.problem("a", rows=named), ["b"]))


@pytest.mark.parametrize(
    "options", [{"tolerance": 0}, {"tolerance": "1e-5"}, {"tolerance": True}, {"passes": 0}]
)
def test_options_that_mean_nothing(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(options))} of cosine"):
        Cosine(**options)  # type: ignore[arg-type]


def test_where_no_direction_is_nearer_than_another_the_map_is_zero() -> None:
    rows = np.repeat([[3.0, 4.0], [-3.0, -4.0]], 10, axis=0)
    world = make_world({"a": np.full((20, 3), 0.5), "b": rows})
    (fitted,) = Cosine().fit(world.problem("a"), ["b"])
    np.testing.assert_array_equal(fitted.weight, np.zeros((2, 3)))
    np.testing.assert_array_equal(fitted.bias, [0, 0])
