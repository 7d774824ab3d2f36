"""Paired tests against SciPy, statsmodels, exact integers, and cases worked out by hand."""

from __future__ import annotations

import math
import time
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import binomtest
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar
from statsmodels.stats.multitest import multipletests

from samefeatures.scores.paired import Detectable, detectable, holm, mcnemar

PAIRS = [
    (0, 0),
    (1, 0),
    (0, 5),
    (6, 0),
    (3, 3),
    (3, 4),
    (10, 2),
    (2960, 1840),
    (240, 241),
    (90, 60),
]


@pytest.mark.parametrize(("fixed", "broken"), PAIRS)
def test_mcnemar_is_that_of_both_references(fixed: int, broken: int) -> None:
    found = mcnemar(fixed, broken)
    if fixed + broken:
        assert found == pytest.approx(binomtest(fixed, fixed + broken).pvalue, rel=1e-12)
    # The table's other two counts have no say.
    table = [[777, broken], [fixed, 55]]
    assert found == pytest.approx(min(1, reference_mcnemar(table, exact=True).pvalue), rel=1e-12)
    assert found == mcnemar(broken, fixed)


@pytest.mark.parametrize(
    ("fixed", "broken"), [(6, 1), (40, 25), (300, 212), (1500, 1390), (5200, 4800)]
)
def test_mcnemar_is_the_sum_of_exact_integers(fixed: int, broken: int) -> None:
    total = fixed + broken
    ways = sum(math.comb(total, i) for i in range(min(fixed, broken) + 1))
    assert mcnemar(fixed, broken) == pytest.approx(float(Fraction(2 * ways, 2**total)), rel=1e-12)


def test_mcnemar_is_exact_and_quick_at_the_size_of_imagenet() -> None:
    start = time.perf_counter()
    for broken in range(24_000, 24_900, 10):
        mcnemar(50_000 - broken, broken)
    assert time.perf_counter() - start < 2
    for broken in (24_000, 24_775, 24_990):
        expected = binomtest(broken, 50_000).pvalue
        assert mcnemar(50_000 - broken, broken) == pytest.approx(expected, rel=1e-12)
    assert mcnemar(50_000, 0) == 0  # 2^-49999 is below the smallest float


def test_an_unpaired_test_would_miss_what_the_paired_one_sees() -> None:
    """Why pairs matter: 60 images fixed, 20 broken, of 10,000 that are mostly right twice."""
    fixed, broken, both, n = 60, 20, 8700, 10_000
    p, q = (both + broken) / n, (both + fixed) / n
    pooled = (p + q) / 2
    z = (q - p) / math.sqrt(2 * pooled * (1 - pooled) / n)
    unpaired = math.erfc(abs(z) / math.sqrt(2))
    assert unpaired > 0.3
    assert mcnemar(fixed, broken) < 1e-5


@pytest.mark.parametrize("size", [1, 2, 7, 90])
def test_holm_is_that_of_statsmodels(size: int) -> None:
    rng = np.random.default_rng(size)
    values = rng.uniform(size=size) ** 4
    values[-1] = values[0]  # a tie
    expected = multipletests(values, method="holm")[1]
    assert holm(values.tolist()) == pytest.approx(expected.tolist(), rel=1e-12)


def test_holm_by_hand_and_of_nothing() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([1.0, 0.0]) == (1.0, 0.0)
    assert holm([]) == ()


@pytest.mark.parametrize("discordant", [0, 3, 5, 6, 11, 12, 13, 483, 5000])
@pytest.mark.parametrize("comparisons", [1, 6, 90])
def test_detectable_is_the_first_difference_that_counts(discordant: int, comparisons: int) -> None:
    """Held against a search through every split, with SciPy's test."""
    level = 0.05 / comparisons
    first = next(d for d in range(1, 100) if binomtest(d, d).pvalue <= level)
    splits = range(discordant // 2, max(discordant // 2 - 400, -1), -1) if discordant else ()
    observed = next(
        (
            discordant - 2 * small
            for small in splits
            if binomtest(small, discordant).pvalue <= level
        ),
        None,
    )
    assert detectable(discordant, comparisons=comparisons) == Detectable(first, observed)


def test_detectable_in_the_usual_numbers() -> None:
    assert detectable(6) == Detectable(6, 6)
    assert detectable(5) == Detectable(6, None)
    assert detectable(0, comparisons=90).at_best == 12
    # Of 110 images 68 to 42 has p 0.017 < 0.025, 67 to 43 has 0.028.
    assert detectable(110, comparisons=2).as_observed == 68 - 42


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mcnemar(-1, 2), "fixed -1"),
        (lambda: mcnemar(2, -1), "broken -1"),
        (lambda: holm([0.5, float("nan")]), "between 0 and 1"),
        (lambda: holm([0.5, -0.01]), "between 0 and 1"),
        (lambda: holm([1.01]), "between 0 and 1"),
        (lambda: detectable(-1), "discordant -1"),
        (lambda: detectable(1, comparisons=0), "comparisons 0"),
        (lambda: detectable(1, alpha=1), "alpha 1"),
        (lambda: detectable(1, alpha=0), "alpha 0"),
        (lambda: detectable(1, alpha=5), "alpha 5"),
    ],
)
def test_numbers_out_of_range_are_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
