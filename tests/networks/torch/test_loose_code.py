"""Code that stands in no file: what it is known by."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from samefeatures.networks.torch.loose_code import all_code

CELLS = """
import torch
from torch import nn
from torch.nn import functional as F

SLOPE = 0.1
beside = 5

def pool(x, power=2):
    return (x ** power).mean((2, 3))

class Block(nn.Module):
    width = 8
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, self.width, 3)
    def forward(self, x):
        return pool(F.leaky_relu(self.conv(x), SLOPE))

def build():
    return nn.Sequential(Block(), nn.Linear(8, 4))
"""


def code_of_cells(text: str, name: str = "Block") -> tuple[Path | bytes, ...]:
    space: dict[str, Any] = {}
    exec(compile(text, "<cell>", "exec"), space)
    return all_code([space[name]])


@pytest.mark.parametrize("name", ["Block", "build"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SLOPE = 0.1", "SLOPE = 0.2"),
        ("power=2", "power=3"),
        (".mean((2, 3))", ".amax((2, 3))"),
        ("width = 8", "width = 9"),
        ("F.leaky_relu(self.conv(x), SLOPE)", "F.leaky_relu(self.conv(x), -SLOPE)"),
    ],
)
def test_a_change_of_what_it_does_changes_it(name: str, old: str, new: str) -> None:
    first = code_of_cells(CELLS, name)
    assert first == code_of_cells(CELLS, name) != ()
    assert code_of_cells(CELLS.replace(old, new), name) != first


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("beside = 5", "beside = 6"),
        ("def pool", "# a comment\n\ndef pool"),
        ("F.leaky", " F.leaky"),
    ],
)
def test_a_change_beside_it_does_not(old: str, new: str) -> None:
    assert code_of_cells(CELLS.replace(old, new)) == code_of_cells(CELLS)


def test_libraries_are_left_out_and_own_files_are_files(tmp_path: Path) -> None:
    (tmp_path / "own_pooling.py").write_text("def pool(x):\n    return x.mean((2, 3))\n")
    sys.path.insert(0, str(tmp_path))
    try:
        text = CELLS.replace("SLOPE = 0.1", "SLOPE = 0.1\nfrom own_pooling import pool")
        text = text.replace("def pool", "def other")
        found = code_of_cells(text)
    finally:
        sys.path.pop(0)
        sys.modules.pop("own_pooling", None)
    assert [each for each in found if isinstance(each, Path)] == [tmp_path / "own_pooling.py"]
    assert all(isinstance(each, Path) or b"torch" not in each[:20] for each in found)


RUN = """
import samefeatures as sf
given = {"input_size": (3, 16, 16), "mean": (0.5,) * 3, "std": (0.2,) * 3}
one = sf.load("python:__main__:build", preprocessing=given)
other = sf.load(build(), preprocessing=given, name="other")
print(one.fingerprint, other.fingerprint, one.name)
"""


def run(text: str, *arguments: str) -> list[str]:
    """What Python prints that is given a script's path, or ``-`` and the text."""
    done = subprocess.run(
        [sys.executable, *arguments], input=text, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_networks_of_a_prompt() -> None:
    first = run(CELLS + RUN, "-")
    assert first[2] == "build"
    assert run(CELLS + RUN, "-") == first, "from run to run"
    other = run(CELLS.replace("0.1", "0.2") + RUN, "-")
    assert other[0] != first[0]
    assert other[1] != first[1]


def test_networks_of_a_script(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(CELLS + RUN)
    assert run("", str(script))[2] == "build"
