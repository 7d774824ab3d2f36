"""R² of a map on arrays, against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import r2_score

import samefeatures as sf
from samefeatures.base.errors import FeatureError, MapError

RNG = np.random.default_rng(6)
X = RNG.normal(3, 1, size=(400, 5)).astype(np.float32)
Y = (X[:, :3] ** 2 + RNG.normal(size=(400, 3))).astype(np.float32)


def test_it_is_the_r2_of_scikit_learn() -> None:
    m = sf.fit_map(X[:200], Y[:200])
    truth, mapped = Y[200:].astype(np.float64), m.apply(X[200:].astype(np.float64))
    expected = r2_score(truth, mapped, multioutput="variance_weighted")
    assert sf.r2(m, X[200:], Y[200:]) == pytest.approx(expected, rel=1e-9)
    assert sf.r2(m, iter([X[200:300], X[300:]]), [Y[200:]]) == pytest.approx(expected, rel=1e-9)


def test_what_it_can_not_judge() -> None:
    m = sf.fit_map(X, Y)
    assert math.isnan(sf.r2(m, X, np.ones_like(Y)))
    with pytest.raises(MapError, match=r"takes x as \(n, 5\), not \(n, 3\)"):
        sf.r2(m, Y, X)
    with pytest.raises(MapError, match="no row to judge"):
        sf.r2(m, X[:0], Y[:0])
    with pytest.raises(FeatureError, match="400 rows and y has 399"):
        sf.r2(m, X, Y[1:])
