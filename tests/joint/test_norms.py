"""Squared distances of rows from their mean, beside the moments of their spaces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from samefeatures.base.digests import digest
from samefeatures.base.progress import Silent
from samefeatures.features.rows import ArrayRows
from samefeatures.joint.kept import moments_key
from samefeatures.joint.norms import NormSums, norm_moments, norm_of, with_norms
from samefeatures.joint.record import Moments
from watching import Told

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
    assert sums.n == N
    sums.update(*(x[:0] for x in SPACES.values()))
    check(sums.moments(moments_of(SPACES)), expected())


def test_rows_may_come_after() -> None:
    sums = NormSums(list(SPACES), [5, 3])
    sums.update(*(x[:0] for x in SPACES.values()))
    sums.update(*(x[:300] for x in SPACES.values()))
    first = sums.moments(moments_of({k: x[:300] for k, x in SPACES.items()}))
    before = first.lower.copy()
    sums.update(*(x[300:] for x in SPACES.values()))
    check(sums.moments(moments_of(SPACES)), expected())
    np.testing.assert_array_equal(first.lower, before)


def test_a_mean_far_from_zero_costs_no_digits() -> None:
    """About zero, as 2 μᵀx and ‖μ‖² would move them, ten digits of sixteen are gone."""
    about = {"a": 1e5 * np.array([1, -1, 1, -1, 1]), "b": np.array([-2e5, 1e5, 1e5])}
    far = {name: RNG.normal(size=(N, len(mean))) + mean for name, mean in about.items()}
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


def test_rows_in_float32_are_summed_in_float64() -> None:
    single = {name: x.astype(np.float32) for name, x in SPACES.items()}
    sums = NormSums(list(single), [5, 3])
    for start in range(0, N, 100):
        sums.update(*(x[start : start + 100] for x in single.values()))
    p = [((x - x.mean(axis=0)) ** 2).sum(axis=1) for x in map(np.float64, single.values())]
    check(sums.moments(moments_of(single)), np.array(p))


def test_one_space_has_norms_too() -> None:
    sums = NormSums(["a"], [5])
    sums.update(SPACES["a"][:0])
    sums.update(SPACES["a"])
    found = sums.moments(moments_of({"a": SPACES["a"]}))
    np.testing.assert_allclose(found.mean, expected()[:1].mean(axis=1))


def test_every_space_brings_its_rows() -> None:
    for names, dims in ((["a", "b"], [5]), (["a"], [5, 3])):
        with pytest.raises(ValueError, match="argument 2"):
            NormSums(names, dims)
    sums = NormSums(["a", "b"], [5, 3])
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        sums.update(SPACES["a"])
    sums.update(*SPACES.values())
    with pytest.raises(ValueError, match="argument 2 is longer"):
        sums.update(*SPACES.values(), SPACES["a"])


def test_of_stored_rows_they_are_kept_in_a_file_of_their_own(tmp_path: Path) -> None:
    single = {name: x.astype(np.float32) for name, x in SPACES.items()}
    parts = [ArrayRows(name=k, values=x, fingerprint=f"{k} 1") for k, x in single.items()]
    moments = moments_of(single)
    (tmp_path / "eval-0.npz").write_bytes(b"moments")
    told = Told()
    found = norm_moments(parts, moments, tmp_path, kind="eval", progress=told)
    assert told.totals == {"norms of the eval set": N}
    assert sum(told.steps) == N
    (path,) = tmp_path.glob("norms-*")
    assert path.name == f"norms-eval-{digest('a 5 a 1', 'b 3 b 1')[:16]}.npz"
    assert moments_key(parts) == digest("a 5 a 1", "b 3 b 1")
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


def test_of_one_space_in_a_folder_that_is_made(tmp_path: Path) -> None:
    rows = ArrayRows(name="a", values=SPACES["a"].astype(np.float32), fingerprint="a 1")
    folder, told = tmp_path / "deep" / "moments", Told()
    moments = moments_of({"a": rows.values})
    found = norm_moments([rows], moments, folder, kind="fit", progress=told)
    assert told.tasks == {"norms of the fit set": (N, [N])}
    assert found.mean == pytest.approx(moments.sum_of_squares("a") / N)
    assert len(list(folder.iterdir())) == 1


def test_spaces_and_norms_answer_side_by_side() -> None:
    sums, moments = NormSums(["a", "b"], [5, 3]), moments_of(SPACES)
    sums.update(*SPACES.values())
    both = with_norms(moments, sums.moments(moments))
    np.testing.assert_array_equal(both.block("a", "b"), moments.block("a", "b"))
    np.testing.assert_allclose(both.mean_of(norm_of("b")), expected()[1].mean())
