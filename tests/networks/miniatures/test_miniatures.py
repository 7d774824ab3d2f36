"""The miniatures: what ships is what was trained, and each keeps its family's idea."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

import samefeatures as sf
from samefeatures.base.errors import DataError, NetworkError
from samefeatures.commands.app import app
from samefeatures.networks.miniatures.catalogue import (
    MINIATURES,
    NAMES,
    MiniatureSpec,
    find_miniature,
)
from samefeatures.networks.miniatures.training import train as training
from samefeatures.networks.miniatures.training.idx import read_idx
from samefeatures.networks.miniatures.training.pack import pack
from samefeatures.scores.heads import score_heads

PROJECT = Path(__file__).parents[3]
WEIGHTS = Path(sf.__file__).parent / "networks" / "miniatures" / "weights"


def meta(name: str) -> dict[str, object]:
    loaded: dict[str, object] = json.loads((WEIGHTS / name / "meta.json").read_text())
    return loaded


def test_ten_with_different_dimensions_in_eight_megabytes() -> None:
    dims = [spec.feature_dim for spec in MINIATURES.values()]
    assert (
        len(MINIATURES) == len(set(dims)) == len({spec.seed for spec in MINIATURES.values()}) == 10
    )
    assert min(dims) >= 48
    assert sum(p.stat().st_size for p in WEIGHTS.rglob("*.onnx")) < 8e6


@pytest.mark.parametrize("name", NAMES)
def test_accuracy_per_epoch_is_kept_and_reaches_ninety(name: str) -> None:
    history = meta(name)["test_top1_per_epoch"]
    assert isinstance(history, list)
    assert len(history) == training.Recipe().epochs
    assert history[-1] >= 90
    assert f"{history[-1]:.2f}" in (PROJECT / "docs" / "miniatures.md").read_text()


@pytest.mark.parametrize("spec", MINIATURES.values(), ids=MINIATURES)
def test_the_definition_is_that_of_the_shipped_network(spec: MiniatureSpec) -> None:
    model = training.build(spec)
    network = sf.load(f"mini:{spec.name}")
    assert network.dim == spec.feature_dim
    assert sum(p.numel() for p in model.parameters()) == meta(spec.name)["parameters"]
    assert isinstance(network, sf.ImageNetwork)
    assert network.parameters == meta(spec.name)["parameters"]
    assert model(torch.zeros(2, 3, 28, 28)).shape == (2, 10)


@pytest.mark.parametrize("name", ["inception_v1", "nasnet"])
def test_the_shipped_network_scores_what_its_history_says(name: str) -> None:
    network = sf.load(f"mini:{name}")
    assert isinstance(network, sf.ImageNetwork)
    images = sf.open_images(sf.ImageSource(source="fashion-mnist:eval", limit=1000), labelled=True)
    pixels = np.stack([np.asarray(images.read(i).convert("RGB")) for i in range(1000)])  # type: ignore[union-attr]
    features = network.backend.features(network.preprocessing.normalise(pixels))
    assert images.labels is not None
    (score,) = score_heads([(features, images.labels)], [network.head])
    history = meta(name)["test_top1_per_epoch"]
    assert isinstance(history, list)
    assert abs(score.top1 - history[-1]) < 3  # a tenth of the test set


def layers(name: str, kind: type[nn.Module]) -> list[nn.Module]:
    return [m for m in training.build(MINIATURES[name]).modules() if isinstance(m, kind)]


def kernels(name: str) -> set[tuple[int, ...]]:
    return {m.kernel_size for m in layers(name, nn.Conv2d) if isinstance(m, nn.Conv2d)}


def test_each_keeps_the_idea_of_its_family() -> None:
    assert not layers("inception_v1", nn.BatchNorm2d)
    assert {(1, 1), (3, 3), (5, 5)} <= kernels("inception_v1")
    assert layers("inception_v2", nn.BatchNorm2d)
    assert {(1, 7), (7, 1), (1, 3), (3, 1)} <= kernels("inception_v3")
    assert {(1, 7), (7, 1)} <= kernels("inception_v4")
    depthwise = [m for m in layers("mobilenet_v2", nn.Conv2d) if m.groups > 1]  # type: ignore[attr-defined]
    assert all(m.groups == m.in_channels for m in depthwise)  # type: ignore[attr-defined]
    assert len(depthwise) == 6
    assert {(7, 7), (5, 5), (3, 3)} <= kernels("nasnet") & kernels("pnasnet")


def write_idx(path: Path, array: np.ndarray) -> None:
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(gzip.compress(header + array.tobytes()))


@pytest.fixture
def small_fashion(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for part, n in (("train", 80), ("t10k", 40)):
        labels = rng.integers(0, 10, n, dtype=np.uint8)
        images = (rng.integers(0, 30, (n, 28, 28)) + 20 * labels[:, None, None]).astype(np.uint8)
        write_idx(tmp_path / f"{part}-images-idx3-ubyte.gz", images)
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte.gz", labels)
    return tmp_path


def test_training_resumes_at_an_epoch_to_the_same_weights(
    small_fashion: Path, tmp_path: Path
) -> None:
    spec, recipe = MINIATURES["resnet_v1"], training.Recipe(epochs=2, batch_size=16)
    lines: list[str] = []
    whole = training.train_one(
        spec, small_fashion, tmp_path / "a", recipe=recipe, report=lines.append
    )
    assert [line.split(",")[0] for line in lines] == [f"resnet_v1: epoch {k}/2" for k in (1, 2)]

    class StopError(Exception):
        pass

    def stop(_line: str) -> None:
        if (tmp_path / "b" / spec.name / "checkpoint.pt").exists():
            raise StopError

    with pytest.raises(StopError):
        training.train_one(spec, small_fashion, tmp_path / "b", recipe=recipe, report=stop)
    training.train_one(spec, small_fashion, tmp_path / "b", recipe=recipe, report=lambda _: None)
    resumed = tmp_path / "b" / spec.name
    assert (resumed / "model.onnx").read_bytes() == (whole / "model.onnx").read_bytes()
    assert not (resumed / "checkpoint.pt").exists()
    network = sf.load(f"onnx:{whole / 'model.onnx'}")
    assert network.dim == spec.feature_dim
    assert str(tmp_path).encode() not in (whole / "model.onnx").read_bytes()


def test_packing(small_fashion: Path, tmp_path: Path) -> None:
    fit, evaluation = pack(small_fashion, tmp_path / "packed")
    assert set(np.load(fit)) == {"images"}, "the fit set ships without labels"
    with np.load(evaluation) as file:
        expected = read_idx(small_fashion / "t10k-images-idx3-ubyte.gz")
        assert np.array_equal(file["images"], expected)


def test_what_ships_is_what_packing_makes() -> None:
    source = Path("/usr/share/datasets/fashion-mnist")
    if not source.is_dir():
        pytest.skip(f"Fashion-MNIST (Debian's dataset-fashion-mnist) is not at {source}")
    packed = Path(sf.__file__).parent / "images" / "fashion_mnist"
    with np.load(packed / "fit.npz") as file:
        train = read_idx(source / "train-images-idx3-ubyte.gz")
        assert np.array_equal(file["images"], train[:10_000])
    with np.load(packed / "eval.npz") as file:
        assert np.array_equal(file["images"], read_idx(source / "t10k-images-idx3-ubyte.gz"))
        assert np.array_equal(file["labels"], read_idx(source / "t10k-labels-idx1-ubyte.gz"))


def test_bad_input(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="dataset-fashion-mnist"):
        read_idx(tmp_path / "none.gz")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"\0\0\x08\x01" + b"\0\0\0\x09" + b"abc"))
    with pytest.raises(DataError, match="cut short"):
        read_idx(tmp_path / "cut.gz")
    (tmp_path / "other.gz").write_bytes(gzip.compress(b"hello world"))
    with pytest.raises(DataError, match="does not start as"):
        read_idx(tmp_path / "other.gz")
    with pytest.raises(NetworkError, match="no miniature 'lenet'"):
        find_miniature("lenet")


# --- reachable as documented, and out of the way --------------------------------------------------


def test_training_is_not_imported_by_what_loads_a_miniature() -> None:
    code = """
import sys
import samefeatures, samefeatures.commands.app, samefeatures.commands.miniatures
samefeatures.load("mini:nasnet")
print([m for m in sys.modules if ".miniatures.training" in m or m.split(".")[0] == "torch"])
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_the_commands_of_the_page(small_fashion: Path, tmp_path: Path) -> None:
    page = (PROJECT / "docs" / "miniatures.md").read_text()
    lines = re.findall(r"^    samefeatures (miniatures .*)$", page, re.MULTILINE)
    assert [line.split()[1] for line in lines] == ["train", "pack"]
    for at, line in enumerate(lines):
        words = line.replace("/usr/share/datasets/fashion-mnist", str(small_fashion)).split()
        words[words.index("--out") + 1] = str(tmp_path / str(at))
        more = ["--name", "inception_v1"] if words[1] == "train" else []
        done = CliRunner().invoke(app, [*words, *more])
        assert done.exit_code == 0, done.output
    assert sf.load(f"onnx:{tmp_path / '0' / 'inception_v1' / 'model.onnx'}").dim == 56
    assert {path.name for path in (tmp_path / "1").iterdir()} == {"fit.npz", "eval.npz"}
    done = CliRunner().invoke(app, ["miniatures", "train", "--name", "lenet", "--data", "."])
    assert isinstance(done.exception, NetworkError)
