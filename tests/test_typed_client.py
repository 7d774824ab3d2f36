"""The package has types for others: mypy, strict and from outside, on a small client."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
CLIENT = PROJECT / "tests" / "typed"


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What mypy says where samefeatures is one of the installed packages, as ``py.typed`` asks."""
    home = tmp_path_factory.mktemp("outside")
    venv.create(home / "venv")
    (packages,) = (home / "venv").glob("lib/python*/site-packages")
    paths = [str(PROJECT / "src"), sysconfig.get_path("purelib")]
    (packages / "installed.pth").write_text("\n".join(paths) + "\n")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir"]
    command += [home / "cache", "--python-executable", home / "venv" / "bin" / "python"]
    command += [CLIENT / "client.py", CLIENT / "wrong.py"]
    return subprocess.run(command, cwd=home, capture_output=True, text=True, check=False).stdout


def test_a_client_is_sound(said: str) -> None:
    assert [line for line in said.splitlines() if "client.py" in line] == []


def test_what_is_wrong_is_found(said: str) -> None:
    found = re.findall(r"wrong\.py:(\d+): error: .*\[(.*)\]", said)
    codes = ("call-arg", "arg-type", "union-attr", "attr-defined", "arg-type")
    assert list(dict.fromkeys(found)) == [(str(line), code) for line, code in enumerate(codes, 5)]
