"""Reduced-rank regression: against construction and scikit-learn, whatever is deficient."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from worlds import World, make_world

from samefeatures.base.errors import ConfigError, MapError
from samefeatures.maps import OLS, AffineMap, Rank
from samefeatures.maps.reduced import reduced

RNG = np.random.default_rng(6)


def fit(world: World, rank: int) -> AffineMap:
    (fitted,) = Rank(rank=rank).fit(world.problem("a"), ["b"])
    return fitted


def errors(world: World, fitted: AffineMap) -> float:
    a, b = world.features["a"], world.features["b"]
    return float(((b - a @ fitted.weight.T - fitted.bias) ** 2).sum())


@pytest.mark.parametrize("rank", [1, 2, 4])
@pytest.mark.parametrize(("n", "d_a", "d_b"), [(200, 7, 5), (200, 5, 9), (6, 12, 8)])
def test_it_is_least_squares_then_principal_components(
    n: int, d_a: int, d_b: int, rank: int
) -> None:
    """Tall, narrow into wide, and fewer rows than features."""
    a = RNG.normal(size=(n, d_a)) + 4
    b = a @ RNG.normal(size=(d_a, d_b)) + RNG.normal(size=(n, d_b)) * 2
    fitted = fit(make_world({"a": a, "b": b}), rank)
    predicted = LinearRegression().fit(a, b).predict(a)
    pca = PCA(n_components=rank).fit(predicted)
    expected = pca.inverse_transform(pca.transform(predicted))
    np.testing.assert_allclose(a @ fitted.weight.T + fitted.bias, expected, atol=1e-8)
    assert np.linalg.matrix_rank(fitted.weight, tol=1e-9) == rank
    assert (fitted.fit.rank, fitted.fit.full_rank) == (rank, rank)


def test_a_map_of_low_rank_is_found() -> None:
    a = RNG.normal(size=(100, 8)) + 1
    weight = RNG.normal(size=(6, 2)) @ RNG.normal(size=(2, 8))
    world = make_world({"a": a, "b": a @ weight.T + 3})
    np.testing.assert_allclose(fit(world, 2).weight, weight, atol=1e-10)
    beyond = fit(world, 3)
    np.testing.assert_allclose(beyond.weight, weight, atol=1e-10)
    assert (beyond.fit.rank, beyond.fit.full_rank) == (2, 3)
    assert beyond.fit.message == "what OLS predicts varies in 2 directions alone"


def test_no_map_of_the_rank_is_nearer_on_the_fit_rows() -> None:
    a, b = RNG.normal(size=(60, 5)), RNG.normal(size=(60, 4))
    world = make_world({"a": a, "b": b})
    fitted = fit(world, 2)
    u, s, vt = np.linalg.svd(fitted.weight)
    for _ in range(20):
        shaken = (u[:, :2] + 0.05 * RNG.normal(size=(4, 2))) * s[:2]
        weight = shaken @ (vt[:2] + 0.05 * RNG.normal(size=(2, 5)))
        bias = b.mean(axis=0) - weight @ a.mean(axis=0)
        assert ((b - a @ weight.T - bias) ** 2).sum() > errors(world, fitted)


def test_at_full_rank_it_is_ols_and_errors_are_the_variances_left_out(noisy_world: World) -> None:
    problem = noisy_world.problem("a")
    (ols,) = OLS().fit(problem, ["b"])
    np.testing.assert_allclose(fit(noisy_world, 5).weight, ols.weight, atol=1e-12)
    left_out = reduced(problem, "b").variances
    for rank in range(1, 6):
        expected = errors(noisy_world, ols) + left_out[rank:].sum()
        assert errors(noisy_world, fit(noisy_world, rank)) == pytest.approx(expected, rel=1e-9)


def test_directions_are_orthonormal_and_descend(noisy_world: World) -> None:
    found = reduced(noisy_world.problem("a"), "b")
    np.testing.assert_allclose(found.directions.T @ found.directions, np.eye(5), atol=1e-12)
    assert (np.diff(found.variances) < 0).all()
    spread = noisy_world.problem("a").moments.block("a", "a")
    among = found.loadings @ spread @ found.loadings.T  # uncorrelated, and of these variances
    np.testing.assert_allclose(among, np.diag(found.variances), atol=1e-8 * found.variances[0])
    assert found.rank == 5


def test_a_rank_that_cannot_be_is_refused_in_a_line() -> None:
    world = make_world({"a": RNG.normal(size=(50, 3)), "b": RNG.normal(size=(50, 6))})
    says = "^Maps of rank 4 were asked for, but a has 3 features. Take a rank of at most 3, "
    for source, target in ("ab", "ba"):
        with pytest.raises(MapError, match=says):
            list(Rank(rank=4).fit(world.problem(source), [target]))
    with pytest.raises(MapError, match=says):
        Rank(rank=4).check({"b": 6, "a": 3})
    Rank(rank=3).check({"b": 6, "a": 3})
    few = make_world({"a": RNG.normal(size=(4, 6)), "b": RNG.normal(size=(4, 6))})
    says = r"rank 4 .* of a have rank 3 of 6 \(4 fit rows are too few for 6 features\)\. Take a low"
    with pytest.raises(MapError, match=says):
        fit(few, 4)
    assert (
        fit(few, 3).fit.message
        == "reduced from rank 3 of 6 (4 fit rows are too few for 6 features)"
    )


@pytest.mark.parametrize("rank", [0, -1, 2.0, "2", True, None])
def test_a_rank_is_a_whole_number(rank: object) -> None:
    with pytest.raises(ConfigError, match=r"option rank of rank is .*whole number, at least 1"):
        Rank(rank=rank)  # type: ignore[arg-type]
