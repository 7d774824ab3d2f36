"""R² and cosine of a map from moments, against the rows themselves and scikit-learn."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import r2_score

from samefeatures.algebra import Host
from samefeatures.base.arrays import Float64
from samefeatures.joint.record import Moments
from samefeatures.maps import AffineMap, Sizes
from samefeatures.similarity import (
    MEASURES,
    MapMeasure,
    Mapped,
    RowMeasure,
    SpaceMeasure,
    closeness,
)

SIZES = Sizes(dims=(4, 3), fit_rows=100, classes=2, sample=100)


def make_map(weight: np.ndarray, bias: np.ndarray) -> AffineMap:
    return AffineMap(
        weight=weight,
        bias=bias,
        source="a",
        target="b",
        method="ols",
        source_fingerprint="",
        target_fingerprint="",
    )


def moments_of(a: np.ndarray, b: np.ndarray) -> Moments:
    moments = Moments(["a", "b"], [a.shape[1], b.shape[1]])
    moments.update(a, b)
    return moments


@pytest.fixture
def rows() -> tuple[np.ndarray, np.ndarray, AffineMap]:
    """500 rows with means far from zero, and a map that has nothing to do with them."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(500, 4)) + 7
    b = a @ rng.normal(size=(4, 3)) + rng.normal(size=(500, 3)) - 2
    return a, b, make_map(rng.normal(size=(3, 4)), rng.normal(size=3))


def test_what_is_taken_of_a_map_are_sums_over_the_rows(
    rows: tuple[np.ndarray, np.ndarray, AffineMap],
) -> None:
    a, b, fitted = rows
    found = Mapped.of(moments_of(a, b), fitted)
    mapped = a @ fitted.weight.T + fitted.bias
    centred, true = mapped - mapped.mean(0), b - b.mean(0)
    np.testing.assert_allclose(found.mean, mapped.mean(0), rtol=1e-12)
    np.testing.assert_allclose(found.target_mean, b.mean(0), rtol=1e-12)
    assert found.spread == pytest.approx((centred**2).sum(), rel=1e-11)
    assert found.target_spread == pytest.approx((true**2).sum(), rel=1e-11)
    assert found.shared == pytest.approx((centred * true).sum(), rel=1e-10)
    assert found.fitted is fitted
    assert found.moments.n == 500


def test_closeness_from_moments_equals_the_rows(
    rows: tuple[np.ndarray, np.ndarray, AffineMap],
) -> None:
    a, b, fitted = rows
    close = closeness(moments_of(a, b), fitted)
    mapped = a @ fitted.weight.T + fitted.bias
    residual, total = ((mapped - b) ** 2).sum(), ((b - b.mean(0)) ** 2).sum()
    assert close.r2 == pytest.approx(1 - residual / total, rel=1e-10)
    assert close.r2 == pytest.approx(r2_score(b, mapped, multioutput="variance_weighted"), rel=1e-9)
    cosine = (mapped * b).sum() / np.linalg.norm(mapped) / np.linalg.norm(b)
    assert close.cosine == pytest.approx(cosine, rel=1e-10)


def test_closeness_does_not_depend_on_the_unit_of_features() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(40, 4)), rng.normal(size=(40, 3)) + 1
    weight, bias = rng.normal(size=(3, 4)), rng.normal(size=3)
    plain = closeness(moments_of(a, b), make_map(weight, bias))
    small = closeness(moments_of(a, 1e-6 * b), make_map(1e-6 * weight, 1e-6 * bias))
    assert small.r2 == pytest.approx(plain.r2, rel=1e-9)
    assert small.cosine == pytest.approx(plain.cosine, rel=1e-9)


def test_a_map_onto_itself_is_the_same() -> None:
    b = np.random.default_rng(1).normal(size=(50, 3)) + 4
    moments = moments_of(b, b)
    close = closeness(moments, make_map(np.eye(3), np.zeros(3)))
    assert close.r2 == pytest.approx(MEASURES.get("r2").same, abs=1e-12)
    assert close.cosine == pytest.approx(MEASURES.get("cosine").same, abs=1e-12)
    mean = make_map(np.zeros((3, 3)), b.mean(0))
    assert closeness(moments, mean).r2 == pytest.approx(MEASURES.get("r2").apart, abs=1e-12)


def test_closeness_of_a_target_that_does_not_vary_is_nan() -> None:
    a = np.random.default_rng(2).normal(size=(9, 2))
    close = closeness(moments_of(a, np.zeros((9, 2))), make_map(np.eye(2), np.zeros(2)))
    assert np.isnan(close.r2)
    assert np.isnan(close.cosine)
    constant = closeness(moments_of(a, np.full((9, 2), 3.0)), make_map(np.eye(2), np.zeros(2)))
    assert np.isnan(constant.r2)
    expected = (a * 3).sum() / np.linalg.norm(a) / np.linalg.norm(np.full((9, 2), 3.0))
    assert constant.cosine == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("name", MEASURES.names)
def test_every_measure_says_what_it_is(name: str) -> None:
    measure = MEASURES.get(name)
    assert issubclass(measure, MapMeasure | SpaceMeasure | RowMeasure)
    assert measure.judges == ("map" if issubclass(measure, MapMeasure) else "spaces")
    assert measure.__module__ == f"samefeatures.similarity.measures.{name}"
    assert measure.label
    assert measure.says
    assert measure.same != measure.apart
    # What is taken of a map serves all its measures; one of spaces has work of its own.
    work, other_way = (measure().work(replace(SIZES, dims=dims)) for dims in ((4, 3), (3, 4)))
    assert (work == 0) is (measure.judges == "map")
    assert work == other_way
    assert math.isfinite(work)


def test_work_is_counted_in_multiply_adds() -> None:
    # Of spectra ten d³ each, of pairs two products and singular values.
    pairs = 10 * (4**3 + 3**3) + 4 * 3 * (4 + 3) + 6 * 3**2 * 4
    works = {name: MEASURES.get(name)().work(SIZES) for name in MEASURES.names}
    assert {name: work for name, work in works.items() if work != pairs} == {
        "r2": 0.0, "cosine": 0.0,
        "cka": 7.0**2, "debiased_cka": 7.0**2,
        "mutual_knn": 100.0**2 * (7 + 2 * 100),
        "pwcca": 2 * pairs,  # vectors, too
    }  # fmt: skip
    three = replace(SIZES, dims=(4, 3, 2))
    more = 10 * 2**3 + 2 * (4 * (4 + 2) + 3 * (3 + 2)) + 6 * 2**2 * (4 + 3)
    assert MEASURES.get("cca")().work(three) == pairs + more


def test_defaults_are_the_columns_of_earlier_results() -> None:
    assert MEASURES.defaults == ["r2", "cosine"]


def test_closeness_is_taken_where_it_was_asked_for(
    rows: tuple[np.ndarray, np.ndarray, AffineMap],
) -> None:
    made: list[tuple[int, ...]] = []

    class Elsewhere(Host):
        def product(self, a: Float64, b: Float64) -> Float64:
            made.append(np.matmul(a, b).shape)
            return np.matmul(a, b)

    a, b, fitted = rows
    there = closeness(moments_of(a, b), fitted, algebra=Elsewhere())
    assert there == closeness(moments_of(a, b), fitted)
    assert made == [(3, 4)]
