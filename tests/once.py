"""What several test processes need is made by one of them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

PATIENCE = 900.0


def make_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that ``make`` filled, in whichever process came first; the others wait for it."""
    parallel = "PYTEST_XDIST_WORKER" in os.environ
    folder = (factory.getbasetemp().parent if parallel else factory.getbasetemp()) / name
    try:
        folder.mkdir()
    except FileExistsError:
        return _made(folder)
    try:
        make(folder)
    except BaseException:
        (folder / "failed").touch()
        raise
    (folder / "done").touch()
    return folder


def _made(folder: Path) -> Path:
    deadline = time.monotonic() + PATIENCE
    while not (folder / "done").exists():
        assert not (folder / "failed").exists(), f"{folder.name} failed in another process"
        assert time.monotonic() < deadline, f"{folder.name} was not made in {PATIENCE:.0f} s"
        time.sleep(0.2)
    return folder
