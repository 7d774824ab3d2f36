"""A block taken off once for many regressions, and sketches of targets, against plain rows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from samefeatures.base.arrays import Float64
from samefeatures.joint.record import Moments
from samefeatures.similarity.beyond import Explainer, Ground, errors_of
from samefeatures.similarity.sketch import COLUMNS, Sketch, sketch_of
from samefeatures.similarity.strengths import GRID, shift_of

FOLDS = 3


def rows(n: int, *, seed: int, wide: int = 7) -> dict[str, Float64]:
    fixed, rng = np.random.default_rng(0), np.random.default_rng(seed)
    latent = rng.standard_normal((n, 5))
    mix = {"pixels": 20, "a": 9, "noise": 4, "b": wide}
    return {
        name: latent @ fixed.standard_normal((5, dim)) + rng.standard_normal((n, dim)) + 3
        for name, dim in mix.items()
    }


def moments(spaces: dict[str, Float64]) -> Moments:
    out = Moments(list(spaces), [part.shape[1] for part in spaces.values()])
    out.update(*spaces.values())
    return out


def ground(fit: dict[str, Float64], judge: dict[str, Float64]) -> Ground:
    sketch = Sketch(target="b", width=fit["b"].shape[1], seed=0)
    sketched = fit | {sketch.name: sketch.derive(fit, 0)}
    folds = [moments({k: v[f::FOLDS] for k, v in sketched.items()}) for f in range(FOLDS)]
    return Ground(moments(fit), folds, moments(judge), targets=["b"])


@pytest.fixture(scope="module")
def sides() -> tuple[dict[str, Float64], dict[str, Float64]]:
    return rows(90, seed=1), rows(60, seed=2)


@pytest.mark.parametrize("strength", [0.0, 1e-2, 10.0, math.inf])
def test_what_a_block_leaves_is_what_ridge_leaves_of_the_rows(
    sides: tuple[dict[str, Float64], dict[str, Float64]], strength: float
) -> None:
    fit, judge = sides
    off = ground(fit, judge).common("pixels").whole(strength)
    x = {name: v - v.mean(axis=0) for name, v in fit.items()}
    z = {name: v - fit[name].mean(axis=0) for name, v in judge.items()}
    shift = strength * x["pixels"].var(axis=0).mean() * len(x["pixels"])
    if math.isinf(strength):
        g = {name: np.zeros((20, v.shape[1])) for name, v in x.items()}
    else:
        gram = x["pixels"].T @ x["pixels"] + shift * np.eye(20)
        g = {name: np.linalg.solve(gram, x["pixels"].T @ v) for name, v in x.items()}
    left = {name: z[name] - z["pixels"] @ g[name] for name in ("a", "b")}
    split = off.split
    assert (split.fit.n, split.judge.n) == (90, 60)
    np.testing.assert_allclose(off.weights("a"), g["a"], atol=1e-9)
    np.testing.assert_allclose(split.judge.block("a", "b"), left["a"].T @ left["b"], atol=1e-8)
    assert split.judge.sum_of_squares("b") == pytest.approx((left["b"] ** 2).sum(), rel=1e-9)
    seen = x["a"].T @ x["b"] - x["a"].T @ x["pixels"] @ g["b"]
    np.testing.assert_allclose(split.fit.block("a", "b"), seen, atol=1e-8)
    assert not split.fit.mean_of("a").any()
    assert not split.judge.mean_of("b").any()
    assert split.fit.sum_of_squares("b") == pytest.approx(np.trace(split.fit.block("b", "b")))


def test_taken_off_first_it_explains_what_it_explains_among_the_blocks(
    sides: tuple[dict[str, Float64], dict[str, Float64]],
) -> None:
    basis = ground(*sides)
    common = basis.common("pixels")
    start = {"pixels": common.best(basis.sketches)}
    shared = Explainer(basis, blocks=["a", "noise"], common=common)
    plain = Explainer(basis, blocks=["pixels", "a", "noise"])
    for blocks in (["a"], ["a", "noise"], ["noise"]):
        one = shared.explain(blocks, start=start)
        other = plain.explain(["pixels", *blocks], start=start)
        assert one.strengths.by_block == other.strengths.by_block
        assert one.strengths.unexplained == pytest.approx(other.strengths.unexplained, rel=1e-9)
        assert one.errors["b"] == pytest.approx(other.errors["b"], rel=1e-9)
        assert "pixels" not in one.weights


def test_its_strength_alone_is_the_best_of_its_path(
    sides: tuple[dict[str, Float64], dict[str, Float64]],
) -> None:
    basis = ground(*sides)
    cv = Explainer(basis, blocks=["pixels"]).cv
    shares = [cv.share((("pixels", strength),)) for strength in GRID]
    assert basis.common("pixels").best(basis.sketches) == GRID[int(np.argmin(shares))]
    constant = {**sides[0], "b": np.ones((90, 7))}
    nothing = ground(constant, {**sides[1], "b": np.ones((60, 7))})
    assert nothing.common("pixels").best(nothing.sketches) in GRID


def test_rows_less_the_block_have_the_errors_of_the_moments(
    sides: tuple[dict[str, Float64], dict[str, Float64]],
) -> None:
    fit, judge = sides
    basis = ground(fit, judge)
    common = basis.common("pixels")
    found = Explainer(basis, blocks=["a"], common=common).explain(["a"], start={"pixels": 1e-2})
    off = common.whole(found.strengths.by_block["pixels"])
    z = {name: v - fit[name].mean(axis=0) for name, v in judge.items()}
    left = {name: z[name] - z["pixels"] @ off.weights(name) for name in ("a", "b")}
    assert (errors_of(found, left) ** 2).sum() == pytest.approx(found.errors["b"], rel=1e-9)


def test_narrow_targets_are_their_own_sketch() -> None:
    rows = np.ones((3, COLUMNS), np.float32)
    narrow, wide = (Sketch(target="b", width=w, seed=0) for w in (COLUMNS, COLUMNS + 1))
    assert narrow.mixtures is None
    assert narrow.derive({"b": rows}, 0) is rows
    assert (narrow.dim, wide.dim, wide.one_hot) == (COLUMNS, COLUMNS, False)
    assert wide.mixtures is not None
    assert wide.mixtures.shape == (COLUMNS + 1, COLUMNS)
    assert narrow.fingerprint != wide.fingerprint


def test_a_sketch_keeps_the_share_that_is_left() -> None:
    fit, judge = rows(400, seed=1, wide=300), rows(200, seed=2, wide=300)
    basis = ground(fit, judge)
    name = sketch_of("b")
    assert basis.chosen_on.block(name, name).shape == (COLUMNS, COLUMNS)
    cv = Explainer(basis, blocks=["a"]).cv
    y = fit["b"] - fit["b"].mean(axis=0)
    left = 0.0
    for f in range(FOLDS):
        held = np.arange(400) % FOLDS == f
        inside, mean = ~held, {n: fit[n][~held].mean(axis=0) for n in ("a", "b")}
        w = np.linalg.lstsq(fit["a"][inside] - mean["a"], fit["b"][inside] - mean["b"], rcond=None)
        rest = fit["b"][held] - mean["b"] - (fit["a"][held] - mean["a"]) @ w[0]
        left += float((rest**2).sum())
    assert cv.share((("a", 0.0),)) == pytest.approx(left / (y**2).sum(), rel=0.05)


def test_a_strength_is_relative_to_the_mean_variance(
    sides: tuple[dict[str, Float64], dict[str, Float64]],
) -> None:
    found = shift_of(moments(sides[0]), "a", 0.5, 30)
    assert found == pytest.approx(0.5 * 30 * sides[0]["a"].var(axis=0).mean())
    assert shift_of(moments(sides[0]), "a", math.inf, 30) == math.inf
