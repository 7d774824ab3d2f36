"""Moments of folds: those of their rows, their sum that of all rows; kept, and gone on from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from samefeatures.algebra import Precision
from samefeatures.base.arrays import Float32
from samefeatures.base.digests import digest
from samefeatures.base.errors import FeatureError
from samefeatures.base.progress import Silent
from samefeatures.features.folds import parts_of
from samefeatures.features.rows import ArrayRows
from samefeatures.joint import by_fold, kept
from samefeatures.joint.by_fold import FoldSums, _Files, moments_by_fold, whole_of
from samefeatures.joint.kept import keep_moments, kept_moments, moments_key
from samefeatures.joint.record import Moments
from watching import Elsewhere, Still, Told

RNG = np.random.default_rng(0)
VALUES = {
    name: RNG.normal(9, 2, size=(103, d)).astype(np.float32) for name, d in (("a", 4), ("b", 3))
}
PARTS = [ArrayRows(name=name, values=x, fingerprint=name) for name, x in VALUES.items()]
FOLD_OF = parts_of(103, 5, seed=0)


def moments_of(rows: np.ndarray) -> Moments:
    found = Moments(["a", "b"], [4, 3])
    found.update(*(x[rows] for x in VALUES.values()))
    return found


def assert_same(one: Moments, other: Moments) -> None:
    assert one.n == other.n
    np.testing.assert_allclose(one.mean, other.mean, rtol=1e-12)
    for a in "ab":
        for b in "ab":
            np.testing.assert_allclose(one.block(a, b), other.block(a, b), rtol=1e-9, atol=1e-9)


def assert_by_hand(found: tuple[Moments, ...]) -> None:
    assert len(found) == 5
    for k, fold in enumerate(found):
        assert_same(fold, moments_of(np.equal(FOLD_OF, k)))


def take(folder: Path, fold_of: np.ndarray = FOLD_OF) -> tuple[Moments, ...]:
    return moments_by_fold(PARTS, fold_of, folder, kind="fit", progress=Silent())


@pytest.mark.parametrize("chunk", [1, 7, 103])
def test_they_are_those_of_the_rows_of_each_fold(chunk: int) -> None:
    sums = FoldSums(["a", "b"], [4, 3], FOLD_OF)
    for start in range(0, 103, chunk):
        sums.update(*(x[start : start + chunk] for x in VALUES.values()))
    assert_by_hand(sums.moments())
    assert_same(whole_of(sums.moments()), moments_of(np.ones(103, bool)))
    assert_by_hand(sums.moments())  # the sum took nothing from them


def test_rows_that_are_no_numbers_are_refused() -> None:
    sums = FoldSums(["a"], [2], np.array([0, 1, 1]))
    with pytest.raises(FeatureError, match="a are NaN or infinite"):
        sums.update(np.array([[1, 2], [3, np.nan], [4, 5]]))


def test_moments_of_all_rows_are_kept_and_those_of_folds_are_not(tmp_path: Path) -> None:
    assert_by_hand(take(tmp_path))
    assert_same(kept_moments(PARTS, tmp_path, kind="fit"), moments_of(np.ones(103, bool)))  # type: ignore[arg-type]
    assert [path.name.split("-")[0] for path in tmp_path.iterdir()] == ["fit"]
    before = [path.stat().st_mtime_ns for path in tmp_path.iterdir()]
    assert_by_hand(take(tmp_path))
    assert [path.stat().st_mtime_ns for path in tmp_path.iterdir()] == before


def test_folds_that_took_long_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_fold, "WORTH_KEEPING", -1.0)
    take(tmp_path)
    files = {path.name for path in tmp_path.glob("by-fold-fit-*-103.*.npz")}
    assert len(files) == 5
    monkeypatch.setattr(by_fold, "joint_chunks", None)  # no row is read again
    assert_by_hand(take(tmp_path))
    keep_moments(moments_of(FOLD_OF < 3), PARTS[:1], tmp_path, kind="fit")
    assert {path.name for path in tmp_path.glob("by-fold-*")} == files
    monkeypatch.undo()
    monkeypatch.setattr(by_fold, "WORTH_KEEPING", -1.0)
    take(tmp_path, parts_of(103, 2, seed=0))
    assert len(list(tmp_path.glob("by-fold-*"))) == 2, "those of other folds go"


class Stopping(ArrayRows):
    """Rows that break off."""

    def chunks(self, rows: int) -> Iterator[Float32]:
        for start in range(0, 60, 20):
            yield self.values[start : start + min(rows, 20)]
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("damage", "chunk"), [(None, 20), (None, 1), ("gone", 20), ("cut", 20), ("of other rows", 20)]
)
def test_a_stopped_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str | None, chunk: int
) -> None:
    monkeypatch.setattr(kept, "CHECKPOINT_SECONDS", -1.0)
    stopped = [Stopping(name=p.name, values=p.values, fingerprint=p.fingerprint) for p in PARTS]
    with pytest.raises(KeyboardInterrupt):
        moments_by_fold(stopped, FOLD_OF, tmp_path, kind="fit", progress=Silent())
    files = sorted(tmp_path.glob("by-fold-fit-*-60.*.npz"))
    assert len(files) == len(list(tmp_path.iterdir())) == 5
    if damage == "gone":
        files[2].unlink()
    elif damage == "cut":
        files[2].write_bytes(files[2].read_bytes()[:-40])
    elif damage:
        files[2].write_bytes(files[3].read_bytes())
    monkeypatch.setattr(kept, "CHECKPOINT_SECONDS", 120.0)
    taken = []
    plain = FoldSums.update

    def noted(self: FoldSums, *blocks: np.ndarray) -> None:
        taken.append(len(blocks[0]))
        plain(self, *blocks)

    monkeypatch.setattr(FoldSums, "update", noted)
    monkeypatch.setattr(by_fold, "chunk_rows", lambda _: chunk)
    told = Told()
    assert_by_hand(moments_by_fold(PARTS, FOLD_OF, tmp_path, kind="fit", progress=told))
    assert sum(taken) == (103 if damage else 43)
    assert told.totals == {"moments of the fit set by fold": 103}
    assert told.steps == [0 if damage else 60, *taken]
    if not damage:  # what took more than one run took long
        names = {path.name.split("-")[-1] for path in tmp_path.glob("by-fold-*")}
        assert names == {f"103.{k}.npz" for k in range(5)}


def test_one_network_has_folds_too(tmp_path: Path) -> None:
    told = Told()
    found = moments_by_fold(PARTS[:1], FOLD_OF, tmp_path, kind="eval", progress=told)
    assert told.totals == {"moments of the eval set by fold": 103}
    assert told.steps == [0, 103]
    for k, fold in enumerate(found):
        rows = np.equal(FOLD_OF, k)
        assert fold.n == rows.sum()
        np.testing.assert_allclose(fold.mean, VALUES["a"][rows].mean(axis=0, dtype=np.float64))
    whole = kept_moments(PARTS[:1], tmp_path, kind="eval")
    assert whole is not None
    assert whole.n == 103


def test_what_took_no_longer_than_is_worth_a_file_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_fold, "time", Still)
    monkeypatch.setattr(by_fold, "WORTH_KEEPING", 0.0)
    monkeypatch.setattr(kept, "CHECKPOINT_SECONDS", 0.0)
    written: list[object] = []
    monkeypatch.setattr(_Files, "write", lambda *_: written.append(_))
    assert_by_hand(take(tmp_path))
    assert written == []


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_products_are_of_their_precision_and_place_and_so_are_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: Precision
) -> None:
    monkeypatch.setattr(by_fold, "WORTH_KEEPING", -1.0)
    elsewhere, folder = Elsewhere(), tmp_path / "deep" / "moments"

    def taken() -> tuple[Moments, ...]:
        return moments_by_fold(
            PARTS,
            FOLD_OF,
            folder,
            kind="fit",
            progress=Silent(),
            precision=precision,
            algebra=elsewhere,
        )

    assert {fold.precision for fold in taken()} == {precision}
    assert elsewhere.summed == [((4, 3), precision)] * 5
    for other in ("float64", "float32"):
        assert (kept_moments(PARTS, folder, kind="fit", precision=other) is None) == (
            other != precision
        )
    key = digest("by fold 1", moments_key(PARTS, precision), FOLD_OF.tobytes())[:16]
    names = {path.name for path in folder.iterdir() if path.name.startswith("by-fold")}
    assert names == {f"by-fold-fit-{key}-103.{k}.npz" for k in range(5)}
    monkeypatch.setattr(by_fold, "joint_chunks", None)  # no row is read again
    assert {fold.precision for fold in taken()} == {precision}


TURNED = 4 - FOLD_OF


def folds_of(rows: int) -> list[Moments]:
    """Of the first rows of PARTS."""
    return [moments_of(np.equal(TURNED, k) & (np.arange(103) < rows)) for k in range(5)]


def test_the_furthest_record_that_is_whole_is_read(tmp_path: Path) -> None:
    files = _Files(tmp_path / "deep" / "moments", "by-fold-fit", "key", TURNED)
    assert files.read() is None
    few = int(np.argmax(np.equal(TURNED, 4)))  # of the last fold there is no row yet
    assert few > 0
    for rows in (few, 40):
        files.write(folds_of(rows))
        assert len(list(files.folder.iterdir())) == 5, "the others go"
    for fold, path in zip(folds_of(few), files._paths(few), strict=True):
        fold.save(path)
    (files.folder / "by-fold-fit-key-other.0.npz").write_bytes(b"of somebody else")
    found = files.read()
    assert found is not None
    assert sum(fold.n for fold in found) == 40
    for path in files._paths(40):
        path.unlink()
    found = files.read()
    assert found is not None
    assert [fold.n for fold in found] == [fold.n for fold in folds_of(few)]


def test_a_record_has_all_folds(tmp_path: Path) -> None:
    files = _Files(tmp_path, "by-fold-fit", "key", TURNED)
    with pytest.raises(ValueError, match="longer"):
        files.write(folds_of(40)[:4])
