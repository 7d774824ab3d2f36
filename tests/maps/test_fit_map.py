"""A map between two arrays, and its use on others: against scikit-learn and by construction."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import zarr
from sklearn.linear_model import LinearRegression
from sklearn.linear_model import Ridge as TheirRidge
from worlds import World

import samefeatures as sf
from samefeatures.base.errors import ConfigError, FeatureError, MapError

RNG = np.random.default_rng(5)
X = RNG.normal(size=(300, 6)).astype(np.float32)
TRUE = RNG.normal(size=(4, 6))
Y = (X @ TRUE.T + 2 + 0.3 * RNG.normal(size=(300, 4))).astype(np.float32)


def test_it_is_the_regression_of_scikit_learn() -> None:
    m = sf.fit_map(X, Y, method=sf.OLS())
    theirs = LinearRegression().fit(X.astype(np.float64), Y.astype(np.float64))
    np.testing.assert_allclose(m.weight, theirs.coef_, rtol=1e-9)
    np.testing.assert_allclose(m.bias, theirs.intercept_, rtol=1e-9)
    assert (m.source, m.target, m.source_fingerprint, str(m)) == ("x", "y", "", "ols: x → y")
    strength = 300 * 0.01 * X.astype(np.float64).var(axis=0).mean()
    shrunk = TheirRidge(alpha=strength).fit(X.astype(np.float64), Y.astype(np.float64))
    np.testing.assert_allclose(sf.fit_map(X, Y).weight, shrunk.coef_, rtol=1e-9)


@pytest.mark.parametrize("method", [sf.Cosine(), sf.Adam(iterations=20, batch=32), sf.Naive()])
def test_other_methods_fit_arrays_too(method: sf.Method) -> None:
    m = sf.fit_map(iter([X]), Y, method=method, source="a", target="b")
    assert (m.method, m.source, m.target) == (method.name, "a", "b")
    assert m.weight.shape == (4, 6)


def test_what_can_not_be_fitted() -> None:
    with pytest.raises(MapError, match="'logit' is made of heads, and arrays have none"):
        sf.fit_map(X, Y, method=sf.Logit())
    with pytest.raises(MapError, match="both called 'x'"):
        sf.fit_map(X, Y, target="x")
    for few in (0, 1):
        with pytest.raises(MapError, match=f"at least 2 rows.*hold {few}"):
            sf.fit_map(X[:few], Y[:few])
    with pytest.raises(FeatureError, match="x has 300 rows and y has 299"):
        sf.fit_map(X, Y[1:])


def test_it_is_kept_and_composed(tmp_path: Path) -> None:
    there, back = sf.fit_map(X, Y), sf.fit_map(Y, X, source="y", target="x")
    there.save(tmp_path / "m.safetensors")
    again = sf.AffineMap.load(tmp_path / "m.safetensors")
    assert np.array_equal(again.apply(X), there.apply(X))
    both = there.compose(back)
    np.testing.assert_allclose(both.apply(X), back.apply(there.apply(X)), atol=1e-5)
    with pytest.raises(MapError, match="must start at y"):
        there.compose(there)
    narrow = sf.fit_map(Y[:, :3], X, source="y", target="z")
    with pytest.raises(MapError, match="the first gives 4 features, the second takes 3"):
        there.compose(narrow)


def test_floats_come_out_as_they_went_in() -> None:
    m = sf.fit_map(X, Y)
    exact = X.astype(np.float64) @ m.weight.T + m.bias
    assert m.apply(X).dtype == m.apply(X.astype(np.float16)).dtype == np.float32
    assert np.array_equal(m.apply(X), exact.astype(np.float32))
    assert np.array_equal(m.apply(X.astype(np.float64)), exact)
    for name in ("float16", "float32", "float64"):
        assert np.array_equal(m.apply(X, dtype=name), exact.astype(name))
    assert np.array_equal(m.apply(iter([X[:70], X[70:]])), exact.astype(np.float32))
    assert m.apply(X[:0]).shape == (0, 4)


def test_it_writes_where_it_is_told(tmp_path: Path) -> None:
    m = sf.fit_map(X, Y)
    held = np.lib.format.open_memmap(tmp_path / "y.npy", "w+", np.float32, (300, 4))
    assert m.apply(X, out=held, dtype="float32") is held
    held.flush()
    assert np.array_equal(np.load(tmp_path / "y.npy"), m.apply(X))
    stored = zarr.create_array(tmp_path / "y.zarr", shape=(300, 4), dtype="float64")
    assert m.apply(iter([X]), out=stored) is stored
    assert np.array_equal(stored[:], m.apply(X, dtype="float64"))


def test_places_that_do_not_fit() -> None:
    m, square = sf.fit_map(X, Y), sf.fit_map(X, X)
    sealed = np.empty((300, 4), np.float32)
    sealed.flags.writeable = False
    for given, out, dtype, message in (
        (X, np.empty((299, 4), np.float32), None, r"out has shape \(299, 4\); \(300, 4\) comes"),
        (X, np.empty((300, 5), np.float32), None, r"\(300, 4\) comes out"),
        (iter([X]), np.empty((301, 4), np.float32), None, "300 rows came for the 301 of out"),
        (iter([X]), np.empty((7, 4), np.float32), None, "More rows came than the 7 of out"),
        (X, np.empty((300, 4), np.float32), "float64", "dtype is float64, but out holds float32"),
        (X, np.empty((300, 4), np.int64), None, "can't be int64"),
        (X, None, "int8", "can't be int8"),
        (X, None, "float", None),
        (X, None, "wide", "A dtype is one of"),
        (X, [1.0], None, "out is list"),
        (X, sealed, None, "can't be written"),
    ):
        if message is None:
            assert m.apply(given, dtype=dtype).dtype == np.float64
            continue
        with pytest.raises(MapError, match=message):
            m.apply(given, out=out, dtype=dtype)
    mine = X.copy()
    with pytest.raises(MapError, match="where the features lie"):
        square.apply(mine, out=mine)
    with pytest.raises(MapError, match="which float16 can't hold"):
        m.apply(X * 1e6, dtype="float16")
    with pytest.raises(MapError, match=r"takes features \(n, 6\), but \(n, 4\) came"):
        m.apply(Y)
    with pytest.raises(FeatureError, match="is nan in row 3, feature 1"):
        m.apply(np.where(np.indices(X.shape).prod(0) == 3, np.nan, X)[[0, 2, 5, 3]])


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    rows, wide = 40_000, 256
    features = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (rows, wide))
    out = np.lib.format.open_memmap(tmp_path / "y.npy", "w+", np.float32, (rows, wide))
    features[:] = 1
    m = replace(sf.fit_map(X, Y), weight=np.eye(wide), bias=np.zeros(wide))
    tracemalloc.start()
    m.apply(features, out=out)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.8 * 8 * rows * wide, "less than all rows as the float64 that is computed in"
    assert np.array_equal(out[-1], np.ones(wide))


def test_a_map_of_networks_is_told_whose_features_come(noisy_world: World) -> None:
    (m,) = sf.OLS().fit(noisy_world.problem("a"), ["b"])
    with pytest.raises(MapError, match="Say whose features these are"):
        m.apply(noisy_world.features["a"])
    arrays = sf.fit_map(X, Y, source="a", target="b")
    assert arrays.apply(X, of=noisy_world.networks["a"]).shape == (300, 4)
    with pytest.raises(MapError, match="takes features of a, but b came"):
        arrays.apply(X, of=noisy_world.networks["b"])
    with pytest.raises(MapError, match="gives 4 features, but the head of b takes"):
        arrays.fold(noisy_world.networks["b"])


@pytest.mark.parametrize("given", ["ridge", sf.Ridge, None, [sf.Ridge()], 3])
def test_what_is_no_method(given: Any) -> None:
    with pytest.raises(ConfigError, match=r"method is .*sf.Ridge\(\)"):
        sf.fit_map(np.eye(3), np.eye(3), method=given)


def test_names_are_text() -> None:
    for given in (3, None, b"x", ["x"]):
        name: Any = given
        with pytest.raises(MapError, match=r"source is .* it must be text"):
            sf.fit_map(np.eye(3), np.eye(3), source=name)


def test_out_may_lie_between_the_features_but_not_on_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    m = sf.fit_map(rng.normal(size=(50, 3)), rng.normal(size=(50, 3)))
    both = rng.normal(size=(20, 6))
    expected = m.apply(both[:, :3])
    m.apply(both[:, :3], out=both[:, 3:])
    assert np.array_equal(both[:, 3:], expected)
    features = both[:, :3].copy()
    np.save(tmp_path / "x.npy", features)
    file = np.load(tmp_path / "x.npy", mmap_mode="r+")
    again = np.load(tmp_path / "x.npy", mmap_mode="r")
    tensor = torch.from_numpy(features)
    for x, out in ((features, features), (features[:10], features[5:15]), (again, file)):
        with pytest.raises(MapError, match="out lies where the features lie"):
            m.apply(x, out=out)
    with pytest.raises(MapError, match="out lies where the features lie"):
        m.apply(tensor, out=features)


def test_blocks_without_a_row_give_none() -> None:
    m = sf.fit_map(np.eye(3), np.eye(3))
    assert m.apply(iter([np.zeros((0, 3), np.float32)])).shape == (0, 3)
    none = (iter([np.zeros((0, 3))]) for _ in range(2))
    with pytest.raises(MapError, match="at least 2 rows"):
        sf.fit_map(*none, method=sf.Cosine())


def test_the_pass_over_the_rows_and_the_search_are_shown() -> None:
    seen: list[sf.ProgressStep] = []
    sf.fit_map(X, Y, method=sf.Adam(iterations=7, batch=32), progress=seen.append)
    last = {step.stage: (step.done, step.total) for step in seen}
    assert last["adam from x"] == (7, 7)
    assert (300, 300) in last.values()
