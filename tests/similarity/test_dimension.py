"""Effective dimensions and spectra of spaces and maps, against scikit-learn and NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.decomposition import PCA

import samefeatures as sf
from samefeatures.algebra import HOST
from samefeatures.base.errors import FeatureError
from samefeatures.similarity.dimension import mapped_second, participation

RNG = np.random.default_rng(9)


def spaces_of(n: int) -> dict[str, np.ndarray]:
    a = RNG.normal(size=(n, 12)) * np.geomspace(1, 0.01, 12) + 100
    return {"a": a, "b": a[:, :3] @ RNG.normal(size=(3, 5)) + 0.1 * RNG.normal(size=(n, 5))}


@pytest.mark.parametrize("n", [400, 13, 7])
def test_spectra_are_those_of_principal_components(n: int) -> None:
    spaces = spaces_of(n)
    found = sf.moments(spaces)
    for name, x in spaces.items():
        expected = PCA(svd_solver="full").fit(x).explained_variance_
        expected = expected[expected > 1e-12]
        np.testing.assert_allclose(found.spectrum(name), expected, rtol=1e-8)
        ratio = expected.sum() ** 2 / (expected**2).sum()
        assert found.effective_dimension(name) == pytest.approx(ratio, rel=1e-8)
        assert 1 <= ratio <= min(x.shape[1], n - 1)


def test_of_equal_directions_it_is_their_number() -> None:
    for d in (1, 3, 8):
        centred = np.hstack([np.ones((50, 1)), RNG.normal(size=(50, d))])
        rows = np.linalg.qr(centred)[0][:, 1:]  # orthogonal to each other and to ones
        found = sf.moments({"a": 7 * rows + 3})
        assert found.effective_dimension("a") == pytest.approx(d, rel=1e-9)
        assert len(found.spectrum("a")) == d


def test_where_nothing_varies() -> None:
    found = sf.moments({"a": np.full((20, 3), 2.0), "b": RNG.normal(size=(20, 2))})
    assert math.isnan(found.effective_dimension("a"))
    assert found.spectrum("a").shape == (0,)
    single = sf.moments({"a": RNG.normal(size=(1, 3))})
    assert math.isnan(single.effective_dimension("a"))
    assert single.spectrum("a").shape == (0,)
    assert math.isnan(participation(0.0, 0.0))
    assert math.isnan(participation(-1e-9, 1e-20))  # by rounding
    assert math.isnan(participation(1e-9, 0.0))


def test_dead_and_repeated_features_add_no_direction() -> None:
    a = RNG.normal(size=(60, 4))
    found = sf.moments({"a": a, "dead": np.hstack([a, np.zeros((60, 3))])})
    np.testing.assert_allclose(found.spectrum("dead"), found.spectrum("a"), rtol=1e-9)


def test_of_a_map_it_is_what_it_makes_of_the_rows() -> None:
    spaces = spaces_of(200)
    found = sf.moments(spaces)
    fitted = sf.fit_map(spaces["a"], spaces["b"], source="a", target="b")
    mapped = fitted.apply(spaces["a"])
    expected = PCA(svd_solver="full").fit(mapped).explained_variance_
    np.testing.assert_allclose(found.spectrum(fitted), expected, rtol=1e-7)
    ratio = expected.sum() ** 2 / (expected**2).sum()
    assert found.effective_dimension(fitted) == pytest.approx(ratio, rel=1e-8)
    second = mapped_second(found, fitted, algebra=HOST)
    np.testing.assert_allclose(second, np.cov(mapped.T) * 199, rtol=1e-7, atol=1e-9)
    root = np.linalg.cholesky(found.block("a", "a"))
    singular = np.linalg.svd(fitted.weight @ root, compute_uv=False)
    np.testing.assert_allclose(np.linalg.eigvalsh(second)[::-1], singular**2, rtol=1e-6)


def test_what_is_not_there_is_said() -> None:
    found = sf.moments(spaces_of(20))
    with pytest.raises(FeatureError, match="no space 'c'"):
        found.spectrum("c")
    with pytest.raises(FeatureError, match="no space 'c'"):
        found.effective_dimension("c")
    wide = sf.fit_map(np.eye(9), np.eye(9), source="a", target="b")
    with pytest.raises(FeatureError, match="a has 12 features here, and 9 in that map"):
        found.spectrum(wide)
