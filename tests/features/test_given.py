"""Rows as people have them: every kind gives the same floats, and what is none is named."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
import zarr
from scipy.sparse import csr_array

from samefeatures.base.errors import ConfigError, FeatureError
from samefeatures.features.given import given_rows
from samefeatures.features.given_spaces import given_spaces, side_by_side
from samefeatures.features.rows import ArrayRows

X = np.random.default_rng(3).normal(size=(50, 4)).astype(np.float32)
EXACT: dict[str, Callable[[Path], Any]] = {
    "memory": lambda _: X,
    "backwards": lambda _: X[:, ::-1].copy()[:, ::-1],
    "columns first": lambda _: np.asfortranarray(X),
    "the other endian": lambda _: X.astype(">f4"),
    "doubles": lambda _: X.astype(np.float64),
    "file in memory": lambda path: np.load(saved(path), mmap_mode="r"),
    "zarr": lambda path: zarr.save_array(path / "x.zarr", X) or zarr.open(path / "x.zarr"),
    "tensor": lambda _: torch.from_numpy(X),
    "tensor with gradients": lambda _: torch.from_numpy(X.copy()).requires_grad_(),
    "pandas": lambda _: pd.DataFrame(X),
    "nullable pandas": lambda _: pd.DataFrame(X).astype("Float32"),
    "polars": lambda _: pl.DataFrame(X),
    "list of rows": lambda _: list(X),
    "numbers": lambda _: X.tolist(),
    "list of blocks": lambda _: [X[:7], X[7:]],
    "iterator": lambda _: (X[at : at + 9] for at in range(0, 50, 9)),
    "blocks of tensors": lambda _: (torch.from_numpy(X[at : at + 9]) for at in range(0, 50, 9)),
    "loader": lambda _: torch.utils.data.DataLoader(torch.from_numpy(X), batch_size=8),
    "features": lambda _: ArrayRows(name="n", values=X, fingerprint=""),
    "only __array__": lambda _: OnlyArray(),
}


def saved(path: Path) -> Path:
    np.save(path / "x.npy", X)
    return path / "x.npy"


class OnlyArray:
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return X


@pytest.mark.parametrize("kind", EXACT)
def test_every_kind_gives_the_same_rows(kind: str, tmp_path: Path) -> None:
    rows = given_rows(EXACT[kind](tmp_path), "x")
    blocks = list(rows.chunks(8))
    assert [len(block) for block in blocks] == [8] * 6 + [2]
    assert np.array_equal(np.concatenate(blocks), X)
    wide = kind in ("doubles", "numbers")
    assert rows.dtype == blocks[0].dtype == (np.float64 if wide else np.float32)
    assert rows.length in (50, None)
    assert rows.dim == 4


def test_halves_are_widened_exactly() -> None:
    half = X.astype(np.float16)
    assert np.array_equal(next(given_rows(half, "x").chunks(50)), half.astype(np.float32))
    brain = torch.from_numpy(X).bfloat16()
    found = next(given_rows(brain, "x").chunks(50))
    assert np.array_equal(found, brain.float().numpy())
    assert found.dtype == np.float32


def test_no_more_is_read_than_asked_for() -> None:
    class Far:
        shape, dtype, asked = (1000, 4), np.dtype(np.float32), 0

        def __getitem__(self, part: slice) -> np.ndarray:
            stop = min(part.stop, 1000)
            self.asked = max(self.asked, stop - part.start)
            return np.zeros((stop - part.start, 4), np.float32)

    far = Far()
    assert sum(len(block) for block in given_rows(far, "x").chunks(64)) == 1000
    assert far.asked == 64


def broken(at: tuple[int, int], value: float) -> np.ndarray:
    out = X.copy()
    out[at] = value
    return out


NONE: dict[str, tuple[Any, str]] = {
    "NaN": (broken((17, 3), np.nan), "x is nan in row 17, feature 3"),
    "infinite": (broken((0, 1), -np.inf), "x is -inf in row 0, feature 1"),
    "one axis": (X[:, 0], r"shape \(50,\).*reshape\(-1, 1\)"),
    "three axes": (X[None], r"shape \(1, 50, 4\).*x.reshape\(n, -1\)"),
    "a number": (np.float32(3), r"shape \(\)"),
    "no features": (X[:, :0], "no features"),
    "whole numbers": (X.astype(int), "holds int64"),
    "bool": (X > 0, "holds bool"),
    "objects": (X.astype(object), "holds object"),
    "complex": (X.astype(complex), "holds complex128"),
    "text": (X.astype(str), "holds str"),
    "more than doubles": (X.astype(np.longdouble), "holds float128"),
    "tensor of whole numbers": (torch.ones(3, 2, dtype=torch.int64), "holds int64"),
    "sparse": (csr_array(X), r"sparse matrix.*toarray"),
    "sparse tensor": (torch.from_numpy(X).to_sparse(), r"sparse tensor.*to_dense"),
    "tensor without data": (torch.empty(3, 2, device="meta"), "can't be read as an array"),
    "masked": (np.ma.masked_greater(X, 0), "masked values"),
    "frame with a name": (pd.DataFrame({"a": [1.0], "b": ["x"]}), "column 'b' of x holds"),
    "frame with a number": (pl.DataFrame({"a": [1.0], "id": [1]}), "column 'id' of x holds int64"),
    "a class": (np.float32, "is the class float32"),
    "path": ("x.npy", r"is a path.*mmap_mode"),
    "other path": (Path("x.npy"), "is a path"),
    "several": ({"a": X}, "holds several things"),
    "nothing": (None, "NoneType, which is no array"),
    "one number": (5, "int, which is no array"),
    "empty list": ([], r"shape \(0,\)"),
    "ragged": ([[1.0], [2.0, 3.0]], "inhomogeneous"),
    "blocks of other widths": ([X[:9], X[9:, :3]], "Block 2 of x has 3 features"),
    "blocks of other floats": (
        [X[:9], X[9:].astype(float)],
        "Block 2 of x has 4 features of float",
    ),
    "no blocks": ([X[:9], [1.0]], "A block of x is list"),
    "batches of pairs": (iter([(X, X)]), "A block of x is tuple"),
    "read iterator": (iter([]), "no block of rows"),
}


@pytest.mark.parametrize("kind", NONE)
def test_what_is_no_rows_is_said(kind: str) -> None:
    given, message = NONE[kind]
    with pytest.raises(FeatureError, match=message) as caught:
        for _ in given_rows(given, "x").chunks(8):
            pass
    assert "\n" not in str(caught.value)


def test_huge_values_are_not_taken_for_infinite() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(FeatureError, match=r"x reaches 1.7e\+308.* up to 1e\+70 each"):
            next(given_rows(np.full((3, 2), 1.7e308), "x").chunks(5))
        with pytest.raises(FeatureError, match=r"x reaches 1e\+71"):
            next(given_rows(np.full((3, 2), -1e71), "x").chunks(5))
        for held in (np.full((3, 2), -1e70), np.full((3, 2), 3e38, np.float32)):
            assert np.array_equal(next(given_rows(held, "x").chunks(5)), held)


def test_the_row_counts_from_the_first_block() -> None:
    with pytest.raises(FeatureError, match="row 41, feature 2"):
        list(given_rows(iter([X[:30], broken((41, 2), np.nan)[30:]]), "x").chunks(8))


def test_rows_that_can_not_be_the_same_samples() -> None:
    with pytest.raises(FeatureError, match="x has 50 rows and y has 49"):
        given_spaces({"x": X, "y": X[1:]})
    for x, y, message in (
        ([X[:9]], X, "x ends after 9 rows and y has more"),
        (X, [X, X], "x ends after 50 rows and y has more"),
        (iter([X]), iter([X[:20]]), "y ends after 20 rows and x has more"),
    ):
        with pytest.raises(FeatureError, match=message):
            list(side_by_side(list(given_spaces({"x": x, "y": y}).values())))
    frame = pd.DataFrame(X, index=[f"r{i}" for i in range(50)])
    with pytest.raises(FeatureError, match="Row 0 is 'r0' in x and 'r49' in y"):
        given_spaces({"x": frame, "y": frame.iloc[::-1]})
    assert given_spaces({"x": frame, "y": X})["x"].ids == list(frame.index)


def test_one_iterator_for_two_spaces_is_refused() -> None:
    once = iter([X])
    with pytest.raises(FeatureError, match="x and y are one iterator"):
        given_spaces({"x": once, "y": once})
    assert set(given_spaces({"x": X, "y": X})) == {"x", "y"}


def test_blocks_of_any_lengths_meet() -> None:
    spaces = given_spaces({"x": iter([X[:9], X[9:]]), "y": X, "z": [X[:30], X[30:]]})
    blocks = list(side_by_side(list(spaces.values())))
    assert all(np.array_equal(a, b) and np.array_equal(a, c) for a, b, c in blocks)
    assert sum(len(a) for a, _, _ in blocks) == 50


def test_frames_that_call_their_rows_otherwise() -> None:
    counted = pd.DataFrame(X)
    names = [f"r{i}" for i in range(50)]
    for x, y in (
        (counted, counted.set_axis(range(50))),
        (counted, counted.set_axis(list(range(50)))),
        (counted, counted.set_axis(names)),  # one only counts
        (counted.iloc[::2], counted.iloc[::2]),
        (counted, pl.DataFrame(X)),
        (counted.iloc[::-1], X),
    ):
        given_spaces({"x": x, "y": y})
    for other in (
        counted.iloc[::-1],
        counted.set_axis(range(1, 51)),
        counted.set_axis(range(0, 100, 2)),
        counted.sample(frac=1, random_state=0),
        counted.set_axis([*range(49), 60]),
    ):
        for x, y in ((counted, other), (other, counted)):
            with pytest.raises(FeatureError, match=r"different samples.*x\.to_numpy\(\)"):
                given_spaces({"x": x, "y": y})
    with pytest.raises(FeatureError, match="different samples"):
        given_spaces({"x": counted.iloc[::-1], "y": counted.set_axis(names)})


@pytest.mark.parametrize("name", [3, None, "", ("a",)])
def test_what_is_no_name_of_a_space(name: Any) -> None:
    with pytest.raises(ConfigError, match="is no name of a space"):
        given_spaces({name: X, "y": X})
