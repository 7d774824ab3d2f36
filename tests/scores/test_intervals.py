"""The score interval against SciPy, statsmodels, and a case worked out by hand."""

from __future__ import annotations

import math

import pytest
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from samefeatures.scores.intervals import wilson

COUNTS = [(0, 1), (1, 1), (0, 10), (3, 10), (10, 10), (8764, 10_000), (49_999, 50_000), (1, 50_000)]


@pytest.mark.parametrize(("correct", "n"), COUNTS)
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
def test_wilson_is_that_of_both_references(correct: int, n: int, confidence: float) -> None:
    found = wilson(correct, n, confidence=confidence)
    scipys = binomtest(correct, n).proportion_ci(confidence_level=confidence, method="wilson")
    for expected in (scipys, proportion_confint(correct, n, alpha=1 - confidence, method="wilson")):
        assert found == pytest.approx([100 * bound for bound in expected], rel=1e-12, abs=1e-12)
    assert 0 <= found[0] <= 100 * correct / n <= found[1] <= 100


def test_wilson_by_hand() -> None:
    # p = 1/2: middle is 1/2 whatever z, half is z / (2 sqrt(n + z²)).
    z = 1.959963984540054
    low, high = wilson(50, 100)
    assert (high + low) / 2 == pytest.approx(50, rel=1e-15)
    assert high - low == pytest.approx(100 * z / math.sqrt(100 + z * z), rel=1e-14)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wilson(3, 2), "3 correct of 2"),
        (lambda: wilson(-1, 2), "-1 correct of 2"),
        (lambda: wilson(0, 0), "n at least 1"),
        (lambda: wilson(1, 2, confidence=95), "confidence is 95"),
        (lambda: wilson(1, 2, confidence=0), "confidence is 0"),
        (lambda: wilson(1, 2, confidence=1), "confidence is 1"),
    ],
)
def test_numbers_out_of_range_are_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
