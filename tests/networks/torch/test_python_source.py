"""``python:`` networks: functions that return modules."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from samefeatures.base.errors import NetworkError, SplitError
from samefeatures.networks.load import load
from samefeatures.networks.record import ImageNetwork

CODE = """
from torch import nn
import torch
from samefeatures import Preprocessing

FIELDS = {"input_size": (3, 10, 10), "mean": (0.5,) * 3, "std": (0.2,) * 3}

class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 5, 3)
        self.fc = nn.Linear(5, 4)
    def forward(self, x):
        return self.fc(self.conv(x).relu().mean((2, 3)))

def plain():
    return Tiny()
def pair():
    return Tiny(), Preprocessing(input_size=(3, 9, 9), crop_pct=0.5)
def attribute():
    model = Tiny(); model.preprocessing = {**FIELDS, "interpolation": "nearest"}; return model
def record():
    model = Tiny(); model.preprocessing = Preprocessing(input_size=(3, 8, 8)); return model
def like_timm():
    model = Tiny(); model.default_cfg = {**FIELDS, "crop_pct": 0.7, "num_classes": 4}; return model
def misspelt():
    model = Tiny(); model.preprocessing = {**FIELDS, "crop": 1}; return model
def strange():
    model = Tiny(); model.preprocessing = "imagenet"; return model
def fails():
    raise RuntimeError("no weights here")
def text():
    return "net"
def not_linear():
    return nn.Sequential(Tiny(), nn.ReLU())
"""
GIVEN = {"input_size": (3, 10, 10), "mean": (0.5,) * 3, "std": (0.2,) * 3}


@pytest.fixture
def module(tmp_path: Path):
    """Name of a fresh module in a folder of its own."""
    name = f"nets_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text(CODE)
    yield name
    sys.modules.pop(name, None)


def load_image(source: str, **options) -> ImageNetwork:
    network = load(source, threads=1, **options)
    assert isinstance(network, ImageNetwork)
    return network


def test_a_function_beside_the_study(module: str, tmp_path: Path) -> None:
    before = list(sys.path)
    network = load_image(f"python:{module}:plain", base=tmp_path, preprocessing=GIVEN)
    assert sys.path == before
    assert (network.name, network.dim, network.head.classes) == ("plain", 5, 4)
    assert network.parameters == 3 * 5 * 9 + 5 + 5 * 4 + 4
    assert load_image(f"python:{module}:Tiny", base=tmp_path, preprocessing=GIVEN).dim == 5


def test_the_current_folder(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_image(f"python:{module}:plain", preprocessing=GIVEN).dim == 5


@pytest.mark.parametrize(
    ("name", "size", "field", "value"),
    [
        ("pair", 9, "crop_pct", 0.5),
        ("attribute", 10, "interpolation", "nearest"),
        ("record", 8, "mean", (0.485, 0.456, 0.406)),
        ("like_timm", 10, "crop_pct", 0.7),
    ],
)
def test_preprocessing_from_the_code(module, tmp_path, name, size, field, value) -> None:
    prep = load_image(f"python:{module}:{name}", base=tmp_path).preprocessing
    assert prep.input_size == (3, size, size)
    assert getattr(prep, field) == value
    other = {"input_size": (3, 12, 12)}
    network = load_image(f"python:{module}:{name}", base=tmp_path, preprocessing=other)
    assert network.preprocessing.input_size == (3, 12, 12)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("plain", "input_size, mean, std missing"),
        ("misspelt", "unknown field 'crop'"),
        ("strange", "preprocessing is str"),
        ("fails", "failed with RuntimeError: no weights here"),
        ("text", "returned str; it must return an nn.Module"),
        ("plane", "has no 'plane'.*Did you mean 'plain'"),
        ("FIELDS", "can't call its 'FIELDS'"),
    ],
)
def test_what_can_go_wrong(module: str, tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        load_image(f"python:{module}:{name}", base=tmp_path)


def test_a_model_that_is_not_linear(module: str, tmp_path: Path) -> None:
    with pytest.raises(SplitError, match=r"0\.fc Linear\(4, 5\)"):
        load_image(f"python:{module}:not_linear", base=tmp_path, preprocessing=GIVEN)


def test_modules_that_are_missing_or_broken(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"'nowhere_at_all' is not found\. Run from the folder"):
        load("python:nowhere_at_all:net")
    with pytest.raises(NetworkError, match="must be python:package"):
        load("python:nowhere_at_all")
    (tmp_path / "needs_more.py").write_text("import nowhere_at_all")
    with pytest.raises(NetworkError, match="It imports 'nowhere_at_all'; install that"):
        load("python:needs_more:net", base=tmp_path)
    (tmp_path / "broken_code.py").write_text("def (")
    with pytest.raises(NetworkError, match="importing 'broken_code' failed with SyntaxError"):
        load("python:broken_code:net", base=tmp_path)


def test_the_fingerprint_knows_the_code(module: str, tmp_path: Path) -> None:
    source = f"python:{module}:plain"
    first = load_image(source, base=tmp_path, preprocessing=GIVEN).fingerprint
    assert load_image(source, base=tmp_path, preprocessing=GIVEN).fingerprint == first
    (tmp_path / f"{module}.py").write_text(CODE.replace(".relu()", ".tanh()"))
    sys.modules.pop(module)
    assert load_image(source, base=tmp_path, preprocessing=GIVEN).fingerprint != first
