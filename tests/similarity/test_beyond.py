"""R² beyond controls, against regressions on rows and against plain within-class computation."""

from __future__ import annotations

import gc
import math
import weakref

import numpy as np
import pytest
from scipy.spatial.distance import cosine as cosine_distance
from sklearn.linear_model import Ridge as SklearnRidge

from samefeatures.algebra import HOST, Algebra, Host
from samefeatures.base.arrays import Float64
from samefeatures.joint.record import Moments
from samefeatures.similarity import strengths
from samefeatures.similarity.beyond import Explainer, Ground, cosine_beyond, errors_of, r2_beyond
from samefeatures.similarity.sheet import Sheet
from samefeatures.similarity.sketch import sketch_of
from samefeatures.similarity.strengths import GRID, MARGIN, CrossValidation, descend, moved

Spaces = dict[str, Float64]
CLASSES = 6


def world(n: int, *, seed: int, shared: int = 4) -> Spaces:
    """Two networks that share a class and ``shared`` directions beyond it, and class noise."""
    fixed = np.random.default_rng(0)
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, CLASSES, n)
    latent = rng.standard_normal((n, 6))
    means, mix = fixed.standard_normal((CLASSES, 12)), fixed.standard_normal((2, 6, 12))
    mix[1, shared:] = 0  # b hears the first directions alone
    other = rng.standard_normal((n, 6)) @ fixed.standard_normal((6, 12))
    return {
        "answers": np.eye(CLASSES)[classes],
        "pixels": latent[:, :1] + 0.1 * rng.standard_normal((n, 5)),
        "a": 2 * means[classes] + latent @ mix[0] + 0.1 * rng.standard_normal((n, 12)),
        "b": means[classes] @ fixed.standard_normal((12, 9))
        + (latent @ mix[1] + (0 if shared else 1) * other) @ fixed.standard_normal((12, 9)),
        "c": latent[:, :2] @ fixed.standard_normal((2, 3)),
        "noise": fixed.standard_normal((CLASSES, 8))[classes] + rng.standard_normal((n, 8)),
    }


class Elsewhere(Host):
    """Another device, as far as who calls it can tell."""

    def product(self, a: Float64, b: Float64) -> Float64:
        return np.matmul(a, b)

    def inverse(self, matrix: Float64) -> Float64 | None:
        try:
            np.linalg.cholesky(matrix)
            return np.linalg.inv(matrix)
        except np.linalg.LinAlgError:
            return None

    def eigenvalues(self, matrix: Float64) -> tuple[Float64, Float64]:
        values, vectors = np.linalg.eigh(matrix)
        return values, vectors


def moments(spaces: Spaces) -> Moments:
    out = Moments(list(spaces), [rows.shape[1] for rows in spaces.values()])
    out.update(*spaces.values())
    return out


BLOCKS = ("pixels", "answers", "a", "noise")


def opened(fit: Spaces, judge: Spaces, folds: int = 4, *, algebra: Algebra = HOST) -> Explainer:
    sketched = fit | {sketch_of(name): fit[name] for name in ("b", "c")}  # they are narrow
    parts = [moments({k: v[f::folds] for k, v in sketched.items()}) for f in range(folds)]
    assert sum(part.n for part in parts) == len(fit["a"])
    ground = Ground(moments(fit), parts, moments(judge), targets=["b", "c"])
    return Explainer(ground, blocks=BLOCKS, algebra=algebra)


@pytest.mark.parametrize("shared", [True, False])
def test_it_goes_with_its_last_name(shared: bool) -> None:
    """In a circle of references the sheets of a source would stay beside those of the next."""
    gc.disable()
    try:
        explainer = opened(world(60, seed=1), world(50, seed=2))
        if shared:
            ground = explainer._ground
            common = ground.common("pixels")
            explainer = Explainer(ground, blocks=["answers", "a"], common=common)
            explainer.explain(["answers", "a"], start={"pixels": 1.0})
            known = weakref.ref(explainer), weakref.ref(common), weakref.ref(ground)
            del common, ground
        else:
            explainer.explain(BLOCKS)
            known = (
                weakref.ref(explainer),
                weakref.ref(explainer.cv),
                weakref.ref(explainer._ground),
            )
        del explainer
        assert [each() for each in known] == [None] * 3
    finally:
        gc.enable()


def sheet(fit: Spaces, judge: Spaces) -> Sheet:
    return Sheet.of(moments(fit), moments(judge), BLOCKS, ["b", "c"])


def ridge_errors(
    fit: Spaces, judge: Spaces, blocks: list[str], strengths: dict[str, float], target: str
) -> float:
    """On rows: columns scaled, so that one strength of scikit-learn's is each block's own."""
    used = [b for b in blocks if math.isfinite(strengths[b])]
    scale = {b: 1 / math.sqrt(strengths[b] * fit[b].var(axis=0).mean() * len(fit[b])) for b in used}
    x, test = (np.hstack([side[b] * scale[b] for b in used]) for side in (fit, judge))
    model = SklearnRidge(alpha=1.0, solver="cholesky").fit(x, fit[target])
    return float(((model.predict(test) - judge[target]) ** 2).sum())


@pytest.mark.parametrize("n", [400, 25])
def test_errors_are_those_of_ridge_on_the_rows(n: int) -> None:
    fit, judge = world(n, seed=1), world(200, seed=2)
    explainer = opened(fit, judge)
    for blocks in (["answers"], ["pixels", "answers"], ["pixels", "answers", "a"]):
        found = explainer.explain(blocks)
        strengths = {b: max(s, 1e-12) for b, s in found.strengths.by_block.items()}
        expected = ridge_errors(fit, judge, blocks, strengths, "b")
        assert found.errors["b"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("strength", [1e-4, 1e-1, 10.0])
def test_a_path_is_ridge_at_each_strength(strength: float) -> None:
    fit, judge = world(300, seed=1), world(100, seed=2)
    shift = strength * fit["a"].var(axis=0).mean() * 300
    found = [sheet(fit, judge).errors("a", s)[0] for s in (shift, math.inf)]
    assert found[0] == pytest.approx(
        ridge_errors(fit, judge, ["a"], {"a": strength}, "b"), rel=1e-9
    )
    assert found[1] == pytest.approx(((judge["b"] - fit["b"].mean(axis=0)) ** 2).sum(), rel=1e-9)


@pytest.mark.parametrize("n", [300, 9])
def test_without_a_shift_a_path_is_the_regression_of_minimum_norm(n: int) -> None:
    """Columns that repeat others, do not vary, or are more than there are rows."""
    fit, judge = world(n, seed=1), world(100, seed=2)
    for side in (fit, judge):
        repeated = 3 * side["a"][:, :4] - side["a"][:, 4:8]
        side["a"] = np.hstack([side["a"], repeated, np.ones((len(repeated), 2))])
    found = sheet(fit, judge).errors("a", 0.0)
    x, y = (fit[name] - fit[name].mean(axis=0) for name in ("a", "b"))
    weight = np.linalg.lstsq(x, y, rcond=1e-9)[0]
    residual = judge["b"] - fit["b"].mean(axis=0) - (judge["a"] - fit["a"].mean(axis=0)) @ weight
    assert found[0] == pytest.approx((residual**2).sum(), rel=1e-6)


def test_a_step_is_to_a_neighbour_on_the_grid() -> None:
    last = len(GRID) - 1
    assert moved((3, 4), 1, 1) == (3, 5)
    assert moved((3, 4), 0, -1) == (2, 4)
    assert moved((0, last), 0, -1) == moved((0, last), 1, 1) == (0, last)


def test_steps_end_where_no_neighbour_is_better() -> None:
    """A slanted valley: one axis after the other."""
    asked: list[tuple[int, ...]] = []

    def cost(at: tuple[int, ...]) -> float:
        asked.append(at)
        return 0.1 * (at[0] - at[1]) ** 2 + (at[0] - 2) ** 2

    assert descend((7, 7), cost) == (2, 2)
    assert descend((0, 5), cost) == (2, 2)


@pytest.mark.parametrize("value", [-1e-15, 0.0, 1e-15])
def test_a_search_ends_where_nothing_is_gained(value: float) -> None:
    """Rounding makes costs below zero, and at the end of the grid a step leads nowhere."""
    asked: list[tuple[int, ...]] = []

    def cost(at: tuple[int, ...]) -> float:
        asked.append(at)
        assert len(asked) < 1000
        return value

    assert descend((0, len(GRID) - 1), cost) == (0, len(GRID) - 1)
    assert set(asked) <= {(a, b) for a in range(len(GRID)) for b in range(len(GRID))}


@pytest.mark.parametrize("start", [None, {"pixels": 10.0}])
def test_no_neighbour_on_the_grid_is_better_than_what_was_chosen(
    start: dict[str, float] | None,
) -> None:
    blocks = ["pixels", "answers", "a"]
    cv = opened(world(120, seed=1), world(50, seed=2)).cv
    found = cv.choose(blocks, start=start)
    at = tuple(GRID.index(found.by_block[name]) for name in blocks)
    for axis in range(3):
        for way in (-1, 0, 1):
            near = zip(blocks, (GRID[i] for i in moved(at, axis, way)), strict=True)
            assert cv.share(tuple(near)) >= (1 - MARGIN) * found.unexplained
    here = zip(blocks, (GRID[i] for i in at), strict=True)
    assert cv.share(tuple(here)) == found.unexplained


def test_all_is_computed_where_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    fit, judge = world(60, seed=1), world(50, seed=2)
    blocks = ["pixels", "answers", "a"]
    here = opened(fit, judge).explain(blocks)
    for name in ("product", "inverse", "eigenvalues"):
        monkeypatch.setattr(Host, name, lambda *_: pytest.fail("on the host after all"))
    there = opened(fit, judge, algebra=Elsewhere()).explain(blocks)
    assert there.errors["b"] == pytest.approx(here.errors["b"], rel=1e-6)


def test_the_order_of_elimination_does_not_matter() -> None:
    fit, judge = world(300, seed=1), world(100, seed=2)
    whole = sheet(fit, judge)
    one = whole.without("pixels", 3.0).without("answers", 5.0).errors("a", 2.0)
    other = whole.without("answers", 5.0).without("pixels", 3.0).errors("a", 2.0)
    np.testing.assert_allclose(one, other, 1e-9)


def _but(fit: Spaces, f: int) -> Spaces:
    return {k: np.delete(v, np.s_[f::4], axis=0) for k, v in fit.items()}


def test_strengths_are_the_best_of_the_grid_by_held_out_folds() -> None:
    fit = world(120, seed=1)
    cv = CrossValidation(
        moments(fit),
        [
            Sheet.of(
                moments(_but(fit, f)), moments({k: v[f::4] for k, v in fit.items()}), ["a"], ["b"]
            )
            for f in range(4)
        ],
        ["b"],
        count=["b"],
    )
    costs = {}
    for strength in GRID[1:-1]:
        errors = 0.0
        for f in range(4):
            rest = _but(fit, f)
            held = {k: v[f::4] for k, v in fit.items()}
            # strengths are relative to the variance over all rows
            ratio = fit["a"].var(axis=0).mean() / rest["a"].var(axis=0).mean()
            errors += ridge_errors(rest, held, ["a"], {"a": strength * ratio}, "b")
        costs[strength] = errors / float(((fit["b"] - fit["b"].mean(axis=0)) ** 2).sum())
    found = np.array([cv.share((("a", strength),)) for strength in GRID])
    np.testing.assert_allclose(found[1:-1], list(costs.values()), rtol=1e-9)
    best = min(costs, key=costs.__getitem__)
    assert cv.choose(["a"]).by_block["a"] == best


def test_strengths_are_chosen_for_the_targets_that_count() -> None:
    ground = opened(world(120, seed=1), world(60, seed=2))._ground

    def chosen(*count: str) -> dict[str, float]:
        explainer = Explainer(ground, blocks=["pixels"], count=count or None)
        return explainer.explain(["pixels"]).strengths.by_block

    assert len({chosen(*count)["pixels"] for count in ("b", "c", "bc")}) == 3
    assert chosen() == chosen("b", "c")


def test_beyond_answers_is_the_pooled_within_class_value() -> None:
    """Without strengths: everything centred on the fit's class means, then one regression."""
    fit, judge = world(500, seed=1), world(300, seed=2)
    left = sheet(fit, judge).without("answers", 0.0)
    errors = [left.errors("a", shift)[0] for shift in (0.0, math.inf)]
    own, other = fit["answers"].argmax(1), judge["answers"].argmax(1)
    within: dict[str, tuple[Float64, Float64]] = {}
    for name in ("a", "b"):
        means = np.array([fit[name][own == k].mean(axis=0) for k in range(CLASSES)])
        within[name] = fit[name] - means[own], judge[name] - means[other]
    weight = np.linalg.lstsq(within["a"][0], within["b"][0], rcond=None)[0]
    residual = within["b"][1] - within["a"][1] @ weight
    assert errors[0] == pytest.approx((residual**2).sum(), rel=1e-9)
    assert errors[1] == pytest.approx((within["b"][1] ** 2).sum(), rel=1e-9)


def test_errors_from_moments_are_those_of_the_rows() -> None:
    fit, judge = world(400, seed=1), world(150, seed=2)
    explainer = opened(fit, judge)
    found = explainer.explain(["pixels", "answers", "a"])
    by_row = errors_of(found, {name: v - fit[name].mean(axis=0) for name, v in judge.items()})
    squares, width = (by_row**2).sum(axis=0), fit["b"].shape[1]
    assert by_row.shape == (150, width + fit["c"].shape[1])
    expected = [squares[:width].sum(), squares[width:].sum()]
    np.testing.assert_allclose(list(found.errors.values()), expected, rtol=1e-9)


def test_the_cosine_is_of_what_is_left_and_what_is_added() -> None:
    e, f = np.random.default_rng(0).standard_normal((2, 50, 3))
    expected = 1 - cosine_distance(e.ravel(), (e - f).ravel())
    found = cosine_beyond((f * f).sum(), (e * e).sum(), (e * f).sum())
    assert found == pytest.approx(expected, rel=1e-12)
    assert math.isnan(cosine_beyond(4.0, 4.0, 4.0))  # nothing is added
    assert math.isnan(cosine_beyond(0.0, 0.0, 0.0))


@pytest.mark.parametrize("given", [["answers"], ["pixels", "answers"]])
def test_what_is_shared_beyond_the_answers_is_found_and_class_noise_is_not_fooled(
    given: list[str],
) -> None:
    fit, judge = world(2000, seed=1, shared=4), world(1000, seed=2, shared=4)
    explainer = opened(fit, judge)
    controls = explainer.explain(given)
    features = r2_beyond(explainer.explain([*given, "a"]), controls)
    noise = r2_beyond(explainer.explain([*given, "noise"]), controls)
    assert features["b"] > 0.9
    assert abs(noise["b"]) < 0.02


def test_nothing_shared_beyond_the_answers() -> None:
    fit, judge = world(2000, seed=1, shared=0), world(1000, seed=2, shared=0)
    explainer = opened(fit, judge)
    found = r2_beyond(explainer.explain(["answers", "a"]), explainer.explain(["answers"]))
    assert abs(found["b"]) < 0.02


def test_controls_that_leave_nothing() -> None:
    fit, judge = world(300, seed=1), world(100, seed=2)
    for side in (fit, judge):
        side["b"] = np.zeros_like(side["b"])
    explainer = opened(fit, judge)
    found = r2_beyond(explainer.explain(["answers", "a"]), explainer.explain(["answers"]))
    assert math.isnan(found["b"])


def test_more_controls_than_rows_and_an_answer_that_the_fit_rows_never_give() -> None:
    fit, judge = world(30, seed=1), world(100, seed=2)
    fit["answers"] = np.hstack([fit["answers"], np.zeros((30, 40))])
    judge["answers"] = np.hstack([np.zeros((100, 40)), judge["answers"]])
    explainer = opened(fit, judge, folds=3)
    found = explainer.explain(["answers", "a"])
    assert math.isfinite(found.errors["b"])


def test_a_sheet_is_what_the_rows_say() -> None:
    fit, judge = world(80, seed=1), world(50, seed=2)
    found = sheet(fit, judge)
    assert list(found.blocks) == list(BLOCKS)
    width = fit["b"].shape[1]
    assert list(found.edges) == [0, width]
    means = {name: rows.mean(axis=0) for name, rows in fit.items()}
    x, y = (np.hstack([judge[n] - means[n] for n in names]) for names in (BLOCKS, ("b", "c")))
    np.testing.assert_allclose(found.held, x.T @ np.hstack([x, y]), atol=1e-8)
    squares = (y**2).sum(axis=0)
    np.testing.assert_allclose(
        found.squares, [squares[:width].sum(), squares[width:].sum()], rtol=1e-9
    )
    seen = np.hstack([fit[n] - means[n] for n in (*BLOCKS, "b", "c")])
    np.testing.assert_allclose(found.seen, (seen.T @ seen)[: len(found.seen)], atol=1e-8)
    left = found.without("answers", 0.0)
    assert list(left.blocks) == ["pixels", "a", "noise"]
    assert (left.n, left.taken[0].block, left.taken[0].blocks) == (80, "answers", left.blocks)


@pytest.mark.parametrize("kept", [1, 2, 99])
def test_what_is_kept_while_strengths_are_searched_is_bounded(
    monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    fit = world(120, seed=1)

    def made() -> CrossValidation:
        held = [{k: v[f::4] for k, v in fit.items()} for f in range(4)]
        names = ["pixels", "answers", "a"]
        rest = [moments(_but(fit, f)) for f in range(4)]
        sheets = [
            Sheet.of(seen, moments(other), names, ["b"])
            for seen, other in zip(rest, held, strict=True)
        ]
        return CrossValidation(moments(fit), sheets, ["b"], count=["b"])

    usual = made().choose(["pixels", "answers", "a"])
    monkeypatch.setattr(strengths, "KEPT", kept)
    bounded = made()
    assert bounded.choose(["pixels", "answers", "a"]) == usual
    lengths = [len(prefix) for prefix in bounded._left]
    assert max(lengths.count(length) for length in (1, 2)) <= kept
    assert len(bounded._left) > (2 if kept == 99 else 1)
