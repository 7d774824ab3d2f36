"""``timm:`` networks against timm's own features, logits and transforms."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image

from samefeatures.base.errors import CheckpointError, MissingExtraError, NetworkError, SplitError
from samefeatures.networks.load import load
from samefeatures.networks.proof import probe_images
from samefeatures.networks.record import ImageNetwork


def saved(name: str, folder: Path, **options) -> tuple[torch.nn.Module, Path]:
    torch.manual_seed(0)
    model = timm.create_model(name, pretrained=False, **options).eval()
    torch.save(model.state_dict(), folder / f"{name}.pt")
    return model, folder / f"{name}.pt"


def opened(name: str, path: Path) -> ImageNetwork:
    network = load(f"timm:{name}?checkpoint={path}", threads=1)
    assert isinstance(network, ImageNetwork)
    return network


@pytest.mark.parametrize(
    "name",
    [
        "resnet18",
        "mobilenetv3_small_050",
        "vit_tiny_patch16_224",
        "convnext_atto",
        "efficientnet_lite0",
        "regnetx_002",
    ],
)
def test_features_are_those_that_timm_gives(name: str, tmp_path: Path) -> None:
    model, path = saved(name, tmp_path)
    network = opened(name, path)
    assert network.name == name
    assert network.dim == model.head_hidden_size
    assert network.parameters == sum(p.numel() for p in model.parameters())
    assert network.split is not None
    assert network.split.error < 1e-5
    images = probe_images(network.preprocessing, count=2, seed=3)
    with torch.inference_mode():
        x = torch.from_numpy(images)
        features = model.forward_head(model.forward_features(x), pre_logits=True).numpy()
        logits = model(x).numpy()
    ours = network.backend.features(images)
    np.testing.assert_allclose(ours, features, atol=1e-5 * abs(features).max())
    np.testing.assert_allclose(network.head.logits(ours), logits, atol=1e-5 * abs(logits).max())


@pytest.mark.parametrize("name", ["resnet18", "mobilenetv3_small_050", "dm_nfnet_f0"])
def test_preprocessing_is_timms(name: str) -> None:
    """Pixels of our crop equal those of timm's evaluation transform."""
    from samefeatures.networks.settings import build_preprocessing

    config = timm.data.resolve_data_config(
        {}, pretrained_cfg=timm.models.get_pretrained_cfg(name).to_dict()
    )
    prep = build_preprocessing(config, {}, source=name)
    assert prep.crop_mode == config["crop_mode"]
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (230, 310, 3), dtype=np.uint8))
    theirs = timm.data.create_transform(**config, is_training=False)(image).numpy()
    ours = prep.normalise(prep.pixels(image)[None])[0]
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_the_checkpoint_says_how_many_classes(tmp_path: Path) -> None:
    _, path = saved("resnet18", tmp_path, num_classes=7)
    assert opened("resnet18", path).head.classes == 7


def test_a_checkpoint_of_another_model(tmp_path: Path) -> None:
    _, path = saved("resnet18", tmp_path)
    with pytest.raises(CheckpointError, match="not a checkpoint of timm:mobilenetv3_small_050"):
        opened("mobilenetv3_small_050", path)


def test_two_heads_are_refused_with_the_layers_found(tmp_path: Path) -> None:
    _, path = saved("deit_tiny_distilled_patch16_224", tmp_path)
    with pytest.raises(SplitError, match="head_dist"):
        opened("deit_tiny_distilled_patch16_224", path)


def test_an_unknown_model_names_the_nearest() -> None:
    with pytest.raises(NetworkError, match=r"no model 'resnet19'.*Did you mean 'resnet18'"):
        load("timm:resnet19")


def test_no_internet_is_one_line_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(name: str, *, pretrained: bool):
        raise OSError("We couldn't connect\nlong story")

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(NetworkError) as caught:
        load("timm:resnet18")
    assert "timm:resnet18?checkpoint=PATH" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_package_prints_the_pip_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'samefeatures\[timm\]'"):
        load("timm:resnet18")
