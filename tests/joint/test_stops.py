"""Moments that were stopped go on from the last checkpoint, in chunks of a stated size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from samefeatures.base.progress import Advance, Silent
from samefeatures.features.rows import ArrayRows
from samefeatures.joint import kept
from samefeatures.joint.kept import CHUNK_BYTES, accumulate, chunk_rows, moments_path
from samefeatures.joint.record import Moments
from samefeatures.joint.sums import Accumulator

ROWS = 900


def made() -> list[ArrayRows]:
    rng = np.random.default_rng(0)
    return [
        ArrayRows(name=name, values=rng.normal(size=(ROWS, d)).astype(np.float32), fingerprint=name)
        for name, d in {"a": 3, "b": 2}.items()
    ]


class Told(Silent):
    """Notes titles, totals and every step."""

    def __init__(self) -> None:
        self.tasks: list[tuple[str, int]] = []
        self.steps: list[int] = []

    def task(self, title: str, total: int, **_: object) -> Advance:
        self.tasks.append((title, total))
        return self.steps.append


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
    assert told.tasks == [("moments of the fit set", ROWS)]
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
