"""Unfinished files and folders: put in place whole, removed only when nobody builds them."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from samefeatures.base import partial as module
from samefeatures.base.files import write_whole
from samefeatures.base.partial import (
    beside,
    building,
    clear_leftovers,
    clear_tree,
    file_beside,
    whole_file,
)

if not module.BOOT_ID.exists():
    pytest.skip("this system has no boot id: nothing is ever removed", allow_module_level=True)

BUILDER = """
import sys, threading
from pathlib import Path
from samefeatures.base.partial import building, whole_file
place = Path(sys.argv[2])
if sys.argv[1] == "folder":
    with building(place) as partial:
        partial.mkdir()
        (partial / "begun").write_text("x")
        print("begun", flush=True)
        threading.Event().wait()
with whole_file(place) as file:
    file.write(b"begun")
    file.flush()
    print("begun", flush=True)
    threading.Event().wait()
"""
BOTH = pytest.mark.parametrize("builder", ["folder", "file"], indirect=True)


@pytest.fixture
def builder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is in the middle of building."""
    command = [sys.executable, "-c", BUILDER, request.param, str(tmp_path / "x.zarr")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        yield process
        process.kill()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def fill_folder(partial: Path) -> None:
    partial.mkdir()


def fill_file(file: Any) -> None:
    file.write(b"x")


MAKERS = pytest.mark.parametrize(
    ("make", "fill"), [(building, fill_folder), (whole_file, fill_file)], ids=["folder", "file"]
)
Make = Callable[[Path], AbstractContextManager[Any]]


@pytest.mark.parametrize("cause", ["process", "system"])
def test_equal_process_ids_on_one_disk_get_other_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cause: str
) -> None:
    """Two containers, on one machine or on two."""
    first = beside(tmp_path / "x")
    if cause == "system":
        monkeypatch.setattr(module.secrets, "token_hex", lambda _: "0" * 8)
        first = beside(tmp_path / "x")
        monkeypatch.setattr(module, "BOOT_ID", tmp_path / "none")
        monkeypatch.setattr(socket, "gethostname", lambda: "another")
    second = beside(tmp_path / "x")
    assert first != second
    for path in (first, second):
        assert re.fullmatch(rf"x\.[0-9a-f]{{8}}-{os.getpid()}-[0-9a-f]{{8}}\.partial", path.name)
        assert path.parent == tmp_path


@pytest.mark.parametrize("letter", ["x", "ü"])
def test_the_longest_of_names_can_be_written(tmp_path: Path, letter: str) -> None:
    place = tmp_path / (letter * (255 // len(letter.encode())))
    write_whole(place, b"whole")
    assert place.read_bytes() == b"whole"
    assert names(tmp_path) == {place.name}


@MAKERS
def test_it_appears_when_it_is_whole(tmp_path: Path, make: Make, fill: Any) -> None:
    with make(tmp_path / "x") as partial:
        fill(partial)
        assert names(tmp_path)
        assert not (tmp_path / "x").exists()
    assert names(tmp_path) == {"x"}


@MAKERS
def test_an_error_leaves_nothing(tmp_path: Path, make: Make, fill: Any) -> None:
    def fails() -> None:
        with make(tmp_path / "x") as partial:
            fill(partial)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert names(tmp_path) == set()


def test_a_file_that_is_there_is_replaced_and_survives_an_error(tmp_path: Path) -> None:
    place = tmp_path / "x"
    write_whole(place, b"first")

    def fails() -> None:
        with whole_file(place) as file:
            file.write(b"second")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert place.read_bytes() == b"first"
    write_whole(place, b"second")
    assert place.read_bytes() == b"second"


def test_a_scratch_file_never_stays(tmp_path: Path) -> None:
    with file_beside(tmp_path / "x") as file:
        file.write(b"much")
        assert names(tmp_path) == {Path(file.name).name}
    assert names(tmp_path) == set()


def test_the_first_of_two_folders_stays(tmp_path: Path) -> None:
    with building(tmp_path / "x") as partial:
        partial.mkdir()
        (tmp_path / "x").mkdir()
        (tmp_path / "x" / "first").touch()
    assert names(tmp_path) == {"x"}
    assert names(tmp_path / "x") == {"first"}


@BOTH
def test_a_living_process_keeps_what_it_builds(
    tmp_path: Path, builder: subprocess.Popen[str]
) -> None:
    before = names(tmp_path)
    assert any(f"-{builder.pid}-" in name for name in before)
    assert clear_leftovers(tmp_path) == []
    assert names(tmp_path) == before


@BOTH
def test_a_killed_process_loses_it(tmp_path: Path, builder: subprocess.Popen[str]) -> None:
    kill(builder)
    (orphan,) = tmp_path.glob("x.zarr.*.partial")
    assert clear_leftovers(tmp_path) == [orphan]
    assert names(tmp_path) == set()


@BOTH
def test_what_another_machine_may_hold_stays(
    tmp_path: Path, builder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kill(builder)
    before = names(tmp_path)
    other = tmp_path / "boot_id"
    other.write_text("another machine's")
    monkeypatch.setattr(module, "BOOT_ID", other)
    assert clear_leftovers(tmp_path) == []
    assert names(tmp_path) == {*before, "boot_id"}


def test_what_is_no_name_of_ours_stays(tmp_path: Path) -> None:
    (tmp_path / "x.zarr.1.partial").mkdir()
    (tmp_path / "weights.partial").touch()
    assert clear_leftovers(tmp_path) == []
    assert names(tmp_path) == {"x.zarr.1.partial", "weights.partial"}


def test_found_before_it_was_locked_it_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may look between the making of a file and its lock."""
    flock, seen = fcntl.flock, []

    def late(file: Any, how: int) -> None:
        if how == fcntl.LOCK_EX and not seen:
            seen.append(clear_leftovers(tmp_path))
        flock(file, how)

    monkeypatch.setattr(module.fcntl, "flock", late)
    write_whole(tmp_path / "x", b"whole")
    assert [len(found) for found in seen] == [1]
    assert (tmp_path / "x").read_bytes() == b"whole"
    assert names(tmp_path) == {"x"}


@MAKERS
def test_without_a_boot_id_nothing_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Make, fill: Any
) -> None:
    monkeypatch.setattr(module, "BOOT_ID", tmp_path / "none")
    with make(tmp_path / "x") as partial:
        fill(partial)
        assert clear_leftovers(tmp_path) == []
    assert names(tmp_path) == {"x"}


@MAKERS
def test_a_file_system_that_refuses_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Make, fill: Any
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no locks available")

    monkeypatch.setattr(module.fcntl, "flock", refuse)
    with make(tmp_path / "x") as partial:
        fill(partial)
        assert clear_leftovers(tmp_path) == []
    assert names(tmp_path) == {"x"}


def test_a_folder_whose_lock_does_not_say_that_it_is_ours_stays(tmp_path: Path) -> None:
    lock = beside(tmp_path / "x", "partial.lock")
    lock.touch()
    lock.with_suffix("").mkdir()
    clear_leftovers(tmp_path)
    assert lock.with_suffix("").exists()


@pytest.mark.parametrize("below", ["", "moments", "scores/ols/a", "overlap/ols/a--b"])
def test_what_the_dead_left_anywhere_in_a_study_is_cleared(tmp_path: Path, below: str) -> None:
    folder = tmp_path / below
    folder.mkdir(parents=True, exist_ok=True)
    code = "import os, sys; from pathlib import Path\n"
    code += "from samefeatures.base.partial import file_beside\n"
    code += "with file_beside(Path(sys.argv[1])) as file:\n    os._exit(9)"
    subprocess.run([sys.executable, "-c", code, str(folder / "permuted.npy")], check=False)
    (left,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    (tmp_path / "keep.partial").touch()
    assert clear_tree(tmp_path) == [left]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["keep.partial"]


def test_two_processes_are_not_in_one_block(tmp_path: Path) -> None:
    code = """
import sys, time
from pathlib import Path
from samefeatures.base.partial import alone
folder = Path(sys.argv[1])
with alone(folder):
    before = (folder / "log").read_text() if (folder / "log").exists() else ""
    time.sleep(0.3)
    (folder / "log").write_text(before + "x")
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    many = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait() for process in many] == [0, 0, 0]
    assert (tmp_path / "log").read_text() == "xxx"
