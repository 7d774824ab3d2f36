"""Power laws: found where they are, tested, and silent where they are none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import curve_fit
from scipy.stats import t

from samefeatures.study.by_rows.law import EXPONENTS, FLAT, MISS, Law, _poor, forecasts, law_of
from samefeatures.study.results import RowsForecast, RowsPoint

SIZES = (250, 500, 1000, 2000, 4000, 8000)


def point(rows: int, r2: float, seed: int = 0) -> RowsPoint:
    return RowsPoint(
        method="ols", rows=rows, seed=seed, change=None, loss=None, r2=r2, r2_beyond_answers=None
    )


def of(values: dict[tuple[int, int], float], widest: int = 400) -> RowsForecast:
    points = [point(rows, value, seed) for (rows, seed), value in values.items()]
    (found,) = forecasts(points, widest)
    return found


def law(rows: float) -> float:
    return 0.9 - 20 * rows**-0.7


def test_a_law_is_found_again() -> None:
    found = law_of({n: law(n) for n in SIZES})
    assert found.a == pytest.approx(0.9, abs=2e-3)
    assert found.b == pytest.approx(20, rel=0.1)
    assert found.c == pytest.approx(0.7, abs=0.01)
    assert found.at(80_000) == pytest.approx(law(80_000), abs=1e-3)


def test_a_law_with_noise_is_that_of_scipy() -> None:
    noise = np.random.default_rng(0).normal(0, 0.002, len(SIZES))
    series = {n: law(n) + e for n, e in zip(SIZES, noise, strict=True)}
    (a, b, c), _ = curve_fit(
        lambda n, a, b, c: a - b * n**-c,
        np.array(SIZES, float),
        np.array(list(series.values())),
        p0=(0.9, 20, 0.7),
    )
    found = law_of(series)
    assert found.a == pytest.approx(a, abs=1e-3)
    assert found.c == pytest.approx(c, rel=0.01)
    assert found.b == pytest.approx(b, rel=0.05)


def test_what_is_expected_is_the_law_itself() -> None:
    found = of({(n, 0): law(n) for n in SIZES})
    assert found.poor == ""
    assert (found.since, found.tested_at, found.rows) == (500, 8000, 80_000)
    assert found.predicted == pytest.approx(law(8000), abs=1e-3)
    assert found.found == law(8000)
    assert found.limit == pytest.approx(0.9, abs=3e-3)
    assert found.exponent == pytest.approx(0.7, abs=0.02)
    assert found.expected == pytest.approx(law(80_000), abs=2e-3)


@pytest.mark.parametrize("seeds", [(-1, 1), (-1, 0, 1)])
def test_the_interval_is_of_student_over_the_seeds(seeds: tuple[int, ...]) -> None:
    values = {(n, s): law(n) + s * 1e-2 * (n / 250) ** -0.5 for n in SIZES[:-1] for s in seeds}
    values[8000, seeds[0]] = law(8000)  # all rows: one for all seeds
    found = of(values)
    each = [law_of({n: values.get((n, s), law(8000)) for n in SIZES[1:]}).at(80_000) for s in seeds]
    half = float(t.ppf(0.975, len(seeds) - 1)) * np.std(each, ddof=1) / np.sqrt(len(seeds))
    assert found.expected == pytest.approx(np.mean(each))
    assert found.high is not None
    assert found.low is not None
    assert found.high - found.low == pytest.approx(2 * half, rel=1e-6)


def test_one_seed_is_as_unsure_as_its_test() -> None:
    noise = np.random.default_rng(1).normal(0, 2e-4, len(SIZES))
    found = of({(n, 0): law(n) + e for n, e in zip(SIZES, noise, strict=True)})
    assert found.poor == ""
    assert found.found is not None
    assert found.predicted is not None
    assert found.high is not None
    assert found.low is not None
    assert found.high - found.low == pytest.approx(2 * abs(found.predicted - found.found))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({n: law(n) for n in SIZES[:4]}, "3 sizes lie above"),
        (dict(zip(SIZES, (0.1, 0.3, 0.6, 0.7, 0.75, 0.75), strict=True)), "does not rise"),
        ({n: 0.1 * np.log(n) / 2 for n in SIZES}, "no limit is in sight"),
        (dict(zip(SIZES, (0.1, 0.2, 0.4, 0.5, 0.55, 0.65), strict=True)), "misses it"),
        ({n: 1.1 - 5 * n**-0.4 for n in SIZES}, "above 1"),
    ],
)
def test_a_poor_law_is_silent(values: dict[int, float], says: str) -> None:
    found = of({(n, 0): value for n, value in values.items()})
    assert says in found.poor
    assert found.expected is None
    assert found.low is None


def test_the_law_is_tested_by_the_sizes_below_the_largest() -> None:
    noise = np.random.default_rng(2).normal(0, 2e-4, len(SIZES))
    values = {n: law(n) + e for n, e in zip(SIZES, noise, strict=True)}
    found = of({(n, 0): value for n, value in values.items()})
    assert found.predicted == law_of({n: values[n] for n in SIZES[1:-1]}).at(8000)
    assert found.limit == law_of({n: values[n] for n in SIZES[1:]}).a


@pytest.mark.parametrize(("widest", "since"), [(499, 500), (500, 1000), (999, 1000)])
def test_the_tail_lies_above_the_widest_network(widest: int, since: int) -> None:
    """Four sizes are enough."""
    found = of({(n, 0): law(n) for n in SIZES}, widest)
    assert (found.since, found.poor) == (since, "")


def test_each_method_and_value_has_its_own() -> None:
    """Against the forecast of its points alone."""
    both = [replace(point(n, law(n)), r2_beyond_answers=law(n) / 2) for n in SIZES]
    other = [replace(point(n, law(n) - 0.1), method="ridge") for n in SIZES]
    found = list(forecasts([*both, *other], 400))
    places = [("ols", "r2"), ("ols", "r2_beyond_answers"), ("ridge", "r2")]
    assert [(each.method, each.value) for each in found] == places
    for each, points in zip(found[::2], (both, other), strict=True):
        assert each == next(forecasts(points, 400))
    assert found[1].found == law(8000) / 2
    (few,) = forecasts([point(250, 0.1)], 400)
    assert (few.method, few.value) == ("ols", "r2")


def test_a_seed_that_lacks_a_size_of_others_is_left_out() -> None:
    """It would be a series with holes; sizes that one seed has belong to all of them."""
    whole = {(n, 0): law(n) for n in SIZES}
    holes = {(500, 1): 0.2, (1000, 2): 0.3}
    assert of({**whole, **holes}) == of(whole)


def test_a_law_bends_where_it_rises_to_a_limit() -> None:
    least = float(EXPONENTS[0])
    for b, c, bends in [
        (0.5, 0.7, True),
        (0.5, float(EXPONENTS[1]), True),
        (0.5, 3.9, True),
        (0.5, least, False),
        (0.0, 0.7, False),
        (-0.5, 0.7, False),
        (-0.5, least, False),
    ]:
        assert Law(a=1.0, b=b, c=c).bends == bends, (b, c)


def test_what_is_on_the_border_is_not_poor() -> None:
    good, high = Law(a=1.0, b=0.5, c=0.7), Law(a=1.1, b=0.5, c=0.7)
    straight = Law(a=0.9, b=0.5, c=float(EXPONENTS[0]))
    for value, step in FLAT.items():
        assert _poor(value, step, MISS * step, [good, good]) == ""
        assert "rise any more" in _poor(value, step * 0.99, 0.0, [good])
        assert "misses" in _poor(value, step, MISS * step * 1.01, [good])
        assert "no limit" in _poor(value, step, 0.0, [good, straight])
    assert _poor("change", 1.0, 0.0, [good, high]) == "", "percent go above 1"
    assert "above 1" in _poor("r2", 1.0, 0.0, [good, high])
    assert "above 1" in _poor("r2_beyond_answers", 1.0, 0.0, [high, good])
