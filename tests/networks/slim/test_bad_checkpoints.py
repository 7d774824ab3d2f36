"""Checkpoints that are damaged, or those of another network."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from slim_run import MakeOriginal

from samefeatures import load
from samefeatures.base.errors import CheckpointError, NetworkError
from samefeatures.networks.tensorflow.checkpoints import TensorFlowCheckpoint

pytestmark = pytest.mark.originals
DATA = "bundle.ckpt.data-00000-of-00001"
FORMATS = ("single", "bundle", "averages", "hub1", "hub2")


@pytest.fixture
def small(original: MakeOriginal, tmp_path: Path) -> Path:
    """A copy of one small network's checkpoints, to be damaged."""
    shutil.copytree(original("mobilenet_v2_035", *FORMATS).folder, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
@pytest.mark.parametrize(
    "file", ["single.ckpt", "bundle.ckpt.index", "bundle.ckpt.data-00000-of-00001"]
)
def test_cut_short(small: Path, file: str, share: float) -> None:
    data = (small / file).read_bytes()
    (small / file).write_bytes(data[: int(share * len(data))])
    named = "single.ckpt" if file.startswith("single") else "bundle.ckpt"
    with pytest.raises(CheckpointError, match=r"is cut short or is not a TensorFlow checkpoint"):
        load(f"slim:mobilenet_v2_035?checkpoint={small / named}")


@pytest.mark.parametrize("file", ["single.ckpt", DATA])
def test_one_wrong_bit_is_found(small: Path, file: str) -> None:
    data = bytearray((small / file).read_bytes())
    data[len(data) // 2] ^= 1
    (small / file).write_bytes(data)
    named = "single.ckpt" if file.startswith("single") else "bundle.ckpt"
    with pytest.raises(CheckpointError, match="checksum"):
        load(f"slim:mobilenet_v2_035?checkpoint={small / named}")


def test_missing_data_file(small: Path) -> None:
    (small / DATA).unlink()
    with pytest.raises(CheckpointError, match=r"bundle\.ckpt\.data-00000-of-00001 is missing"):
        load(f"slim:mobilenet_v2_035?checkpoint={small / 'bundle.ckpt'}")


def test_not_a_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "x.ckpt").write_bytes(b"something else " * 100)
    with pytest.raises(CheckpointError, match="is not a TensorFlow checkpoint"):
        load(f"slim:inception_v1?checkpoint={tmp_path / 'x.ckpt'}")


def test_width_of_another_network_names_five_and_counts_all(small: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        load(f"slim:mobilenet_v2_140?checkpoint={small / 'bundle.ckpt'}")
    message = str(caught.value)
    assert "Conv/weights is (3, 3, 3, 16), the model has (3, 3, 3, 48)" in message
    assert re.search(r"2\d\d tensors do not fit", message)
    assert message.count(", the model has ") == 5


def test_variables_that_the_network_lacks_are_refused(original: MakeOriginal) -> None:
    made = original("resnet_v2_50", "bundle", size=224, classes=1000)
    with pytest.raises(
        CheckpointError, match=r"'resnet_v2_101'.*first variables are: .*resnet_v2_50"
    ):
        load(f"slim:resnet_v2_101?checkpoint={made.folder / 'bundle.ckpt'}")


def test_thesis_refuses_another_number_of_classes(original: MakeOriginal) -> None:
    made = original("inception_v1", "bundle", size=224, classes=1000)
    with pytest.raises(CheckpointError, match="has 1000 classes; the networks"):
        load(f"thesis:inception_v1?checkpoint={made.folder / 'bundle.ckpt'}")


def test_several_checkpoints_in_a_folder(small: Path) -> None:
    with pytest.raises(CheckpointError, match="holds several checkpoints"):
        load(f"slim:mobilenet_v2_035?checkpoint={small}")


def test_integers_are_read_and_training_variables_left_out(small: Path) -> None:
    for file in ("single.ckpt", "bundle.ckpt"):
        checkpoint = TensorFlowCheckpoint.open(small / file)
        assert checkpoint.shapes["global_step"] == ()
        assert checkpoint.read("global_step") == 0


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("slim:inception_v1", "names no weights"),
        ("slim:inception_v9", "Did you mean 'inception_v"),
        ("slim:inception_v1?checkpoint=/nowhere/x.ckpt", "There is no TensorFlow checkpoint at"),
        ("slim:inception_v1?checkpiont=x", "Did you mean 'checkpoint'"),
    ],
)
def test_wrong_sources(source: str, says: str) -> None:
    with pytest.raises(NetworkError, match=says):
        load(source)


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds no TensorFlow checkpoint"):
        load(f"slim:inception_v1?checkpoint={tmp_path}")


def test_background_is_dropped_or_kept_and_said(small: Path) -> None:
    path = f"slim:mobilenet_v2_035?checkpoint={small / 'bundle.ckpt'}"
    dropped, kept = load(path), load(f"{path}&background=keep")
    assert (dropped.head.classes, kept.head.classes) == (1000, 1001)
    assert "left out as the background class" in dropped.notes[0]
    with pytest.raises(NetworkError, match="background is 'perhaps'"):
        load(f"{path}&background=perhaps")


def test_background_has_no_effect_on_1000_classes(original: MakeOriginal) -> None:
    made = original("resnet_v2_50", "bundle", size=224, classes=1000)
    with pytest.raises(NetworkError, match="'background' has no effect"):
        load(f"slim:resnet_v2_50?checkpoint={made.folder / 'bundle.ckpt'}&background=keep")
