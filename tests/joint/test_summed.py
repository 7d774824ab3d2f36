"""Records of sums under way: the furthest that is whole is read, the others go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from samefeatures.base.arrays import Int64
from samefeatures.joint.blocks import Blocks
from samefeatures.joint.record import Moments
from samefeatures.joint.summed import Summed, UnderWay, paths_of

FOLD_OF = np.array([2, 0, 0, 2, 1, 3, 3, 0])


def networks(rows: int) -> Moments:
    found = Moments(["a"], [1])
    found.update(np.arange(float(rows))[:, None])
    return found


def blocks(rows: int) -> Blocks:
    return Blocks(n=rows, means={"c": np.full(1, float(rows))}, products={})


def summed(rows: int, fold_of: Int64 | None = FOLD_OF) -> Summed:
    """Of the first rows."""
    counts = [] if fold_of is None else [int((fold_of[:rows] == k).sum()) for k in range(4)]
    return Summed(networks=networks(rows), beside=blocks(rows), folds=tuple(map(blocks, counts)))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("fold_of", [FOLD_OF, None])
def test_they_are_written_one_after_another_into_a_folder_that_is_made(
    tmp_path: Path, fold_of: Int64 | None
) -> None:
    folder = tmp_path / "deep" / "moments"
    files = UnderWay(folder, "folds-fit-x", fold_of)
    ends = ["", ".beside", *(f".{k}" for k in range(0 if fold_of is None else 4))]
    for rows in (1, 2, 6, 8):  # of the first there is one fold, and it is not fold 0
        files.write(rows, summed(rows, fold_of))
        assert names(folder) == {f"folds-fit-x-{rows}.checkpoint{end}.npz" for end in ends}
        found = files.read()
        assert found is not None
        seen, record = found
        assert (seen, record.networks.n, record.beside.n) == (rows, rows, rows)
        assert [part.n for part in record.folds] == [part.n for part in summed(rows, fold_of).folds]
        np.testing.assert_array_equal(record.networks.lower, networks(rows).lower)
        np.testing.assert_array_equal(record.beside.mean_of("c"), [rows])


def test_the_furthest_is_read_whatever_else_is_called_so(tmp_path: Path) -> None:
    files = UnderWay(tmp_path, "folds-fit-x", FOLD_OF)
    files.write(6, summed(6))
    summed(4).save(tmp_path, "folds-fit-x-4.checkpoint")
    (tmp_path / "folds-fit-x-others.checkpoint.npz").write_bytes(b"of somebody else")
    found = files.read()
    assert found is not None
    assert found[0] == 6
    (tmp_path / "folds-fit-x-6.checkpoint.2.npz").unlink()
    found = files.read()
    assert found is not None
    assert found[0] == 4


@pytest.mark.parametrize("wrong", ["networks", "beside", "both", "folds", "swapped"])
def test_a_record_of_other_rows_does_not_count(tmp_path: Path, wrong: str) -> None:
    files, right, folds = UnderWay(tmp_path, "folds-fit-x", FOLD_OF), summed(5), summed(5).folds
    if wrong == "folds":
        folds = (*folds[:3], blocks(1))
    if wrong == "swapped":
        folds = folds[::-1]
    record = Summed(
        networks=networks(4 if wrong in ("networks", "both") else 5),
        beside=blocks(4 if wrong in ("beside", "both") else 5),
        folds=folds,
    )
    files.write(5, record)
    assert files.read() is None
    files.write(5, right)
    assert files.read() is not None


def test_a_record_is_whole_or_none(tmp_path: Path) -> None:
    assert Summed.load(tmp_path, "folds", 4) is None
    summed(8).save(tmp_path, "folds")
    paths = paths_of(tmp_path, "folds", 4)
    assert [path.name for path in paths] == [
        "folds.npz",
        "folds.beside.npz",
        *(f"folds.{k}.npz" for k in range(4)),
    ]
    found = Summed.load(tmp_path, "folds", 4)
    assert found is not None
    assert [part.n for part in found.folds] == [3, 1, 2, 2]
    for path in paths:
        data = path.read_bytes()
        path.unlink()
        assert Summed.load(tmp_path, "folds", 4) is None
        path.write_bytes(data)
