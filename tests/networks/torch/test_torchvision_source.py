"""``torchvision:`` networks against torchvision's own logits and transforms."""

from __future__ import annotations

import urllib.error
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from samefeatures.base.errors import CheckpointError, NetworkError, SplitError
from samefeatures.networks.load import load
from samefeatures.networks.proof import probe_images
from samefeatures.networks.record import ImageNetwork


def saved(name: str, folder: Path, **options) -> tuple[torch.nn.Module, Path]:
    torch.manual_seed(0)
    model = torchvision.models.get_model(name, weights=None, **options).eval()
    torch.save(model.state_dict(), folder / f"{name}.pt")
    return model, folder / f"{name}.pt"


@pytest.mark.parametrize(
    ("name", "options", "dim"),
    [
        ("resnet18", {}, 512),
        ("mobilenet_v3_small", {}, 1024),
        ("shufflenet_v2_x0_5", {}, 1024),
        ("googlenet", {"init_weights": False, "aux_logits": True}, 1024),
        ("googlenet", {"init_weights": False, "aux_logits": False}, 1024),
    ],
)
def test_logits_are_those_of_torchvision(name, options, dim, tmp_path: Path) -> None:
    model, path = saved(name, tmp_path, **options)
    network = load(f"torchvision:{name}?checkpoint={path}", threads=1)
    assert isinstance(network, ImageNetwork)
    assert network.dim == dim
    images = probe_images(network.preprocessing, count=2, seed=3)
    with torch.inference_mode():
        logits = model(torch.from_numpy(images)).numpy()
    ours = network.head.logits(network.backend.features(images))
    np.testing.assert_allclose(ours, logits, atol=1e-5 * abs(logits).max())


def test_relu_behind_the_last_convolution_is_refused(tmp_path: Path) -> None:
    _, path = saved("squeezenet1_1", tmp_path)
    with pytest.raises(SplitError, match=r"classifier\.1 Conv2d\(1000, 512, 1, 1\)"):
        load(f"torchvision:squeezenet1_1?checkpoint={path}")


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("resnet50", "IMAGENET1K_V1"),
        ("resnet50", "IMAGENET1K_V2"),
        ("inception_v3", "DEFAULT"),
        ("efficientnet_b0", "DEFAULT"),
    ],
)
def test_preprocessing_is_that_of_the_weights(name: str, entry: str) -> None:
    from samefeatures.networks.settings import build_preprocessing
    from samefeatures.networks.torch.torchvision import _preprocessing

    transforms = torchvision.models.get_model_weights(name)[entry].transforms()
    prep = build_preprocessing(_preprocessing(transforms), {}, source=name)
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (350, 400, 3), dtype=np.uint8))
    theirs = transforms(image).numpy()
    ours = prep.normalise(prep.pixels(image)[None])[0]
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_weights_name_the_preprocessing_of_a_checkpoint(tmp_path: Path) -> None:
    _, path = saved("mobilenet_v2", tmp_path)
    crops = []
    for entry in ("IMAGENET1K_V1", "IMAGENET1K_V2"):
        network = load(f"torchvision:mobilenet_v2?checkpoint={path}&weights={entry}", threads=1)
        assert isinstance(network, ImageNetwork)
        crops.append(network.preprocessing.crop_pct)
    assert crops == [224 / 256, 224 / 232]


def test_names_and_weights_that_do_not_exist() -> None:
    with pytest.raises(NetworkError, match=r"no classifier 'resnet19'.*Did you mean 'resnet"):
        load("torchvision:resnet19")
    with pytest.raises(NetworkError, match=r"resnet18 has no weights 'IMAGENET1K_V3'.*DEFAULT"):
        load("torchvision:resnet18?weights=IMAGENET1K_V3")


def test_other_class_counts_are_refused_with_a_remedy(tmp_path: Path) -> None:
    _, path = saved("mobilenet_v3_small", tmp_path, num_classes=7)
    with pytest.raises(CheckpointError, match=r"classifier\.3\.weight is \(7, 1024\).*python:mod"):
        load(f"torchvision:mobilenet_v3_small?checkpoint={path}")


def test_no_internet_is_one_line_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*args, **options):
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(torchvision.models, "get_model", offline)
    with pytest.raises(NetworkError, match=r"no route.*torchvision:resnet18\?checkpoint=PATH"):
        load("torchvision:resnet18")
