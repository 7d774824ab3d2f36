"""Unfinished folders: finished whole, and removed only when their process is dead for certain."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds_images import made_images, tiny_network

from samefeatures.features import partial as module
from samefeatures.features.extract import extract
from samefeatures.features.partial import building, remove_orphans

if not module.BOOT_ID.exists():
    pytest.skip("this system has no boot id: nothing is ever removed", allow_module_level=True)

BUILDER = """
import sys, time
from pathlib import Path
from samefeatures.features.partial import building
with building(Path(sys.argv[1])) as partial:
    partial.mkdir()
    (partial / "begun").write_text("x")
    print("begun", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def builder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is in the middle of building."""
    command = [sys.executable, "-c", BUILDER, str(tmp_path / "x.zarr")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        yield process
        process.kill()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_finished_folder_leaves_nothing_beside_it(tmp_path: Path) -> None:
    with building(tmp_path / "x") as partial:
        partial.mkdir()
        assert len(names(tmp_path)) == 2
    assert names(tmp_path) == {"x"}


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    def fails() -> None:
        with building(tmp_path / "x") as partial:
            partial.mkdir()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert names(tmp_path) == set()


def test_the_first_of_two_stays(tmp_path: Path) -> None:
    with building(tmp_path / "x") as partial:
        partial.mkdir()
        (tmp_path / "x").mkdir()
        (tmp_path / "x" / "first").touch()
    assert names(tmp_path) == {"x"}
    assert names(tmp_path / "x") == {"first"}


def test_a_living_process_keeps_its_folder(tmp_path: Path, builder: subprocess.Popen[str]) -> None:
    before = names(tmp_path)
    assert remove_orphans(tmp_path) == []
    assert names(tmp_path) == before
    assert (tmp_path / f"x.zarr.{builder.pid}.partial" / "begun").exists()


def test_a_killed_process_loses_it(tmp_path: Path, builder: subprocess.Popen[str]) -> None:
    builder.send_signal(signal.SIGKILL)
    builder.wait()
    orphan = tmp_path / f"x.zarr.{builder.pid}.partial"
    assert (orphan / "begun").exists()
    assert remove_orphans(tmp_path) == [orphan]
    assert names(tmp_path) == set()


def test_opening_the_store_clears_it(tmp_path: Path, builder: subprocess.Popen[str]) -> None:
    images, _ = made_images(3)
    extract([tiny_network("a")], images, tmp_path)
    assert any(name.endswith(".partial") for name in names(tmp_path))
    builder.send_signal(signal.SIGKILL)
    builder.wait()
    extract([tiny_network("a")], images, tmp_path)
    assert all(name.startswith("a-") for name in names(tmp_path))


@pytest.mark.parametrize("boot", ["another machine's", ""])
def test_what_another_machine_may_hold_stays(
    tmp_path: Path, builder: subprocess.Popen[str], boot: str
) -> None:
    builder.send_signal(signal.SIGKILL)
    builder.wait()
    (lock,) = tmp_path.glob("*.lock")
    lock.write_text(boot)
    assert remove_orphans(tmp_path) == []
    assert len(names(tmp_path)) == 2


def test_without_a_lock_nothing_is_removed(tmp_path: Path) -> None:
    (tmp_path / "x.zarr.1.partial").mkdir()
    assert remove_orphans(tmp_path) == []
    assert names(tmp_path) == {"x.zarr.1.partial"}


def test_systems_without_locks_or_boot_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BOOT_ID", tmp_path / "none")
    with building(tmp_path / "x") as partial:
        partial.mkdir()
        assert names(tmp_path) == {partial.name}
        assert remove_orphans(tmp_path) == []
    assert names(tmp_path) == {"x"}


def test_a_file_system_that_refuses_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no locks available")

    monkeypatch.setattr(module.fcntl, "flock", refuse)
    with building(tmp_path / "x") as partial:
        partial.mkdir()
        assert names(tmp_path) == {partial.name}
    assert names(tmp_path) == {"x"}
