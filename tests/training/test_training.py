"""Training resumes, packing gives what ships, and both are reached as the page says."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import samefeatures as sf
from samefeatures.base.errors import DataError, NetworkError
from samefeatures.commands.app import app
from samefeatures.networks.miniatures.catalogue import MINIATURES
from samefeatures_training.idx import read_idx
from samefeatures_training.pack import pack
from samefeatures_training.train import Recipe, train_one

PROJECT = Path(__file__).parents[2]


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
    spec, recipe = MINIATURES["resnet_v1"], Recipe(epochs=2, batch_size=16)
    lines: list[str] = []
    whole = train_one(spec, small_fashion, tmp_path / "a", recipe=recipe, report=lines.append)
    assert [line.split(",")[0] for line in lines] == [f"resnet_v1: epoch {k}/2" for k in (1, 2)]

    class StopError(Exception):
        pass

    def stop(_line: str) -> None:
        if (tmp_path / "b" / spec.name / "checkpoint.pt").exists():
            raise StopError

    with pytest.raises(StopError):
        train_one(spec, small_fashion, tmp_path / "b", recipe=recipe, report=stop)
    train_one(spec, small_fashion, tmp_path / "b", recipe=recipe, report=lambda _: None)
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


def test_files_that_are_not_idx(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="dataset-fashion-mnist"):
        read_idx(tmp_path / "none.gz")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"\0\0\x08\x01" + b"\0\0\0\x09" + b"abc"))
    with pytest.raises(DataError, match="cut short"):
        read_idx(tmp_path / "cut.gz")
    (tmp_path / "other.gz").write_bytes(gzip.compress(b"hello world"))
    with pytest.raises(DataError, match="does not start as"):
        read_idx(tmp_path / "other.gz")


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
