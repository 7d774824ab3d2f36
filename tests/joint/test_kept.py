"""Moments on disk: old ones are cleared away, never what another process is writing."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

from samefeatures.base.digests import digest
from samefeatures.base.progress import Silent
from samefeatures.features.rows import ArrayRows
from samefeatures.joint import kept, record
from samefeatures.joint.kept import (
    accumulate,
    keep_moments,
    kept_moments,
    moments_key,
    moments_path,
)
from samefeatures.joint.record import Moments


def parts(seed: int) -> list[ArrayRows]:
    values = np.random.default_rng(seed).normal(size=(40, 3)).astype(np.float32)
    return [ArrayRows(name="a", values=values, fingerprint=str(seed))]


def moments(seed: int) -> Moments:
    found = Moments(["a"], [3])
    found.update(parts(seed)[0].values)
    return found


@contextmanager
def held_in_the_middle(
    monkeypatch: pytest.MonkeyPatch, save: Callable[[], None]
) -> Iterator[threading.Thread]:
    """``save`` in a thread, which has begun to write and goes on when the block ends."""
    begun, go_on = threading.Event(), threading.Event()
    savez = np.savez

    def slow(file: IO[bytes], *args: Any, **arrays: Any) -> None:
        file.write(b"begun")
        file.flush()
        begun.set()
        assert go_on.wait(60)
        file.seek(0)
        savez(file, *args, **arrays)

    monkeypatch.setattr(record.np, "savez", slow)
    problems: list[BaseException] = []

    def run() -> None:
        try:
            save()
        except BaseException as error:
            problems.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert begun.wait(60)
    monkeypatch.setattr(record.np, "savez", savez)
    try:
        yield thread
    finally:
        go_on.set()
        thread.join()
    assert not problems


def test_clearing_up_leaves_what_another_is_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other() -> None:
        keep_moments(moments(1), parts(1), tmp_path, kind="fit")

    with held_in_the_middle(monkeypatch, other):
        keep_moments(moments(2), parts(2), tmp_path, kind="fit")
    assert np.array_equal(kept_moments(parts(1), tmp_path, kind="fit").mean, moments(1).mean)


def test_old_moments_and_checkpoints_go(tmp_path: Path) -> None:
    keep_moments(moments(1), parts(1), tmp_path, kind="fit")
    keep_moments(moments(1), parts(1), tmp_path, kind="eval")
    moments(2).save(
        moments_path(parts(2), tmp_path, "fit", "float64").with_suffix(".checkpoint.npz")
    )
    keep_moments(moments(2), parts(2), tmp_path, kind="fit")
    assert {path.name.partition("-")[0] for path in tmp_path.iterdir()} == {"fit", "eval"}
    assert len(list(tmp_path.iterdir())) == 2
    assert kept_moments(parts(1), tmp_path, kind="fit") is None


def test_what_a_killed_process_left_goes(tmp_path: Path) -> None:
    code = f"""
import os, sys
import numpy as np
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from test_kept import moments
np.savez = lambda file, **arrays: os._exit(9)
moments(1).save(Path(sys.argv[1]) / "fit-0.npz")
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert done.returncode == 9
    assert [path.suffix for path in tmp_path.iterdir()] == [".partial"]
    keep_moments(moments(2), parts(2), tmp_path, kind="fit")
    assert len(list(tmp_path.iterdir())) == 1


def test_moments_that_another_removes_meanwhile_are_taken_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its study has other features, and the folder is the same."""
    keep_moments(moments(1), parts(1), tmp_path, kind="fit")
    load = Moments.load

    def gone(path: Path) -> Moments:
        path.unlink(missing_ok=True)
        return load(path)

    monkeypatch.setattr(kept.Moments, "load", gone)
    found = accumulate(parts(1), tmp_path, kind="fit", progress=Silent())
    assert np.array_equal(found.mean, moments(1).mean)


def test_the_key_of_earlier_studies_stays() -> None:
    """Moments of float64 products are found under the name that they always had."""
    plain = moments_key(parts(1))
    assert plain == digest("a 3 1")
    assert moments_key(parts(1), "float32") == digest("a 3 1", "products float32") != plain
    path = moments_path(parts(1), Path("moments"), "fit", "float64")
    assert path == Path("moments", f"fit-{plain[:16]}.npz")


def test_a_folder_is_made_for_them(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "moments"
    keep_moments(moments(1), parts(1), folder, kind="fit")
    assert kept_moments(parts(1), folder, kind="fit") is not None
