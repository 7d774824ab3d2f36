"""The estimators are what scikit-learn calls one, and the maps are ours."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import samefeatures as sf
from samefeatures.base.errors import ConfigError, FeatureError
from samefeatures.similarity import MEASURES
from samefeatures.sklearn import OLSMap, ProcrustesMap, RankMap, RidgeMap

RNG = np.random.default_rng(4)
X = RNG.normal(2, 1, size=(300, 6)).astype(np.float32)
Y = (X @ RNG.normal(size=(6, 4)) + RNG.normal(size=(300, 4))).astype(np.float32)


@parametrize_with_checks([OLSMap(), RidgeMap(), RidgeMap(alpha="auto"), ProcrustesMap(), RankMap()])
def test_it_is_an_estimator(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize(
    ("estimator", "method"),
    [
        (OLSMap(), sf.OLS()),
        (RidgeMap(alpha=0.3), sf.Ridge(alpha=0.3)),
        (ProcrustesMap(), sf.Procrustes()),
        (RankMap(rank=2), sf.Rank(rank=2)),
        (RidgeMap(alpha="auto"), sf.Ridge(alpha="auto")),
    ],
)
def test_it_fits_the_map_of_its_method(estimator: Any, method: sf.Method) -> None:
    fitted = estimator.fit(X[:200], Y[:200])
    m = sf.fit_map(X[:200], Y[:200], method=method)
    assert np.array_equal(fitted.coef_, m.weight)
    assert np.array_equal(fitted.intercept_, m.bias)
    assert np.array_equal(fitted.predict(X[200:]), m.apply(X[200:]))
    assert fitted.predict(X).dtype == np.float32
    assert fitted.predict(X.astype(np.float64)).dtype == np.float64
    assert fitted.score(X[200:], Y[200:]) == pytest.approx(sf.r2(m, X[200:], Y[200:]), rel=1e-5)


def test_ols_is_linear_regression() -> None:
    theirs = LinearRegression().fit(X.astype(np.float64), Y.astype(np.float64))
    np.testing.assert_allclose(OLSMap().fit(X, Y).coef_, theirs.coef_, rtol=1e-8)
    one = OLSMap().fit(X, Y[:, 0])
    assert one.coef_.shape == (6,)
    np.testing.assert_allclose(one.intercept_, theirs.intercept_[0], rtol=1e-8)


def test_measures_by_name() -> None:
    fitted = RidgeMap().fit(X[:200], Y[:200])
    held_out = sf.moments({"x": X[200:], "y": Y[200:]}, sample=100)
    for name in MEASURES.names:
        found = getattr(held_out, name)
        expected = found(fitted.map_) if name in ("r2", "cosine") else found("x", "y")
        assert fitted.measure(name, X[200:], Y[200:]) == pytest.approx(expected)
    with pytest.raises(ConfigError, match="Did you mean 'cka'"):
        fitted.measure("ckas", X, Y)
    with pytest.raises(FeatureError, match="y has 3 features, and the map was fitted on 4"):
        fitted.measure("r2", X, Y[:, :3])


def test_in_a_grid_and_a_pipeline() -> None:
    search = GridSearchCV(RidgeMap(), {"alpha": [0.001, 100.0]}, cv=3).fit(X, Y)
    assert search.best_params_ == {"alpha": 0.001}
    scores = cross_val_score(make_pipeline(StandardScaler(), OLSMap()), X, Y, cv=3)
    assert scores.min() > 0.5
    with pytest.raises(ConfigError, match="The option alpha of ridge is 0"):
        RidgeMap(alpha=0).fit(X, Y)


def test_score_weighs_outputs_by_their_variance() -> None:
    wide = Y * np.array([100, 1, 1, 1], np.float32)
    fitted = OLSMap().fit(X, wide)
    expected = r2_score(wide, fitted.predict(X), multioutput="variance_weighted")
    assert fitted.score(X, wide) == pytest.approx(expected)


def test_without_scikit_learn_it_says_which_extra() -> None:
    code = """
import sys
sys.modules["sklearn"] = None
import samefeatures as sf
try:
    import samefeatures.sklearn
except sf.SamefeaturesError as error:
    print(error)
"""
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "pip install 'samefeatures[sklearn]'" in out.stdout


def test_a_target_of_another_width_is_not_measured() -> None:
    fitted = RidgeMap().fit(X[:200], Y[:200])
    for name in ("cka", "r2"):
        with pytest.raises(FeatureError, match="y has 3 features, and the map was fitted on 4"):
            fitted.measure(name, X[200:], Y[200:, :3])
