"""What the process has freed, the system gets."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from samefeatures.base.memory import give_back


def resident() -> float:
    """MB that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it is done on Linux alone")
def test_what_lies_freed_between_arrays_that_stay_goes_back() -> None:
    arrays = [np.ones(12_000) for _ in range(4000)]  # 96 kB each: in the C library's pools
    before = resident()
    stay = arrays[::20]
    del arrays
    give_back()
    assert before - resident() > 200, "384 MB were held, of which 19 stay"
    assert all(each.sum() == 12_000 for each in stay)


def test_another_system_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from samefeatures.base import memory

    monkeypatch.setattr(sys, "platform", "darwin")
    memory._trim.cache_clear()
    monkeypatch.setattr("ctypes.CDLL", pytest.fail)
    assert memory._trim() is None
    give_back()
    memory._trim.cache_clear()
