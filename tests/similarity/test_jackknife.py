"""The jackknife's interval against the plain bootstrap over rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from samefeatures.similarity.jackknife import ratio_interval


def test_it_agrees_with_the_bootstrap() -> None:
    rng = np.random.default_rng(0)
    below = rng.gamma(2, size=2000)  # squared errors of rows
    above = below * rng.uniform(0.2, 0.6, 2000)
    parts = rng.integers(0, 40, 2000)
    sums = [np.bincount(parts, weights=v, minlength=40) for v in (above, below)]
    low, high = ratio_interval(*sums)
    rows = (above, below)
    found = stats.bootstrap(
        rows, lambda a, b: 1 - a.sum() / b.sum(), vectorized=False, paired=True, n_resamples=2000,
        method="percentile", rng=np.random.default_rng(1),
    ).confidence_interval  # fmt: skip
    width = found.high - found.low
    assert low == pytest.approx(found.low, abs=width / 4)
    assert high == pytest.approx(found.high, abs=width / 4)


def test_it_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(400):
        below = rng.gamma(2, size=(20, 25))
        above = below * rng.uniform(0, 1, (20, 25))  # 1 - 1/2
        low, high = ratio_interval(above.sum(axis=1), below.sum(axis=1))
        hits += low <= 0.5 <= high
    assert stats.binomtest(hits, 400, 0.95).pvalue > 1e-4


def test_it_is_the_t_interval_where_the_ratio_is_a_mean() -> None:
    values = np.array([0.1, 0.4, 0.2, 0.9, 0.5])
    low, high = ratio_interval(values, np.ones(5))
    expected = stats.t.interval(0.95, 4, loc=1 - values.mean(), scale=stats.sem(values))
    assert (low, high) == pytest.approx(expected)


def test_two_blocks_are_enough() -> None:
    low, high = ratio_interval(np.array([0.1, 0.4]), np.ones(2), level=0.5)
    # Of Student's t with one degree of freedom, Cauchy's, half lies within ±1.
    assert (low, high) == pytest.approx((0.75 - 0.15, 0.75 + 0.15))


@pytest.mark.parametrize(("above", "below"), [([1.0], [2.0]), ([1.0, 1.0], [2.0, 0.0])])
def test_nothing_to_leave_out(above: list[float], below: list[float]) -> None:
    assert all(math.isnan(v) for v in ratio_interval(np.array(above), np.array(below)))
