"""Memory that native code is given while it opens a file."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from samefeatures.networks import bounds
from samefeatures.networks.bounds import memory_bound

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits hold on Linux")


def limit() -> tuple[int, int]:
    import resource

    return resource.getrlimit(resource.RLIMIT_AS)


def test_what_is_not_free_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "_free_memory", lambda: 2**28)
    before, asked = limit(), 2**31
    with memory_bound("cpu"), pytest.raises(MemoryError):
        np.empty(asked, np.uint8)
    assert limit() == before
    with memory_bound("cpu", mapped=2**32):
        assert np.empty(asked, np.uint8).nbytes == asked


def test_a_gpu_has_no_limit() -> None:
    before = limit()
    with memory_bound("cuda:0"):
        assert limit() == before


def test_the_limit_is_put_back_by_the_last_of_several(monkeypatch: pytest.MonkeyPatch) -> None:
    before = limit()
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with memory_bound("cpu"):
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with memory_bound("cpu"):
        inside = limit()
        thread.start()
        assert entered.wait(10)
        assert limit() == inside
    assert limit() == inside
    leave.set()
    thread.join()
    assert limit() == before


def test_a_container_may_have_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    2048 kB\n")
    monkeypatch.setattr(bounds, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(bounds, "_CGROUP", tmp_path)
    assert bounds._free_memory() == 2048 * 1024
    for name, text in (("memory.max", "max"), ("memory.current", "1000")):
        (tmp_path / name).write_text(text)
    assert bounds._free_memory() == 2048 * 1024
    (tmp_path / "memory.max").write_text("1500\n")
    assert bounds._free_memory() == 500
    stat = "anon 300\nfile 700\ninactive_file 400\nactive_file 200\nshmem 100\n"
    (tmp_path / "memory.stat").write_text(stat)
    assert bounds._free_memory() == 500 + 600  # images that were read stay in memory as files
    (tmp_path / "memory.stat").unlink()
    (tmp_path / "memory.max").write_text("10\n")
    assert bounds._free_memory() == 0
    monkeypatch.setattr(bounds, "_MEMINFO", tmp_path / "absent")
    assert bounds._free_memory() is None
