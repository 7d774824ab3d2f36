"""R² of every rank from moments, against rows mapped one by one and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

import samefeatures as sf
from samefeatures.joint.record import Moments
from samefeatures.maps import Rank, SourceProblem
from samefeatures.maps.arrays import ArraySpace
from samefeatures.maps.reduced import reduced
from samefeatures.similarity.ranks import beyond_by_rank, r2_by_rank
from samefeatures.similarity.sheet import Sheet

RNG = np.random.default_rng(12)


def rows(n: int, d_a: int, d_b: int) -> dict[str, np.ndarray]:
    """Two spaces that share answers, and something beyond them."""
    weight = np.random.default_rng(1).normal(size=(9, d_a + d_b))
    answers = np.eye(4)[RNG.integers(0, 4, n)]
    joint = np.hstack([3 * answers, RNG.normal(size=(n, 5))]) @ weight
    noisy = joint + RNG.normal(size=joint.shape) + 7
    return {"a": noisy[:, :d_a], "b": noisy[:, d_a:], "answers": answers}


def moments_of(part: dict[str, np.ndarray]) -> Moments:
    out = Moments(list(part), [x.shape[1] for x in part.values()])
    out.update(*part.values())
    return out


def problem_of(part: dict[str, np.ndarray]) -> SourceProblem:
    return SourceProblem(
        "a", {name: ArraySpace(name, x.shape[1]) for name, x in part.items()}, moments_of(part)
    )


@pytest.mark.parametrize(("n", "d_a", "d_b"), [(300, 7, 6), (300, 5, 8), (6, 9, 8)])
def test_r2_of_every_rank_is_that_of_the_mapped_rows(n: int, d_a: int, d_b: int) -> None:
    fit, held = rows(n, d_a, d_b), rows(150, d_a, d_b)
    problem = problem_of(fit)
    found = reduced(problem, "b")
    assert found.rank == min(d_a, d_b, n - 1)
    values = r2_by_rank(found, moments_of(fit), moments_of(held), "a", "b")
    for rank in range(1, found.rank + 1):
        (fitted,) = Rank(rank=rank).fit(problem, ["b"])
        mapped = held["a"] @ fitted.weight.T + fitted.bias
        expected = r2_score(held["b"], mapped, multioutput="variance_weighted")
        # Of all dimensions together, about the mean of the held rows.
        assert values[rank - 1] == pytest.approx(expected, abs=1e-9)
        assert values[rank - 1] == pytest.approx(sf.r2(fitted, held["a"], held["b"]), abs=1e-9)


@pytest.mark.parametrize(("d_a", "d_b"), [(7, 6), (5, 8)])
def test_beyond_answers_is_a_regression_on_answers_and_directions(d_a: int, d_b: int) -> None:
    fit, held = rows(400, d_a, d_b), rows(200, d_a, d_b)
    found = reduced(problem_of(fit), "b")
    sheet = Sheet.of(moments_of(fit), moments_of(held), ["answers", "a"], ["b"])
    ranks = [1, 2, 4, min(d_a, d_b)]
    values = beyond_by_rank(found, ranks, sheet.without("answers", 0.0), 0)

    def errors(*names: str, rank: int = 0) -> float:
        def given(part: dict[str, np.ndarray]) -> np.ndarray:
            return np.hstack([part["answers"], part["a"] @ found.loadings[:rank].T])

        model = LinearRegression().fit(given(fit), fit["b"])
        return float(((held["b"] - model.predict(given(held))) ** 2).sum())

    expected = [1 - errors(rank=rank) / errors() for rank in ranks]
    np.testing.assert_allclose(values, expected, atol=1e-9)
    assert values[-1] > 0.3


def test_a_target_that_does_not_vary_has_no_r2() -> None:
    fit, held = rows(100, 4, 4), rows(50, 4, 4)
    found = reduced(problem_of(fit), "b")
    held["b"] = np.full((50, 4), 2.0)
    assert np.isnan(r2_by_rank(found, moments_of(fit), moments_of(held), "a", "b")).all()
    fit["b"] = np.zeros((100, 4))
    assert reduced(problem_of(fit), "b").rank == 0
