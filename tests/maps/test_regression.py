"""OLS and ridge against construction, scipy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from sklearn.linear_model import LinearRegression
from sklearn.linear_model import Ridge as SklearnRidge
from worlds import World, make_world

from samefeatures.algebra import Host
from samefeatures.base.arrays import Float64
from samefeatures.base.errors import ConfigError, FeatureError, MapError
from samefeatures.joint.blocks import BlockSums
from samefeatures.joint.record import Moments
from samefeatures.maps import OLS, Method, Ridge, SourceProblem
from samefeatures.maps.inverse import pseudoinverse


def test_ols_recovers_a_known_map() -> None:
    rng = np.random.default_rng(1)
    a = rng.normal(size=(200, 6)) + 100
    weight, bias = rng.normal(size=(4, 6)), rng.normal(size=4)
    world = make_world({"a": a, "b": a @ weight.T + bias})
    (fitted,) = OLS().fit(world.problem("a"), ["b"])
    np.testing.assert_allclose(fitted.weight, weight, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(fitted.bias, bias, rtol=1e-7, atol=1e-8)
    assert (fitted.source, fitted.target, fitted.method) == ("a", "b", "ols")
    assert fitted.fit.rank == fitted.fit.full_rank == 6
    assert fitted.fit.message == ""


def test_ols_equals_scikit_learn(noisy_world: World) -> None:
    a = noisy_world.features["a"]
    for fitted in OLS().fit(noisy_world.problem("a"), ["b", "c"]):
        reference = LinearRegression().fit(a, noisy_world.features[fitted.target])
        np.testing.assert_allclose(fitted.weight, reference.coef_, rtol=1e-8, atol=1e-11)
        np.testing.assert_allclose(fitted.bias, reference.intercept_, rtol=1e-8, atol=1e-9)


def test_ols_condition_is_that_of_the_moments(noisy_world: World) -> None:
    (fitted,) = OLS().fit(noisy_world.problem("a"), ["b"])
    a = noisy_world.features["a"]
    centred = a - a.mean(axis=0)
    assert fitted.fit.condition == pytest.approx(np.linalg.cond(centred.T @ centred, 1), rel=1e-6)
    assert fitted.fit.condition >= np.linalg.cond(centred) ** 2


@pytest.mark.parametrize("exponent", [2, 6, 9, 13, 14, 15, 16, 18, 22])
def test_the_rank_is_that_of_the_eigenvalues(exponent: int) -> None:
    """However near the cutoff: the short way must decide as the eigenvalues would."""
    rng = np.random.default_rng(exponent)
    q, _ = np.linalg.qr(rng.normal(size=(40, 40)))
    values = np.logspace(0, -exponent, 40)
    matrix = (q * values) @ q.T
    matrix = (matrix + matrix.T) / 2
    computed = np.linalg.eigvalsh(matrix)
    rank = int((computed > 100 * np.finfo(float).eps * computed[-1]).sum())  # max(d, 100)
    found = pseudoinverse(matrix)
    assert found.rank == rank
    if rank == 40 and exponent <= 6:
        np.testing.assert_allclose(found.matrix, scipy.linalg.inv(matrix), rtol=1e-7, atol=1e-7)
    if rank < 40:
        # An eigenvalue at the cutoff d·eps is itself known to one part in d only.
        again = found.matrix @ matrix @ found.matrix
        np.testing.assert_allclose(again, found.matrix, atol=abs(found.matrix).max() / 20)


@pytest.mark.parametrize("n", [4, 8, 10])
def test_ols_with_too_few_images_is_minimum_norm_and_says_so(n: int) -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(n, 10)), rng.normal(size=(n, 3))
    world = make_world({"a": a, "b": b})
    (fitted,) = OLS().fit(world.problem("a"), ["b"])
    reference, *_ = scipy.linalg.lstsq(a - a.mean(0), b - b.mean(0))
    np.testing.assert_allclose(fitted.weight, reference.T, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(a @ fitted.weight.T + fitted.bias, b, atol=1e-9)
    assert fitted.fit.rank == n - 1
    assert f"rank {n - 1} of 10" in fitted.fit.message
    assert f"({n} fit rows are too few for 10 features)" in fitted.fit.message


def test_ols_with_one_dead_feature_says_so() -> None:
    rng = np.random.default_rng(3)
    a = rng.normal(size=(100, 5))
    a[:, 1] = 7
    (fitted,) = OLS().fit(make_world({"a": a, "b": a[:, :2]}).problem("a"), ["b"])
    assert "rank 4 of 5 (one feature does not vary over 100 fit rows)" in fitted.fit.message


def test_ols_with_dead_and_repeated_features() -> None:
    rng = np.random.default_rng(3)
    a = rng.normal(size=(100, 5))
    a[:, 1] = 0
    a[:, 4] = a[:, 3]
    b = rng.normal(size=(100, 2))
    (fitted,) = OLS().fit(make_world({"a": a, "b": b}).problem("a"), ["b"])
    reference, *_ = scipy.linalg.lstsq(a - a.mean(0), b - b.mean(0))
    assert fitted.fit.rank == 3
    assert (
        "(one feature does not vary, one repeats another over 100 fit rows)" in fitted.fit.message
    )
    np.testing.assert_allclose(fitted.weight, reference.T, rtol=1e-8, atol=1e-10)
    assert abs(fitted.weight[:, 1]).max() < 1e-15


@pytest.mark.parametrize("alpha", [1e-4, 0.01, 3.0])
@pytest.mark.parametrize("n", [5, 300])
def test_ridge_equals_scikit_learn(alpha: float, n: int) -> None:
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(n, 8)) * 5 + 3, rng.normal(size=(n, 4))
    (fitted,) = Ridge(alpha=alpha).fit(make_world({"a": a, "b": b}).problem("a"), ["b"])
    strength = n * alpha * a.var(axis=0).mean()
    reference = SklearnRidge(alpha=strength, solver="svd").fit(a, b)
    np.testing.assert_allclose(fitted.weight, reference.coef_, rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(fitted.bias, reference.intercept_, rtol=1e-7, atol=1e-9)


def test_ridge_does_not_depend_on_the_features_unit(noisy_world: World) -> None:
    features = noisy_world.features
    (plain,) = Ridge(alpha=0.1).fit(noisy_world.problem("a"), ["b"])
    for unit in (1000, 1e-6):
        scaled = make_world({k: x * (unit if k == "a" else 1) for k, x in features.items()})
        (fitted,) = Ridge(alpha=0.1).fit(scaled.problem("a"), ["b"])
        np.testing.assert_allclose(unit * fitted.weight, plain.weight, rtol=1e-9)
        assert fitted.fit.message == "", "it varies, if little"


@pytest.mark.parametrize("alpha", [0.0, -1.0, float("nan"), float("inf")])
def test_ridge_refuses_a_strength_without_sense(alpha: float) -> None:
    says = r"option alpha of ridge is .*above 0, and finite.* use the method 'ols'\."
    with pytest.raises(ConfigError, match=says):
        Ridge(alpha=alpha)


@pytest.mark.parametrize("method", [OLS(), Ridge()], ids=lambda m: m.name)
def test_maps_are_what_they_were_before_cholesky(noisy_world: World, method: Method) -> None:
    """An inverse by LU, times the products."""
    problem = noisy_world.problem("a")
    s = problem.moments.block("a", "a")
    if method.name == "ridge":
        s = s + 0.01 * np.trace(s) / len(s) * np.eye(len(s))
    for fitted in method.fit(problem, ["b", "c"]):
        former = problem.moments.block(fitted.target, "a") @ np.linalg.inv(s)
        assert np.linalg.norm(fitted.weight - former) < 1e-12 * np.linalg.norm(former)


@pytest.mark.parametrize("method", [OLS(), Ridge()], ids=lambda m: m.name)
def test_one_map_needs_two_blocks(noisy_world: World, method: Method) -> None:
    """S_AA and S_BA: S_BB is neither summed nor read."""
    rows = {name: noisy_world.features[name] for name in ("a", "b")}
    dims = {name: block.shape[1] for name, block in rows.items()}
    sums = BlockSums(dims, pairs=[("a", "a"), ("b", "a")])
    for start in range(0, len(rows["a"]), 70):
        sums.update({name: block[start : start + 70] for name, block in rows.items()})
    blocks = sums.blocks()
    networks = {name: noisy_world.networks[name] for name in dims}
    (ours,) = method.fit(SourceProblem("a", networks, blocks), ["b"])
    (theirs,) = method.fit(noisy_world.problem("a"), ["b"])
    np.testing.assert_allclose(ours.weight, theirs.weight, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(ours.bias, theirs.bias, rtol=1e-10, atol=1e-12)
    assert ours.fit.rank == theirs.fit.rank
    with pytest.raises(FeatureError, match="'b' with 'b' were not summed"):
        blocks.block("b", "b")


def test_one_factorisation_serves_all(noisy_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    real = Host.inverse
    monkeypatch.setattr(Host, "inverse", lambda self, m: calls.append(1) or real(self, m))
    problem = noisy_world.problem("a")
    list(OLS().fit(problem, ["b", "c"]))
    list(OLS().fit(problem, ["c"]))
    assert len(calls) == 1
    list(Ridge(alpha=0.1).fit(problem, ["b", "c"]))
    assert len(calls) == 2


def test_too_few_images_to_fit_anything() -> None:
    world = make_world({"a": np.ones((1, 2)), "b": np.ones((1, 2))})
    with pytest.raises(MapError, match="at least 2 rows"):
        world.problem("a")
    with pytest.raises(MapError, match="no network"):
        SourceProblem("a", {}, Moments(["a"], [2]))


@pytest.mark.parametrize("classes", [2, 6, 10, 99])
@pytest.mark.parametrize("seed", range(5))
def test_columns_that_add_up_to_one_are_deficient_however_few(classes: int, seed: int) -> None:
    """One-hot rows: centred, their sum is zero, but for the rounding of sums over rows."""
    rng = np.random.default_rng(seed)
    rows = np.eye(classes)[rng.integers(0, classes, 500)]
    seen = int((rows.sum(axis=0) > 0).sum())
    moments = Moments(["a"], [classes])
    for chunk in np.array_split(rows, 7):
        moments.update(chunk)
    found = pseudoinverse(moments.block("a", "a"))
    assert found.rank == seen - 1
    assert np.abs(found.matrix).max() < 2


@pytest.mark.parametrize("counts", [[5, 9, 1], [40, 3, 7, 21, 2]])
def test_the_inverse_of_one_hot_moments_is_the_pseudoinverse(counts: list[int]) -> None:
    """Columns that always sum to 1: rank K − 1, without eigenvalues."""
    rows = np.repeat(np.eye(len(counts)), counts, axis=0)
    rows -= rows.mean(axis=0)
    moments = rows.T @ rows
    asked: list[int] = []

    class Counting(Host):
        def eigenvalues(self, matrix: Float64) -> tuple[Float64, Float64]:
            asked.append(len(matrix))
            return super().eigenvalues(matrix)

    found = pseudoinverse(moments, algebra=Counting())
    np.testing.assert_allclose(found.matrix, np.linalg.pinv(moments), atol=1e-12)
    assert (found.rank, found.dim, asked) == (len(counts) - 1, len(counts), [])
    expected = np.abs(moments).sum(axis=0).max() * np.abs(found.matrix).sum(axis=0).max()
    assert found.condition == pytest.approx(expected)
    twice = np.kron(np.eye(2), moments)  # two such spaces: not the ones vector alone
    both = pseudoinverse(twice, algebra=Counting())
    np.testing.assert_allclose(both.matrix, np.linalg.pinv(twice), atol=1e-12)
    assert (both.rank, asked) == (2 * len(counts) - 2, [2 * len(counts)])
