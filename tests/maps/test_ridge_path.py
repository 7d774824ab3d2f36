"""The strength that held-out rows choose: against rows, against scikit-learn, and at its edges."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.linear_model import Ridge as TheirRidge
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from worlds import World, make_world

import samefeatures as sf
from samefeatures.algebra import Host
from samefeatures.base.errors import ConfigError, MapError
from samefeatures.features.folds import SEED, parts_of
from samefeatures.features.rows import ArrayRows
from samefeatures.joint.by_fold import FoldSums, whole_of
from samefeatures.maps import Ridge, Sizes, SourceProblem
from samefeatures.maps.method import Method
from samefeatures.maps.ridge_path import GRID

AUTO = Ridge(alpha="auto")


def spread(n: int, d: int) -> np.ndarray:
    """Rows whose variances differ, far from zero."""
    return np.random.default_rng(n + d).normal(size=(n, d)) * np.geomspace(0.03, 5, d) + 20


def with_dead(n: int, d: int) -> np.ndarray:
    """A constant column, two that repeat another, one that is the sum of two."""
    x = spread(n, d)
    x[:, 1], x[:, 3], x[:, 4], x[:, 5] = 7, x[:, 2], -2 * x[:, 2], x[:, 6] + x[:, 7]
    return x


def linear(x: np.ndarray, d: int, noise: float) -> np.ndarray:
    """(n, d) targets of another mean, and a constant column among them."""
    rng = np.random.default_rng(d)
    y = x @ rng.normal(size=(x.shape[1], d)) + noise * rng.normal(size=(len(x), d))
    y[:, -1] = 3
    return y


CASES: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {
    "tall": lambda: (x := spread(300, 20), linear(x, 7, 8.0)),
    "few rows": lambda: (x := spread(40, 60), linear(x, 9, 20.0)),
    "deficient": lambda: (x := with_dead(120, 30), linear(x, 5, 10.0)),
    "few rows, deficient": lambda: (x := with_dead(25, 30), linear(x, 31, 10.0)),
    "one target": lambda: (x := spread(60, 8), x[:, :1] + linear(x, 2, 30.0)[:, :1]),
    "little noise": lambda: (x := spread(200, 10), linear(x, 4, 0.1)),
}


def problem_of(x: np.ndarray, y: np.ndarray, folds: int = 5) -> tuple[SourceProblem, np.ndarray]:
    """With moments of folds, and the fold of each row."""
    fold_of = parts_of(len(x), folds, seed=SEED)
    sums = FoldSums(["a", "b"], [x.shape[1], y.shape[1]], fold_of)
    sums.update(x, y)
    networks = make_world({"a": x, "b": y}).networks
    found = sums.moments()
    return SourceProblem("a", networks, whole_of(found), folds=found), fold_of


def strength(x: np.ndarray, alpha: float) -> float:
    """In scikit-learn's units."""
    return float(alpha * len(x) * x.var(axis=0).mean())


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("folds", [2, 5])
def test_held_out_errors_are_those_of_rows(case: str, folds: int) -> None:
    x, y = CASES[case]()
    problem, fold_of = problem_of(x, y, folds)
    (fitted,) = Ridge(alpha="auto", folds=folds).fit(problem, ["b"])
    squares = ((y - y.mean(axis=0)) ** 2).sum()
    by_rows = []
    for alpha in GRID:
        error = 0.0
        for k in range(folds):
            fit, held = fold_of != k, fold_of == k
            theirs = TheirRidge(alpha=strength(x, alpha), solver="svd").fit(x[fit], y[fit])
            error += ((y[held] - theirs.predict(x[held]).reshape(held.sum(), -1)) ** 2).sum()
        by_rows.append(error / squares)
    assert [alpha for alpha, _ in fitted.fit.path] == list(GRID)
    np.testing.assert_allclose([left for _, left in fitted.fit.path], by_rows, rtol=2e-6)
    assert fitted.fit.alpha == GRID[int(np.argmin(by_rows))]


@pytest.mark.parametrize("case", CASES)
def test_the_choice_is_that_of_scikit_learn(case: str) -> None:
    x, y = CASES[case]()
    problem, fold_of = problem_of(x, y)
    (fitted,) = AUTO.fit(problem, ["b"])
    alphas, split = [strength(x, alpha) for alpha in GRID], PredefinedSplit(fold_of)
    loss = "neg_mean_squared_error"
    theirs = RidgeCV(alphas=alphas, cv=split, scoring=loss).fit(x, y)
    assert theirs.alpha_ == pytest.approx(strength(x, fitted.fit.alpha or 0.0))
    svd = TheirRidge(solver="svd")
    searched = GridSearchCV(svd, {"alpha": alphas}, cv=split, scoring=loss).fit(x, y)
    assert searched.best_params_["alpha"] == theirs.alpha_
    reference = searched.best_estimator_.coef_.reshape(fitted.weight.shape)
    np.testing.assert_allclose(fitted.weight, reference, rtol=1e-6, atol=1e-9)


def test_each_map_has_a_strength_of_its_own_and_is_that_of_its_strength(noisy_world: World) -> None:
    x = noisy_world.features
    sums = FoldSums(list("abc"), [7, 5, 6], parts_of(300, 5, seed=SEED))
    sums.update(*x.values())
    problem = noisy_world.problem("a", folds=sums.moments(), rows=None)
    b, c = AUTO.fit(problem, ["b", "c"])
    assert b.fit.alpha is not None
    assert c.fit.alpha is not None
    assert b.fit.alpha < c.fit.alpha, "b follows from a, c has nothing to do with it"
    for fitted in (b, c):
        (plain,) = Ridge(alpha=fitted.fit.alpha or 0.0).fit(problem, [fitted.target])
        assert np.array_equal(fitted.weight, plain.weight)
        assert np.array_equal(fitted.bias, plain.bias)
        assert (plain.fit.alpha, plain.fit.path) == (None, ())


def test_one_decomposition_a_fold_serves_all_targets_and_strengths(
    noisy_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sums = FoldSums(list("abc"), [7, 5, 6], parts_of(300, 4, seed=SEED))
    sums.update(*noisy_world.features.values())
    problem = noisy_world.problem("a", folds=sums.moments())
    plain, calls = Host.eigenvalues, []

    def noted(self: Host, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        calls.append(matrix.shape)
        return plain(self, matrix)

    monkeypatch.setattr(Host, "eigenvalues", noted)
    list(Ridge(alpha="auto", folds=4).fit(problem, ["b", "c"]))
    assert calls == [(7, 7)] * 4


def test_what_is_said_at_the_ends_of_the_grid() -> None:
    x = spread(200, 6)
    rng = np.random.default_rng(1)
    said = {
        "exact": (
            x @ rng.normal(size=(6, 3)),
            GRID[0],
            "weakest that was compared; compare with ols",
        ),
        "noise": (rng.normal(size=(200, 40)), GRID[-1], "alpha 100 is the strongest that was comp"),
        "constant": (np.full((200, 3), 2.0), GRID[0], "no strength is better than another"),
    }
    for y, alpha, message in said.values():
        (fitted,) = AUTO.fit(problem_of(x, y)[0], ["b"])
        assert fitted.fit.alpha == alpha
        assert message in fitted.fit.message
    (fitted,) = AUTO.fit(problem_of(x, linear(x, 4, 30.0))[0], ["b"])
    assert fitted.fit.message == ""


def test_a_source_that_does_not_vary_has_nothing_to_choose() -> None:
    (fitted,) = AUTO.fit(problem_of(np.ones((30, 4)), spread(30, 3))[0], ["b"])
    assert fitted.fit.message == "the source's features do not vary: the map is constant"
    assert (fitted.fit.alpha, fitted.fit.path, np.abs(fitted.weight).max()) == (None, (), 0)


@pytest.mark.parametrize("n", [2, 3, 5, 6])
def test_few_rows(n: int) -> None:
    x, y = spread(n, 8), spread(n, 3)
    for method in (Ridge(alpha="auto", folds=2), AUTO):
        if n < method.needs_folds:
            with pytest.raises(ConfigError, match=f"{n} rows can't make 5 parts. Take fewer 'fol"):
                sf.fit_map(x, y, method=method)
        else:
            assert np.isfinite(sf.fit_map(x, y, method=method).weight).all()


def test_arrays_are_split_by_id_or_by_place() -> None:
    x, y = spread(100, 6), linear(spread(100, 6), 4, 20.0)
    (by_place,) = AUTO.fit(problem_of(x, y)[0], ["b"])
    found = sf.fit_map(x, y, method=AUTO)
    np.testing.assert_allclose(found.fit.path, by_place.fit.path, rtol=1e-9)
    for given in ((iter([x[:70], x[70:]]), y), (iter([x]), iter([y]))):
        assert sf.fit_map(*given, method=AUTO).fit == found.fit
    ids = [f"image{i}#{k}" for i in range(50) for k in range(2)]
    named = [
        ArrayRows(name=k, values=v.astype(np.float32), fingerprint="", ids=ids)
        for k, v in zip("xy", (x, y), strict=True)
    ]
    sums = FoldSums(["a", "b"], [6, 4], parts_of(ids, 5, seed=SEED))
    sums.update(*(part.values for part in named))
    problem = SourceProblem("a", make_world({"a": x, "b": y}).networks, whole_of(sums.moments()))
    (by_id,) = AUTO.fit(problem.with_folds(sums.moments()), ["b"])
    np.testing.assert_allclose(sf.fit_map(*named, method=AUTO).fit.path, by_id.fit.path, rtol=1e-9)
    assert not np.allclose(by_id.fit.path, by_place.fit.path, rtol=1e-5)


def test_folds_that_do_not_fit_are_refused() -> None:
    problem, _ = problem_of(spread(40, 5), spread(40, 3))
    for folds, said in (((), "0 folds of 0 rows"), (problem.folds[1:], "4 folds of 32 rows")):
        with pytest.raises(MapError, match=f"5 folds of the 40 fit rows, but .*{said}.*folds=…"):
            list(AUTO.fit(problem.with_folds(folds), ["b"]))
    with pytest.raises(MapError, match="on 3 folds"):
        list(Ridge(alpha="auto", folds=3).fit(problem, ["b"]))
    assert len(problem.keeping("x").folds) == 5


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"alpha": "aut"}, "ridge is 'aut'; .* or auto. Did you mean 'auto'"),
        ({"alpha": "1e-5"}, "ridge is '1e-5'; .* write 1.0e-5"),
        ({"alpha": "auto", "folds": 1}, "folds of ridge is 1; .* at least 2"),
        ({"alpha": "auto", "folds": True}, "folds of ridge is True"),
        ({"alpha": "auto", "folds": "5"}, "folds of ridge is '5'"),
        ({"folds": 5}, "folds of ridge has no effect with alpha 0.01"),
        ({"alpha": 1.0, "folds": 1}, "no effect with alpha 1.0. Leave it out"),
        ({"alpha": None}, "alpha of ridge is None"),
        ({"alpha": True}, "alpha of ridge is True"),
    ],
)
def test_options_without_sense_are_refused(given: dict, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Ridge(**given)


def test_what_it_says_of_itself() -> None:
    """Options go into the keys of maps: those of a number are what they always were."""
    assert Ridge(alpha=1.0).options == {"alpha": 1.0}
    assert AUTO.options == Ridge(alpha="auto", folds=5).options == {"alpha": "auto", "folds": 5}
    methods: list[Method] = [Ridge(), AUTO, Ridge(alpha="auto", folds=3), sf.OLS()]
    assert [method.needs_folds for method in methods] == [0, 5, 3, 0]
    sizes = Sizes(dims=(3, 5), fit_rows=100, classes=7)
    more = 12 * (27 + 125) + 3 * (9 * 5 + 25 * 3)
    assert AUTO.work(sizes) == pytest.approx(Ridge().work(sizes) + 5 * more)
    assert (AUTO.note(sizes), Ridge().note(sizes)) == ("strengths by 5 folds", "")
