"""Where the weights of the ten are looked for, and what is said when they are nowhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from samefeatures import load
from samefeatures.base.errors import CheckpointError, ConfigError, NetworkError
from samefeatures.base.progress import Silent
from samefeatures.networks.proof import relative
from samefeatures.networks.record import ImageNetwork
from samefeatures.networks.thesis.catalogue import NETWORKS
from samefeatures.networks.thesis.source import untrained
from samefeatures.networks.thesis.weights import default_weights_dir, fetch, locate, missing_message


@pytest.fixture(autouse=True)
def _no_internet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is fetched and no cache of this machine is looked at."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))


def test_default_folder_follows_the_users_cache(tmp_path: Path) -> None:
    assert default_weights_dir() == tmp_path / "cache" / "samefeatures" / "weights"


@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_there(name: str, tmp_path: Path) -> None:
    assert locate(NETWORKS[name], tmp_path) is None
    message = missing_message(NETWORKS[name], tmp_path)
    assert NETWORKS[name].file.url in message
    assert str(tmp_path) in message
    assert "\n" not in message


def test_slim_weights_are_found_in_a_folder_of_the_networks_name(tmp_path: Path) -> None:
    folder = tmp_path / "inception_v1"
    folder.mkdir()
    assert locate(NETWORKS["inception_v1"], tmp_path) is None
    (folder / "inception_v1.ckpt").write_bytes(b"x")
    assert locate(NETWORKS["inception_v1"], tmp_path) == folder / "inception_v1.ckpt"
    saved = tmp_path / "resnet_v1_152" / "variables"
    saved.mkdir(parents=True)
    (saved / "variables.index").write_bytes(b"x")
    assert locate(NETWORKS["resnet_v1_152"], tmp_path) == saved / "variables.index"


def test_a_network_of_timm_from_a_file(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = untrained("inception_v3")
    save_file(model.state_dict(), tmp_path / "inception_v3.tf_in1k.safetensors")
    network = load(f"thesis:inception_v3?weights_dir={tmp_path}")
    assert isinstance(network, ImageNetwork)
    assert (network.dim, network.head.classes) == (2048, 1000)
    assert network.parameters == NETWORKS["inception_v3"].parameters
    made = network.preprocessing
    assert made.input_size == (3, 331, 331)
    assert (made.crop_mode, made.crop_pct, made.interpolation) == ("fraction", 0.875, "tf_bilinear")
    assert (made.mean, made.std) == ((0.5,) * 3, (0.5,) * 3)
    images = torch.rand(2, 3, 299, 299) * 2 - 1
    with torch.inference_mode():
        expected = model.forward_head(model.forward_features(images), pre_logits=True)
    features = network.backend.features(images.numpy())
    assert relative(features, expected.numpy()) < 1e-4


def test_a_network_of_timm_with_other_classes(tmp_path: Path) -> None:
    import timm

    model = timm.create_model("inception_v3.tf_in1k", pretrained=False, num_classes=10)
    save_file(model.state_dict(), tmp_path / "ten.safetensors")
    with pytest.raises(CheckpointError, match="has 10 classes; the networks"):
        load(f"thesis:inception_v3?checkpoint={tmp_path / 'ten.safetensors'}")


def test_missing_weights_without_internet_say_file_place_and_remedy(tmp_path: Path) -> None:
    with pytest.raises(NetworkError) as caught:
        load(f"thesis:inception_v4?weights_dir={tmp_path}")
    message = str(caught.value)
    assert "inception_v4.tf_in1k.safetensors" in message
    assert "https://huggingface.co/timm/inception_v4.tf_in1k" in message
    assert str(tmp_path / "inception_v4.tf_in1k.safetensors") in message
    assert "\n" not in message


def test_fetch_that_fails_says_what_to_do_by_hand(tmp_path: Path) -> None:
    network = NETWORKS["resnet_v2_152"]
    unreachable = replace(network.file, url="http://127.0.0.1:9/resnet_v2_152_2017_04_14.tar.gz")
    with pytest.raises(NetworkError, match=r"unpack it into .*resnet_v2_152.*could not be fetched"):
        fetch(replace(network, file=unreachable), tmp_path, progress=Silent())


def test_fetch_unpacks(tmp_path: Path, slim_archive: Path) -> None:
    network = NETWORKS["inception_v1"]
    file = replace(network.file, url=slim_archive.as_uri(), digest=None)
    found = fetch(replace(network, file=file), tmp_path / "weights", progress=Silent())
    assert found == tmp_path / "weights" / "inception_v1" / "inception_v1.ckpt"
    assert locate(network, tmp_path / "weights") == found
    assert not (tmp_path / "weights" / file.name).exists()
    wrong = replace(file, digest=network.file.digest)
    with pytest.raises(CheckpointError, match="is not the file that was published"):
        fetch(replace(network, file=wrong), tmp_path / "other", progress=Silent())


@pytest.fixture
def slim_archive(tmp_path: Path) -> Path:
    """An archive of the shape of Slim's."""
    import tarfile

    (tmp_path / "inception_v1.ckpt").write_bytes(b"weights")
    with tarfile.open(tmp_path / "made.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "inception_v1.ckpt", "inception_v1.ckpt")
    return tmp_path / "made.tar.gz"


@pytest.mark.parametrize("crop", ["large", "-1", "0", "31", "299.5"])
def test_crops_that_are_no_crops(crop: str) -> None:
    with pytest.raises(ConfigError, match="it must be a number of pixels"):
        load(f"thesis:inception_v1?crop={crop}")


def test_what_lies_in_the_folder_is_said_not_called_missing(tmp_path: Path) -> None:
    folder = tmp_path / "inception_v1"
    folder.mkdir()
    assert locate(NETWORKS["inception_v1"], tmp_path) is None
    (folder / "half.tar").write_bytes(b"x")
    with pytest.raises(CheckpointError, match="holds no TensorFlow checkpoint"):
        load(f"thesis:inception_v1?weights_dir={tmp_path}")
    for name in ("a.ckpt", "b.ckpt"):
        (folder / name).write_bytes(b"x")
    with pytest.raises(CheckpointError, match="holds several checkpoints"):
        load(f"thesis:inception_v1?weights_dir={tmp_path}")


def test_an_archive_is_to_be_unpacked(tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz").write_bytes(b"x")
    with pytest.raises(CheckpointError, match="is an archive"):
        load(f"thesis:inception_v1?checkpoint={tmp_path / 'x.tar.gz'}")
