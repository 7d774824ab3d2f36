"""Thinned curves keep what a picture needs."""

from __future__ import annotations

import numpy as np

from samefeatures.maps import LossCurve
from samefeatures.study.curves import POINTS, thinned


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
