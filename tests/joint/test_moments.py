"""Moments against numpy in float64, against construction, and where the naive formula fails."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from samefeatures.algebra.protocol import PANEL
from samefeatures.base.errors import FeatureError, StoreDamagedError
from samefeatures.joint.record import Moments


def centred_products(z: np.ndarray) -> np.ndarray:
    c = z - z.mean(axis=0)
    return c.T @ c


def make(rng: np.random.Generator, n: int, dims: tuple[int, ...], mean: float = 0.0) -> list:
    mix = rng.normal(size=(sum(dims), sum(dims)))
    z = rng.normal(size=(n, sum(dims))) @ mix + mean
    return np.split(z, np.cumsum(dims)[:-1], axis=1)


def fill(blocks: list, names: list[str], chunk: int) -> Moments:
    moments = Moments(names, [b.shape[1] for b in blocks])
    for start in range(0, len(blocks[0]), chunk):
        moments.update(*(b[start : start + chunk] for b in blocks))
    return moments


def assert_same(a: Moments, b: Moments, rtol: float = 1e-12) -> None:
    assert a.n == b.n
    np.testing.assert_allclose(a.mean, b.mean, rtol=rtol, atol=rtol)
    for i in a.names:
        for j in a.names:
            scale = np.sqrt(a.sum_of_squares(i) * a.sum_of_squares(j))
            np.testing.assert_allclose(a.block(i, j), b.block(i, j), rtol=0, atol=rtol * scale)


@pytest.mark.parametrize("chunk", [1, 7, 100, 1000])
@pytest.mark.parametrize("dims", [(3,), (5, 2, 4), (PANEL + 3, 40)])
def test_equals_numpy_whatever_the_chunks(chunk: int, dims: tuple[int, ...]) -> None:
    blocks = make(np.random.default_rng(0), 100, dims, mean=3.0)
    names = [f"net{k}" for k in range(len(dims))]
    moments = fill(blocks, names, chunk)
    z = np.concatenate(blocks, axis=1)
    expected = centred_products(z)
    edges = np.cumsum([0, *dims])
    assert moments.n == 100
    np.testing.assert_allclose(moments.mean, z.mean(axis=0), rtol=1e-12)
    for i, a in enumerate(names):
        for j, b in enumerate(names):
            part = expected[edges[i] : edges[i + 1], edges[j] : edges[j + 1]]
            np.testing.assert_allclose(
                moments.block(a, b), part, rtol=1e-10, atol=1e-9 * abs(expected).max()
            )
    np.testing.assert_allclose(
        moments.sum_of_squares(names[0]), np.trace(expected[: dims[0], : dims[0]]), rtol=1e-12
    )


def test_large_mean_where_the_uncentred_formula_fails() -> None:
    rng = np.random.default_rng(1)
    x = (1e6 + rng.normal(size=(20_000, 2))).astype(np.float32).astype(np.float64)
    exact = centred_products(x)
    single = x.astype(np.float32)
    naive = single.T @ single - len(x) * np.outer(single.mean(0), single.mean(0))
    assert abs(naive / exact - 1).max() > 0.01, "the naive formula should fail here"
    uncentred = x.T @ x - len(x) * np.outer(x.mean(0), x.mean(0))
    moments = fill([x], ["x"], 512)
    ours = abs(moments.block("x", "x") - exact).max() / abs(exact).max()
    assert ours < 1e-12
    assert abs(uncentred - exact).max() / abs(exact).max() > 1e3 * ours


def test_merge_is_as_if_rows_had_come_here() -> None:
    blocks = make(np.random.default_rng(2), 90, (6, 9), mean=50.0)
    whole = fill(blocks, ["a", "b"], 30)
    first = fill([b[:20] for b in blocks], ["a", "b"], 7)
    second = fill([b[20:] for b in blocks], ["a", "b"], 13)
    assert_same(first + second, whole)
    assert first.n == 20, "the sum must leave its terms alone"
    empty = Moments(["a", "b"], [6, 9])
    assert_same(empty + whole, whole)
    assert_same(whole + empty, whole)
    assert (empty + empty).n == empty.copy().n == 0
    last = fill([b[89:] for b in blocks], ["a", "b"], 1)
    assert_same(fill([b[:89] for b in blocks], ["a", "b"], 30) + last, whole)


def test_subtract_undoes_merge() -> None:
    blocks = make(np.random.default_rng(3), 90, (6, PANEL), mean=5.0)
    whole = fill(blocks, ["a", "b"], 30)
    fold = fill([b[30:60] for b in blocks], ["a", "b"], 30)
    rest = fill([np.concatenate([b[:30], b[60:]]) for b in blocks], ["a", "b"], 30)
    assert_same(whole - fold, rest, rtol=1e-11)
    last = fill([b[89:] for b in blocks], ["a", "b"], 30)
    first = fill([b[:89] for b in blocks], ["a", "b"], 30)
    assert_same(whole - last, first, rtol=1e-11)
    alone = whole - first
    assert alone.n == 1
    np.testing.assert_allclose(alone.mean, last.mean, rtol=1e-9)
    nothing = whole - whole
    assert nothing.n == 0
    assert not nothing.mean.any()
    for pair in (("a", "b"), ("a", "a"), ("b", "b")):
        assert not nothing.block(*pair).any()


def test_rows_that_come_or_go_change_the_record() -> None:
    """Whatever is kept of it is told so."""
    blocks = make(np.random.default_rng(3), 20, (2, 1))
    found, more = fill(blocks, ["a", "b"], 20), fill(blocks, ["a", "b"], 20)
    seen = {found._changes}
    found.merge(more)
    seen.add(found._changes)
    found.merge(more)
    seen.add(found._changes)
    found.update(*blocks)
    seen.add(found._changes)
    found.subtract(more)
    seen.add(found._changes)
    assert len(seen) == 5, "not even what takes back what came is the same as before"
    before = found._changes
    found.merge(Moments(["a", "b"], [2, 1]))
    found.update(*(b[:0] for b in blocks))
    assert found._changes == before, "nothing came"


def test_blocks_are_read_only() -> None:
    found = fill(make(np.random.default_rng(3), 20, (2, 3)), ["a", "b"], 20)
    for pair in (("a", "b"), ("b", "a"), ("a", "a")):
        with pytest.raises(ValueError, match="read-only"):
            found.block(*pair)[:] = 0
    mean = found.mean_of("a")
    mean[:] = 7
    assert not np.array_equal(found.mean_of("a"), mean), "of the mean there is a copy"


def test_its_name_says_how_large_it_is() -> None:
    found = fill(make(np.random.default_rng(3), 20, (2, 3)), ["a", "b"], 20)
    assert repr(found) == "Moments(names=['a', 'b'], dims=[2, 3], n=20)"


@pytest.mark.parametrize(
    "damage",
    [
        {"n": np.array(3.5)},
        {"n": np.array([3])},
        {"names": np.array([1, 2])},
        {"dims": np.array([4.0, 3.0])},
        {"mean": np.zeros((1, 7))},
        {"mean": np.zeros(7, np.int64)},
        {"mean": np.zeros(6)},
        {"second": np.zeros((7, 6))},
        {"second": np.zeros((7, 7), np.int64)},
        {"dims": np.array([4, 2])},
        {"dims": np.array([7])},
    ],
)
def test_arrays_of_another_kind_are_no_moments(
    tmp_path: Path, damage: dict[str, np.ndarray]
) -> None:
    path = tmp_path / "m.npz"
    fill(make(np.random.default_rng(5), 40, (4, 3)), ["a", "b"], 10).save(path)
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **{**arrays, **damage})
    with pytest.raises(StoreDamagedError, match="Delete it"):
        Moments.load(path)


def test_float32_rows_are_summed_in_float64() -> None:
    x = np.random.default_rng(4).normal(size=(5000, 3)).astype(np.float32)
    moments = fill([x], ["x"], 64)
    np.testing.assert_allclose(
        moments.block("x", "x"), centred_products(x.astype(np.float64)), rtol=1e-12, atol=1e-9
    )


def test_saved_and_loaded_to_the_bit(tmp_path: Path) -> None:
    moments = fill(make(np.random.default_rng(5), 40, (4, 3)), ["a", "b"], 10)
    moments.save(tmp_path / "m.npz")
    again = Moments.load(tmp_path / "m.npz")
    assert again.names == moments.names
    assert again.n == moments.n
    assert np.array_equal(again.block("b", "a"), moments.block("b", "a"))
    (tmp_path / "m.npz").write_bytes((tmp_path / "m.npz").read_bytes()[:200])
    with pytest.raises(StoreDamagedError, match="Delete it"):
        Moments.load(tmp_path / "m.npz")


def test_refusals() -> None:
    moments = Moments(["a", "b"], [2, 3])
    with pytest.raises(FeatureError, match="shapes"):
        moments.update(np.zeros((4, 2)), np.zeros((5, 3)))
    with pytest.raises(FeatureError, match="shapes"):
        moments.update(np.zeros((4, 2)))
    with pytest.raises(FeatureError, match="shapes"):
        moments.update()
    with pytest.raises(FeatureError, match="shapes"):
        moments.update(np.array(1.0), np.array(2.0))
    with pytest.raises(FeatureError, match="of b are NaN"):
        moments.update(np.zeros((4, 2)), np.array([[0, 1, 2], [0, np.nan, 1]] * 2))
    with pytest.raises(FeatureError, match="of b are NaN"):
        moments.update(np.zeros((4, 2)), np.full((4, 3), np.nan))
    assert moments.n == 0, "nothing may be added by a refused update"
    with pytest.raises(FeatureError, match="no network 'c'"):
        moments.block("a", "c")
    with pytest.raises(FeatureError, match="can't be combined"):
        moments.merge(Moments(["a", "c"], [2, 3]))
    with pytest.raises(FeatureError, match="can't be combined"):
        moments.subtract(Moments(["a", "b"], [3, 2]))
    with pytest.raises(FeatureError, match="Subtract only"):
        moments.subtract(fill([np.ones((1, 2)), np.ones((1, 3))], ["a", "b"], 1))
    with pytest.raises(FeatureError, match="distinct"):
        Moments(["a", "a"], [1, 1])
    shape: tuple[list[str], list[int]]
    for shape in ((["a"], [0]), (["a", "b"], [0, 2]), (["a"], [1, 2]), (["a", "b"], [1]), ([], [])):
        with pytest.raises(FeatureError, match="one positive dimension"):
            Moments(*shape)
    with pytest.raises(FeatureError, match="second moments"):
        Moments.of(["a"], [2], n=1, mean=np.zeros(3), lower=np.zeros((2, 2)))
