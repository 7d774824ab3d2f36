"""``python:`` networks: functions that return modules."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from samefeatures.base.errors import NetworkError, SplitError
from samefeatures.networks.load import load
from samefeatures.networks.record import ImageNetwork
from samefeatures.networks.torch.own_code import code_of

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
    return Tiny(), Preprocessing(**{**FIELDS, "input_size": (3, 9, 9), "crop_pct": 0.5})
def attribute():
    model = Tiny(); model.preprocessing = {**FIELDS, "interpolation": "nearest"}; return model
def record():
    model = Tiny()
    model.preprocessing = Preprocessing(**{**FIELDS, "input_size": (3, 8, 8)})
    return model
def lacking():
    return Tiny(), Preprocessing(input_size=(3, 8, 8))
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
        ("record", 8, "mean", (0.5, 0.5, 0.5)),
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
        (
            "plain",
            r"input_size, mean, std missing.*- \{load: \"python:\w+:plain\", input_size: \[3, H.*"
            r"samefeatures\.load\(\"python:\w+:plain\", preprocessing=\{\"input_size\": \(3, H",
        ),
        (
            "lacking",
            r"lacks mean, std, .*\.Preprocessing\(input_size=\(3, 8, 8\), mean=\(R, G, B\)",
        ),
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


def test_a_module_named_as_a_file(module: str, tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=rf"Leave out '\.py': python:{module}:net\."):
        load_image(f"python:{module}.py:net", base=tmp_path)


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


NET = """
import torch
from torch import nn
from samefeatures import Preprocessing
{imports}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.stem, self.fc = nn.Conv2d(3, 8, 5), nn.Linear(8, 4)
    def forward(self, x):
        return self.fc({pool}(self.stem(x)))
def build():
    return Net(), Preprocessing(input_size=(3, 10, 10), mean=(0.5,) * 3, std=(0.2,) * 3)
"""


def fingerprint_of(folder: Path, texts: dict[str, str]) -> str:
    """Of the network that these files make, as a new process would see it."""
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    _forget()
    try:
        return load("python:own_net:build", base=folder).fingerprint
    finally:
        _forget()


def _forget() -> None:
    importlib.invalidate_caches()
    for name in [n for n in sys.modules if n.startswith("own_")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("imports", "pool", "others"),
    [
        ("import own_parts", "own_parts.pool", {"own_parts.py": "{}"}),
        ("from own_parts import pool", "pool", {"own_parts.py": "{}"}),
        ("from own_parts import *", "pool", {"own_parts.py": "{}"}),
        (
            "from own_kit import deep",
            "deep.pool",
            {"own_kit/__init__.py": "", "own_kit/deep.py": "{}"},
        ),
        (
            "import own_kit.outer as o",
            "o.pool",
            {
                "own_kit/__init__.py": "",
                "own_kit/outer.py": "from .deep import pool as pool",
                "own_kit/deep.py": "{}",
            },
        ),
    ],
)
def test_a_change_of_what_the_code_imports_changes_the_fingerprint(
    monkeypatch, tmp_path: Path, imports: str, pool: str, others: dict[str, str]
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # two texts of one second and size
    one = "def pool(x):\n    return x.relu().mean((2, 3))\n"
    net = NET.format(imports=imports, pool=pool)

    def made(text: str) -> str:
        filled = {name: body.replace("{}", text) for name, body in others.items()}
        return fingerprint_of(tmp_path, {"own_net.py": net, **filled})

    first = made(one)
    assert made(one) == first
    assert fingerprint_of(tmp_path, {"own_aside.py": "BESIDE = 1"}) == first  # nobody imports it
    assert made(one.replace("mean", "amax")) != first


def test_libraries_are_no_code_of_the_user(module: str, tmp_path: Path) -> None:
    load(f"python:{module}:pair", base=tmp_path)
    sys.path.insert(0, str(tmp_path))
    try:
        function = importlib.import_module(module).pair
    finally:
        sys.path.pop(0)
    assert code_of(function) == [tmp_path / f"{module}.py"]
