"""Squared distances of rows from their mean, beside the moments of their spaces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from samefeatures.base.progress import Silent
from samefeatures.features.rows import ArrayRows
from samefeatures.joint.norms import NormSums, norm_moments, norm_of, with_norms
from samefeatures.joint.record import Moments

RNG = np.random.default_rng(4)
N = 700
SPACES = {"a": RNG.normal(size=(N, 5)) ** 3 + 40, "b": np.sort(RNG.normal(size=(N, 3)), axis=0)}
"""Of one the mean is far from zero; in the other the first rows are far from the mean."""


def expected() -> np.ndarray:
    """(2, N) by the rows themselves."""
    return np.array([((x - x.mean(axis=0)) ** 2).sum(axis=1) for x in SPACES.values()])


def moments_of(spaces: dict[str, np.ndarray]) -> Moments:
    moments = Moments(list(spaces), [x.shape[1] for x in spaces.values()])
    moments.update(*spaces.values())
    return moments


def check(found: Moments, p: np.ndarray) -> None:
    assert found.n == p.shape[1]
    np.testing.assert_allclose(found.mean, p.mean(axis=1), rtol=1e-12)
    apart = p - p.mean(axis=1, keepdims=True)
    for i, a in enumerate("ab"):
        for j, b in enumerate("ab"):
            block = found.block(norm_of(a), norm_of(b))
            assert block.item() == pytest.approx(apart[i] @ apart[j], rel=1e-11)


def test_rows_that_pass_once_give_those_about_the_mean_of_all() -> None:
    sums = NormSums(list(SPACES), [5, 3])
    for start in range(0, N, 64):
        sums.update(*(x[start : start + 64] for x in SPACES.values()))
    sums.update(*(x[:0] for x in SPACES.values()))
    check(sums.moments(moments_of(SPACES)), expected())


def test_rows_may_come_after() -> None:
    sums = NormSums(list(SPACES), [5, 3])
    sums.update(*(x[:300] for x in SPACES.values()))
    first = sums.moments(moments_of({k: x[:300] for k, x in SPACES.items()}))
    before = first.lower.copy()
    sums.update(*(x[300:] for x in SPACES.values()))
    check(sums.moments(moments_of(SPACES)), expected())
    np.testing.assert_array_equal(first.lower, before)


def test_a_mean_far_from_zero_costs_no_digits() -> None:
    """About zero, as 2 μᵀx and ‖μ‖² would move them, ten digits of sixteen are gone."""
    far = {"a": RNG.normal(size=(N, 5)) + 1e5, "b": RNG.normal(size=(N, 3)) - 1e5}
    sums = NormSums(list(far), [5, 3])
    for start in range(0, N, 100):
        sums.update(*(x[start : start + 100] for x in far.values()))
    found = sums.moments(moments_of(far))
    p = np.array([((x - x.mean(axis=0)) ** 2).sum(axis=1) for x in far.values()])
    apart = p - p.mean(axis=1, keepdims=True)
    truth = apart[0] @ apart[1]
    block = found.block(norm_of("a"), norm_of("b")).item()
    size = np.sqrt((apart[0] @ apart[0]) * (apart[1] @ apart[1]))
    assert abs(block - truth) < 1e-9 * size
    u, x = (far["a"] ** 2).sum(axis=1), far["a"] - far["a"].mean(axis=0)
    naive = (u - u.mean()) - 2 * x @ far["a"].mean(axis=0)
    assert abs(naive @ apart[1] - truth) > 1e-9 * size


def test_of_stored_rows_they_are_kept_in_a_file_of_their_own(tmp_path: Path) -> None:
    single = {name: x.astype(np.float32) for name, x in SPACES.items()}
    parts = [ArrayRows(name=k, values=x, fingerprint=f"{k} 1") for k, x in single.items()]
    moments = moments_of(single)
    (tmp_path / "eval-0.npz").write_bytes(b"moments")
    found = norm_moments(parts, moments, tmp_path, kind="eval", progress=Silent())
    doubled = [x.astype(np.float64) for x in single.values()]
    check(found, np.array([((x - x.mean(axis=0)) ** 2).sum(axis=1) for x in doubled]))
    files = sorted(path.name.split("-")[0] for path in tmp_path.iterdir())
    assert files == ["eval", "norms"]
    unread = [ArrayRows(name=k, values=x[:0], fingerprint=f"{k} 1") for k, x in single.items()]
    again = norm_moments(unread, moments, tmp_path, kind="eval", progress=Silent())
    np.testing.assert_array_equal(again.lower, found.lower)
    other = [ArrayRows(name=k, values=x, fingerprint=f"{k} 2") for k, x in single.items()]
    norm_moments(other, moments, tmp_path, kind="eval", progress=Silent())
    assert len(list(tmp_path.glob("norms-eval-*.npz"))) == 1


def test_spaces_and_norms_answer_side_by_side() -> None:
    sums, moments = NormSums(["a", "b"], [5, 3]), moments_of(SPACES)
    sums.update(*SPACES.values())
    both = with_norms(moments, sums.moments(moments))
    np.testing.assert_array_equal(both.block("a", "b"), moments.block("a", "b"))
    np.testing.assert_allclose(both.mean_of(norm_of("b")), expected()[1].mean())
