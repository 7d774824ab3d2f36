"""Moments that were stopped go on from the last checkpoint, in chunks of a stated size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from samefeatures.base.progress import Silent
from samefeatures.features.rows import ArrayRows
from samefeatures.joint import kept
from samefeatures.joint.kept import CHUNK_BYTES, accumulate, chunk_rows, kept_moments, moments_path
from samefeatures.joint.record import Moments
from samefeatures.joint.sums import Accumulator
from watching import Elsewhere, Still, Told

ROWS = 900


def made() -> list[ArrayRows]:
    rng = np.random.default_rng(0)
    return [
        ArrayRows(name=name, values=rng.normal(size=(ROWS, d)).astype(np.float32), fingerprint=name)
        for name, d in {"a": 3, "b": 2}.items()
    ]


@pytest.mark.parametrize(("dims", "rows"), [(1, 8192), (5352, 6269), (21_408, 1567), (10**9, 256)])
def test_chunks_hold_256_megabytes(dims: int, rows: int) -> None:
    assert chunk_rows(dims) == rows
    if 256 < rows < 8192:
        assert 8 * dims * rows <= CHUNK_BYTES < 8 * dims * (rows + 1)


def test_a_stopped_pass_goes_on_in_a_folder_that_it_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "chunk_rows", lambda _: 256)
    monkeypatch.setattr(kept, "CHECKPOINT_SECONDS", -1.0)
    parts, folder = made(), tmp_path / "deep" / "moments"
    whole = accumulate(parts, tmp_path / "other", kind="fit", progress=Silent())
    update, seen = Accumulator.update, [0]

    def stopped(self: Accumulator, *blocks: np.ndarray) -> None:
        if seen[0] == 512:
            raise KeyboardInterrupt
        seen[0] += len(blocks[0])
        update(self, *blocks)

    with monkeypatch.context() as patch:
        patch.setattr(Accumulator, "update", stopped)
        with pytest.raises(KeyboardInterrupt):
            accumulate(parts, folder, kind="fit", progress=Silent())
    place = moments_path(parts, folder, "fit", "float64")
    assert {path.name for path in folder.iterdir()} == {f"{place.stem}.checkpoint.npz"}
    told = Told()
    found = accumulate(parts, folder, kind="fit", progress=told)
    assert told.totals == {"moments of the fit set": ROWS}
    assert told.steps == [512, 256, ROWS - 768]
    assert [path.name for path in folder.iterdir()] == [place.name]
    np.testing.assert_array_equal(found.lower, whole.lower)
    np.testing.assert_array_equal(found.mean, whole.mean)


def test_sums_begin_where_the_given_moments_end() -> None:
    (a, _) = made()
    begun = Moments(["a"], [3])
    begun.update(a.values[:500])
    sums = Accumulator(begun)
    sums.update(a.values[500:])
    whole = Moments(["a"], [3])
    whole.update(a.values)
    assert sums.n == ROWS
    np.testing.assert_allclose(sums.moments().block("a", "a"), whole.block("a", "a"), rtol=1e-12)
    assert begun.n == 500


def test_rows_one_by_one_go_on_where_they_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one network: the rows after the checkpoint are taken, each once."""
    (a, _) = made()
    monkeypatch.setattr(kept, "chunk_rows", lambda _: 1)
    begun = Moments(["a"], [3])
    begun.update(a.values[:890])
    place = moments_path([a], tmp_path, "fit", "float64")
    begun.save(place.with_suffix(".checkpoint.npz"))
    told = Told()
    found = accumulate([a], tmp_path, kind="fit", progress=told)
    assert told.steps == [890] + [1] * 10
    whole = Moments(["a"], [3])
    whole.update(a.values)
    assert found.n == ROWS
    np.testing.assert_allclose(found.block("a", "a"), whole.block("a", "a"), rtol=1e-12)


def test_what_takes_no_longer_than_the_time_between_checkpoints_writes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    save = Moments.save

    def noted(self: Moments, path: Path) -> None:
        written.append(path.name)
        save(self, path)

    monkeypatch.setattr(Moments, "save", noted)
    monkeypatch.setattr(kept, "chunk_rows", lambda _: 256)
    monkeypatch.setattr(kept, "time", Still)
    monkeypatch.setattr(kept, "CHECKPOINT_SECONDS", 0.0)
    accumulate(made(), tmp_path, kind="fit", progress=Silent())
    assert written == [moments_path(made(), tmp_path, "fit", "float64").name]


def test_products_of_a_pass_are_of_its_precision_and_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Elsewhere()

    def taken() -> Moments:
        return accumulate(
            made(), tmp_path, kind="fit", progress=Silent(), precision="float32", algebra=elsewhere
        )

    found = taken()
    assert found.precision == "float32"
    assert elsewhere.summed == [((3, 2), "float32")]
    assert kept_moments(made(), tmp_path, kind="fit") is None
    monkeypatch.setattr(kept, "joint_chunks", None)  # no row is read again
    np.testing.assert_array_equal(taken().lower, found.lower)
