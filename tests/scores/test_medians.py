"""A median over what is known."""

from __future__ import annotations

import itertools
import math
import statistics

import numpy as np
import pytest

from samefeatures.scores.medians import median


def test_values_that_are_not_finite_do_not_count_wherever_they_stand() -> None:
    values = (3.0, math.nan, -1.0, math.inf, 8.0)
    naive = {statistics.median(each) for each in itertools.permutations(values[:3])}
    assert len(naive) > 1, "else nothing is shown"
    assert {median(each) for each in itertools.permutations(values)} == {3.0}


def test_it_is_that_of_numpy() -> None:
    values = np.random.default_rng(0).standard_normal(10)
    values[4] = math.nan
    assert median(values) == pytest.approx(float(np.nanmedian(values)))


def test_of_nothing_it_is_not_known() -> None:
    assert math.isnan(median([]))
    assert math.isnan(median([math.nan]))
