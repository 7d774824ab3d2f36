"""Thinned curves keep what a picture needs."""

from __future__ import annotations

import numpy as np
import pytest

from samefeatures.maps import AffineMap, LossCurve
from samefeatures.maps.note import FitNote
from samefeatures.study.curves import POINTS, curve_summary, thinned
from samefeatures.study.results import CurveSummary


def test_few_steps_stay_as_they_are() -> None:
    at, loss = thinned(LossCurve(unit="pass", loss=np.array([0.5, 0.25, 0.125])))
    assert at == (1, 2, 3)
    assert loss == (0.5, 0.25, 0.125)


def test_many_steps_become_means_of_stretches() -> None:
    values = np.random.default_rng(0).uniform(size=100_000)
    at, loss = thinned(LossCurve(unit="batch", loss=values))
    assert len(at) == len(loss) <= POINTS
    assert (at[0], at[-1]) == (1, 100_000)
    weights = np.diff([0, *at])
    np.testing.assert_allclose(np.average(loss, weights=weights), values.mean(), rtol=1e-5)
    np.testing.assert_allclose(loss[-1], values[at[-2] :].mean(), rtol=1e-5)


@pytest.mark.parametrize("n", [1, 100])
def test_a_hundred_steps_are_no_stretches(n: int) -> None:
    values = np.random.default_rng(1).uniform(size=n)
    at, loss = thinned(LossCurve(unit="pass", loss=values))
    assert at == tuple(range(1, n + 1))
    assert loss == tuple(float(f"{value:.6g}") for value in values)


def test_stretches_are_even_on_a_logarithmic_axis() -> None:
    at, loss = thinned(LossCurve(unit="batch", loss=np.full(100_000, 1 / 3)))
    late = np.diff(np.log(at[-50:]))
    np.testing.assert_allclose(late, np.log(100_000) / (POINTS - 1), rtol=0.02)
    assert set(loss) == {0.333333}


def test_a_summary_says_whose_curve_it_is() -> None:
    fitted = AffineMap(
        weight=np.eye(2), bias=np.zeros(2), source="a", target="b", method="adam",
        source_fingerprint="of a", target_fingerprint="of b",
        fit=FitNote(rank=2, full_rank=2, condition=1.0, message=""),
    )  # fmt: skip
    found = curve_summary("slow", fitted, LossCurve(unit="batch", loss=np.array([0.5, 0.25])))
    assert found == CurveSummary(
        method="slow", source="a", target="b", unit="batch", at=(1, 2), loss=(0.5, 0.25)
    )
    assert curve_summary("slow", fitted, None) is None


def test_one_step_more_is_thinned() -> None:
    at, _ = thinned(LossCurve(unit="batch", loss=np.ones(101)))
    assert len(at) < 100
    assert (at[0], at[-1]) == (1, 101)
