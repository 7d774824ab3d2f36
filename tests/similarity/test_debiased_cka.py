"""Debiased CKA: where it is not the other measures' test, and what peers trip over."""

from __future__ import annotations

import math

import numpy as np
import pytest

import samefeatures as sf
from samefeatures.base.errors import FeatureError
from samefeatures.study.compare import compare

RNG = np.random.default_rng(5)


def take(a: np.ndarray, b: np.ndarray) -> float:
    return sf.moments({"a": a, "b": b}).debiased_cka("a", "b")


def u_centred(x: np.ndarray) -> np.ndarray:
    """The n × n matrix of similarities, centred off its diagonal (Székely and Rizzo, 2014)."""
    k, n = x @ x.T, len(x)
    k = k - np.diag(k.diagonal())
    rows = k.sum(axis=0) / (n - 2)
    out = k - rows - rows[:, None] + k.sum() / ((n - 1) * (n - 2))
    return out - np.diag(out.diagonal())


@pytest.mark.parametrize("shape", [(300, 7, 4), (50, 50, 50), (12, 200, 90), (5, 3, 3), (4, 2, 6)])
def test_it_is_the_cosine_between_centred_matrices(shape: tuple[int, int, int]) -> None:
    n, d, e = shape
    a = RNG.normal(size=(n, d))
    b = RNG.normal(size=(n, e)) + a[:, :1]
    k, m = u_centred(a), u_centred(b)
    expected = (k * m).sum() / np.linalg.norm(k) / np.linalg.norm(m)
    assert take(a, b) == pytest.approx(expected, rel=1e-8, abs=1e-10)
    assert take(a + 30, 5 * b - 70) == pytest.approx(expected, rel=1e-8, abs=1e-9)


def test_few_rows_do_not_raise_it() -> None:
    """Noise with fewer rows than features: CKA calls it alike, debiased it is about zero."""
    noise = [RNG.normal(size=(30, 500)) for _ in range(2)]
    assert sf.moments(dict(zip("ab", noise, strict=True))).cka("a", "b") > 0.9
    values = [take(RNG.normal(size=(30, 500)), RNG.normal(size=(30, 500))) for _ in range(40)]
    assert min(values) < 0 < max(values)
    assert abs(np.mean(values)) < 3 * np.std(values) / math.sqrt(40)


def test_a_subset_of_rows_gives_the_value_of_all_of_them() -> None:
    a = RNG.normal(size=(4000, 60))
    b = a @ RNG.normal(size=(60, 80)) + 8 * RNG.normal(size=(4000, 80))
    whole = take(a, b)
    some = [RNG.choice(4000, 80, replace=False) for _ in range(30)]
    assert np.mean([take(a[i], b[i]) for i in some]) == pytest.approx(whole, abs=0.02)
    biased = [sf.moments({"a": a[i], "b": b[i]}).cka("a", "b") for i in some]
    assert np.mean(biased) > whole + 0.1


def test_the_same_space_is_at_one_and_never_beyond() -> None:
    a = RNG.normal(size=(9, 40))
    rotation, _ = np.linalg.qr(RNG.normal(size=(40, 40)))
    assert take(a, a) == pytest.approx(1.0, abs=1e-12)
    assert take(a, 3 * a @ rotation + 2) == pytest.approx(1.0, abs=1e-9)
    for n in (4, 5, 6, 20):
        for _ in range(20):
            assert -1 <= take(RNG.normal(size=(n, 30)), RNG.normal(size=(n, 2))) <= 1


def test_opposite_spaces_are_at_minus_one_and_never_beyond() -> None:
    # Four rows in two pairs, in three ways: their centred matrices add up to nothing.
    one, *others = np.array([[0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0]], float)[:, :, None]
    for scale in range(1, 40):
        value = take(one * scale, np.hstack(others) * 1.1 + scale)
        assert value == pytest.approx(-1.0, abs=1e-12)
        assert value >= -1


def test_where_it_says_nothing() -> None:
    for n in (1, 2, 3):
        assert math.isnan(take(RNG.normal(size=(n, 3)), RNG.normal(size=(n, 3))))
    b = RNG.normal(size=(30, 4))
    assert math.isnan(take(np.full((30, 3), 1e4), b))
    # All rows as far from each other as any: HSIC of itself is zero, of either sign by rounding.
    assert math.isnan(take(np.eye(30) * 0.1, b))
    with pytest.raises(FeatureError, match="a"):
        take(np.where(np.arange(90).reshape(30, 3) == 7, np.nan, 1.0), b)


def test_dead_features_change_nothing() -> None:
    a, b = RNG.normal(size=(25, 6)), RNG.normal(size=(25, 5))
    dead = np.hstack([b, np.full((25, 3), 9.0)])
    assert take(a, dead) == pytest.approx(take(a, b), rel=1e-9)


def test_moments_without_norms_say_so() -> None:
    spaces = {"a": RNG.normal(size=(50, 4)), "b": RNG.normal(size=(50, 3))}
    found = sf.moments({name: x[:20] for name, x in spaces.items()})
    found.update(*(x[20:] for x in spaces.values()))
    value = sf.moments(spaces).debiased_cka("a", "b")
    assert found.debiased_cka("a", "b") == pytest.approx(value, rel=1e-9)
    with pytest.raises(FeatureError, match="needs norms of all rows"):
        found.copy().debiased_cka("a", "b")
    found.merge(found.copy())
    with pytest.raises(FeatureError, match="needs norms of all rows"):
        found.debiased_cka("a", "b")


def test_rows_that_can_be_read_only_once() -> None:
    spaces = {"a": RNG.normal(size=(50, 4)), "b": RNG.normal(size=(50, 3))}
    blocks = {name: iter([x[:30], x[30:]]) for name, x in spaces.items()}
    value = sf.moments(spaces).debiased_cka("a", "b")
    assert sf.moments(blocks).debiased_cka("a", "b") == pytest.approx(value, rel=1e-9)


def test_a_comparison_has_it() -> None:
    fit = {"a": RNG.normal(size=(60, 4)), "b": RNG.normal(size=(60, 3))}
    held = {"a": RNG.normal(size=(40, 4)), "b": RNG.normal(size=(40, 3))}
    results = compare(fit, eval=held, measures=["r2", "debiased_cka"], methods=[sf.OLS()])
    cells = results.table("ols")
    assert cells["a", "b"].measure("debiased_cka") == pytest.approx(take(held["a"], held["b"]))
    assert cells["a", "b"].measure("debiased_cka") == cells["b", "a"].measure("debiased_cka")
    assert cells["a", "a"].measure("debiased_cka") == 1
