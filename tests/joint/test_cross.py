"""Moments between rows and anything else, and rows in another order."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from samefeatures.base.errors import StoreError
from samefeatures.features.rows import ArrayRows
from samefeatures.joint.cross import ROWS, Shuffled, chunks_of, cross_moments, permuted
from watching import Elsewhere

RNG = np.random.default_rng(5)
N = ROWS + 300


@pytest.fixture
def rows() -> ArrayRows:
    values = (RNG.normal(size=(N, 3)) * [1, 9, 1] + 5).astype(np.float32)
    return ArrayRows(name="a", values=values, fingerprint="print-a")


def test_cross_moments_are_those_of_numpy(rows: ArrayRows) -> None:
    x = rows.values.astype(float)
    outputs = [x @ RNG.normal(size=(3, d)) + RNG.normal(size=(N, d)) for d in (2, 4)]
    parts = [ArrayRows(name=n, values=y, fingerprint=n) for n, y in zip("bc", outputs, strict=True)]
    means = [y.mean(0) for y in outputs]
    elsewhere = Elsewhere()
    found = cross_moments(rows.chunks(ROWS), x.mean(0), chunks_of(parts), means, algebra=elsewhere)
    assert elsewhere.products == [(2, 3), (4, 3)] * 2  # a chunk after another
    for matrix, y in zip(found, outputs, strict=True):
        expected = np.cov(y.T, x.T, bias=True)[: y.shape[1], y.shape[1] :] * N
        np.testing.assert_allclose(matrix, expected, rtol=1e-9, atol=1e-6)


def test_cross_moments_are_about_the_means_that_are_given(rows: ArrayRows) -> None:
    x, y = rows.values[:50], rows.values[50:100, :2]
    mean, mean_y = np.array([1.0, -2.0, 3.0]), np.array([4.0, -5.0])
    (found,) = cross_moments([x], mean, [[y]], [mean_y])
    np.testing.assert_allclose(found, (y - mean_y).T @ (x - mean), rtol=1e-12)


def test_parts_that_do_not_end_together_are_refused(rows: ArrayRows) -> None:
    short = ArrayRows(name="b", values=rows.values[:ROWS], fingerprint="b")
    with pytest.raises(ValueError, match="shorter"):
        list(chunks_of([rows, short]))
    with pytest.raises(ValueError, match="shorter"):
        cross_moments(rows.chunks(ROWS), np.zeros(3), chunks_of([short]), [np.zeros(3)])
    with pytest.raises(ValueError, match="longer"):
        cross_moments(rows.chunks(ROWS), np.zeros(3), chunks_of([rows]), [np.zeros(3)] * 2)


def test_permuted_rows_are_the_same_rows_and_leave_nothing(rows: ArrayRows, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "scratch"
    order = np.random.default_rng(3).permutation(N)
    with permuted(rows, folder, seed=3) as mixed:
        assert (mixed.name, mixed.dim, len(mixed)) == ("a", 3, N)
        assert mixed.fingerprint == "print-a permuted 3"
        np.testing.assert_array_equal(np.concatenate(list(mixed.chunks(999)))[order], rows.values)
        (scratch,) = folder.iterdir()
        assert scratch.stat().st_size == 4 * N * 3
    assert list(folder.iterdir()) == []


def test_what_a_killed_process_left_is_cleared(rows: ArrayRows, tmp_path: Path) -> None:
    with permuted(rows, tmp_path, seed=0):
        (scratch,) = tmp_path.iterdir()
        name = scratch.name
    (tmp_path / name).write_bytes(b"left")
    with permuted(rows, tmp_path, seed=0):
        assert not (tmp_path / name).exists() or (tmp_path / name).read_bytes() != b"left"
        assert len(list(tmp_path.iterdir())) == 1


def test_a_span_of_the_other_order_is_that_of_its_chunks(rows: ArrayRows, tmp_path: Path) -> None:
    mixed = Shuffled(name="s", rows=rows, folder=tmp_path, seed=3)
    whole = np.concatenate(list(mixed.chunks(ROWS)))
    np.testing.assert_array_equal(mixed.span(7, 19), whole[7:19])
    assert not np.array_equal(whole, rows.values)


def test_rows_in_another_order_say_what_they_are(rows: ArrayRows, tmp_path: Path) -> None:
    named = ArrayRows(
        name="a",
        values=rows.values,
        fingerprint="print-a",
        ids=[str(k) for k in range(N)],
        labels=np.zeros(N, np.int64),
    )
    mixed = Shuffled(name="s", rows=named, folder=tmp_path, seed=3)
    assert (mixed.name, mixed.dim, len(mixed)) == ("s", 3, N)
    assert (mixed.ids, mixed.labels) == (None, None), "a row is of no image any more"
    assert mixed.fingerprint == "print-a permuted 3"


def test_a_full_disk_is_said_before_a_row_is_read(
    rows: ArrayRows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []

    def full(_file: int, start: int, size: int) -> None:
        asked.append((start, size))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(StoreError, match="The disk is full"), permuted(rows, tmp_path, seed=0):
        pass
    assert asked == [(0, 4 * N * 3)]
    assert list(tmp_path.iterdir()) == []


def test_where_a_system_reserves_nothing_the_file_grows(
    rows: ArrayRows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    order = np.random.default_rng(3).permutation(N)
    with permuted(rows, tmp_path, seed=3) as mixed:
        (scratch,) = tmp_path.iterdir()
        assert scratch.stat().st_size == 4 * N * 3
        np.testing.assert_array_equal(mixed.span(0, N)[order], rows.values)
