"""What libraries report of features as networks have them, and what the same formula is.

Their code is written out here: the packages clash with what is installed.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.cross_decomposition import CCA

import samefeatures as sf


def hsic(k: np.ndarray, m: np.ndarray) -> float:
    """The unbiased estimate (Song et al. 2012), as packages for torch have it."""
    n = len(k)
    k, m = k.copy(), m.copy()
    np.fill_diagonal(k, 0)
    np.fill_diagonal(m, 0)
    ones = np.ones((n, 1), k.dtype)
    found = np.trace(k @ m) + (ones.T @ k @ ones * (ones.T @ m @ ones)).item() / (n - 1) / (n - 2)
    return float((found - 2 * (ones.T @ k @ m @ ones).item() / (n - 2)) / n / (n - 3))


def naive(x: np.ndarray, y: np.ndarray) -> float:
    k, m = x @ x.T, y @ y.T
    squared = hsic(k, k) * hsic(m, m)
    return hsic(k, m) / math.sqrt(squared) if squared > 0 else math.nan


def far_from_zero(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(40, 8) float32 of mean 100 and variance 1, one cause in common."""
    rng = np.random.default_rng(seed)
    cause = rng.normal(size=(40, 1))
    return tuple((100 + cause + rng.normal(size=(40, 8))).astype(np.float32) for _ in range(2))


def test_debiased_cka_far_from_zero_is_rounding() -> None:
    """How it is wrong is the processor's choice: NaN, the product of negative estimates, 0, or
    above 1."""
    wrong = 0
    for seed in range(40):
        x, y = far_from_zero(seed)
        true = naive(*(z.astype(np.float64) - z.mean(axis=0, dtype=np.float64) for z in (x, y)))
        wrong += not abs(naive(x, y) - true) < 0.1
        ours = sf.moments({"x": x, "y": y}).debiased_cka("x", "y")
        assert ours == pytest.approx(true, abs=1e-8)
        assert -1 <= ours <= 1
    assert wrong > 20


def test_canonical_correlations_of_few_rows_are_one_whatever_the_spaces_are() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 15, 20))
    a, b = CCA(n_components=3, scale=False).fit_transform(x, y)
    theirs = [float(np.corrcoef(a[:, i], b[:, i])[0, 1]) for i in range(3)]
    assert min(theirs) > 0.99, "of noise"
    assert math.isnan(sf.moments({"x": x, "y": y}).cca("x", "y"))


def test_uncentred_cka_calls_unrelated_spaces_the_same() -> None:
    rng = np.random.default_rng(0)
    x, y = (5 + rng.normal(size=(2000, 8)) for _ in range(2))
    theirs = np.linalg.norm(x.T @ y) ** 2 / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y)
    assert theirs > 0.99
    assert sf.moments({"x": x, "y": y}).cka("x", "y") < 0.02
