"""Rows chosen by their ids."""

from __future__ import annotations

import numpy as np

from samefeatures.features.rows import ArrayRows
from samefeatures.features.sample import RowSample, StoredSample, ranks_of

RNG = np.random.default_rng(6)
N = 3000
IDS = [f"class{i // 300}/{i}.png" for i in range(N)]
X = np.arange(N, dtype=np.float32)[:, None] + np.zeros(3, np.float32)
Y = np.arange(N, dtype=np.float64)[:, None]


def chosen(ids: list[str] | None, order: np.ndarray, count: int, size: int = 100) -> np.ndarray:
    named = None if ids is None else [ids[i] for i in order]
    sample = RowSample(["x", "y"], count, ids=named)
    for start in range(0, N, size):
        sample.update(X[order[start : start + size]], Y[order[start : start + size]])
    assert sample.n == N
    np.testing.assert_array_equal(sample.rows("x")[:, 0], sample.rows("y")[:, 0])
    assert (sample.rows("x").dtype, sample.rows("y").dtype) == (np.float32, np.float64)
    return sample.rows("y")[:, 0].astype(np.int64)


def test_the_same_images_in_the_same_order_however_they_come() -> None:
    plain = np.arange(N)
    first = chosen(IDS, plain, 1100)
    assert len(set(first.tolist())) == 1100
    np.testing.assert_array_equal(chosen(IDS, RNG.permutation(N), 1100, size=777), first)
    np.testing.assert_array_equal(first, np.argsort(ranks_of(IDS))[:1100])
    np.testing.assert_array_equal(chosen(IDS, plain, 50), first[:50])


def test_a_set_that_lies_sorted_by_class_gives_all_of_them() -> None:
    by_class = np.bincount(chosen(IDS, np.arange(N), 500) // 300, minlength=10)
    assert by_class.min() > 25


def test_of_few_rows_all_are_kept() -> None:
    assert sorted(chosen(IDS, np.arange(N), N + 5)) == list(range(N))


def test_without_ids_places_stand_for_them() -> None:
    np.testing.assert_array_equal(
        chosen(None, np.arange(N), 200), chosen([str(i) for i in range(N)], np.arange(N), 200)
    )


def test_another_seed_gives_others() -> None:
    assert (np.argsort(ranks_of(IDS, seed=1))[:100] != np.argsort(ranks_of(IDS))[:100]).any()


def test_stored_rows_are_read_a_space_at_a_time() -> None:
    parts = {
        "x": ArrayRows(name="x", values=X, fingerprint="x"),
        "y": ArrayRows(name="y", values=Y.astype(np.float32), fingerprint="y", ids=IDS),
    }
    sample = StoredSample(parts, 40)
    expected = chosen(IDS, np.arange(N), 40)
    for name in parts:  # one without ids is of the same images
        np.testing.assert_array_equal(sample.rows(name)[:, 0], expected)
