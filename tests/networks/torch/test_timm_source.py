"""``timm:`` networks against timm's own features, logits and transforms."""

from __future__ import annotations

import re
import sys
from argparse import Namespace
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import timm
import torch
from PIL import Image

from samefeatures.base.errors import CheckpointError, MissingExtraError, NetworkError, SplitError
from samefeatures.images.labels import imagenet_index
from samefeatures.networks.load import load
from samefeatures.networks.proof import probe_images
from samefeatures.networks.record import ImageNetwork
from samefeatures.networks.torch.checkpoints import read_checkpoint
from samefeatures.networks.torch.timm import _class_names, _in_place_of_loading, load_into_timm


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


def agrees(name: str, path: Path, model: torch.nn.Module) -> ImageNetwork:
    network = opened(name, path)
    images = probe_images(network.preprocessing, count=2, seed=3)
    with torch.inference_mode():
        logits = model(torch.from_numpy(images)).numpy()
    ours = network.head.logits(network.backend.features(images))
    np.testing.assert_allclose(ours, logits, atol=1e-5 * abs(logits).max())
    return network


SMALL = (
    "test_byobnet", "test_convnext", "test_convnext2", "test_efficientnet", "test_mambaout",
    "test_nfnet", "test_resnet", "test_vit", "test_vit2",
)  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_fine_tuned_models_in_training_checkpoints(name: str, tmp_path: Path) -> None:
    model, path = saved(name, tmp_path, num_classes=7)
    state = {f"module.{key}": tensor for key, tensor in model.state_dict().items()}
    torch.save({"state_dict": state, "arch": name, "args": Namespace(lr=0.1), "epoch": 3}, path)
    network = agrees(name, path, model)
    assert network.head.classes == 7
    assert network.loading == {"weights": "state_dict", "prefix": "module. taken off the names"}


def convnext_original(name: str) -> str:
    """As Facebook's ConvNeXt has it."""
    name = re.sub(r"stages\.(\d)\.downsample\.", r"downsample_layers.\1.", name)
    name = re.sub(r"stages\.(\d)\.blocks\.", r"stages.\1.", name)
    for new, old in (("stem.", "downsample_layers.0."), ("conv_dw", "dwconv"), ("mlp.fc", "pwconv"),
                     ("head.norm", "norm"), ("head.fc", "head")):  # fmt: skip
        name = name.replace(new, old)
    return name


def swin_original(name: str) -> str:
    """As Microsoft's Swin has it: a layer is followed by its downsampling, not led by it."""
    name = re.sub(r"layers\.(\d)\.downsample", lambda m: f"layers.{int(m[1]) - 1}.downsample", name)
    return name.replace("head.fc", "head")


ORIGINALS = {
    "convnext": ("convnext_atto", {"dims": (8, 16, 24, 32), "depths": (1, 1, 2, 1)},
                 convnext_original),
    "swin": ("swin_tiny_patch4_window7_224",
             {"embed_dim": 8, "depths": (1, 1, 2, 1), "num_heads": (1, 1, 2, 2)}, swin_original),
    "vit": ("test_vit", {}, lambda name: f"backbone.{name}"),
}  # fmt: skip


@pytest.mark.parametrize("key", ["model", "state_dict", ""])
@pytest.mark.parametrize("family", ORIGINALS)
def test_originals_are_renamed_by_timms_own_filter(family: str, key: str) -> None:
    name, options, rename = ORIGINALS[family]
    torch.manual_seed(0)
    if family == "convnext":
        options = {**options, "ls_init_value": 1e-6, "conv_mlp": False, "use_grn": False}
    model = timm.create_model(name, num_classes=7, **options).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    old = {rename(n): t for n, t in model.state_dict().items()}
    for n, buffer in model.named_buffers():  # they were kept once
        old[rename(n)] = buffer
    assert list(old) != list(model.state_dict())
    loaded = load_into_timm(
        {key: old}, name, wish=None, path=Path("x.pth"), source="s", options=options
    )
    x = torch.rand(2, 3, *model.pretrained_cfg["input_size"][1:])
    with torch.inference_mode():
        torch.testing.assert_close(loaded.model.eval()(x), model(x))
    assert {"renamed", "prefix"} & set(loaded.said)


def test_resampled_positions_are_said(tmp_path: Path) -> None:
    model, path = saved("test_vit", tmp_path, img_size=192)
    network = opened("test_vit", path)
    assert network.loading["resampled"] == (
        "by the library: pos_embed (1, 145, 64) to (1, 101, 64)"
    )
    theirs = timm.create_model(
        "test_vit", pretrained=True, pretrained_cfg_overlay={"file": str(path)}
    ).eval()
    agrees("test_vit", path, theirs)
    assert model is not theirs


def test_timm_loads_its_own_weights_while_ours_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread's loading is not touched, and all is as before afterwards."""
    from timm.models import _builder

    calls: list[object] = []
    monkeypatch.setattr(_builder, "load_pretrained", lambda *a, **k: calls.append(a))
    before = _builder.load_pretrained
    with _in_place_of_loading(lambda *a, **k: None):
        timm.create_model("test_vit", pretrained=True)
        assert calls == []
        thread = Thread(target=lambda: timm.create_model("test_vit", pretrained=True))
        thread.start()
        thread.join()
        assert len(calls) == 1
    assert _builder.load_pretrained is before


@pytest.mark.parametrize("prefix", ["", "backbone.", "module.backbone."])
def test_models_without_a_classifier_are_called_so(prefix: str, tmp_path: Path) -> None:
    """A checkpoint of DINO's training: a student, a teacher, and their heads for it."""
    model, path = saved("vit_tiny_patch16_224", tmp_path, num_classes=0, depth=1)
    state = {prefix + name: tensor for name, tensor in model.state_dict().items()}
    torch.save({"teacher": {**state, "head.mlp.0.weight": torch.ones(3, 3)} if prefix else state,
                "epoch": 1}, path)  # fmt: skip
    for options, error, message in (
        ({"num_classes": 0}, SplitError, r"s has no classifier \(num_classes=0\)"),
        ({}, CheckpointError, r"head\.weight is missing.*without one \(num_classes=0\)"),
    ):
        with pytest.raises(error, match=message):
            load_into_timm(
                read_checkpoint(path), "vit_tiny_patch16_224", wish=None, path=path, source="s",
                options={"depth": 1, **options},
            )  # fmt: skip


def test_a_head_on_a_model_that_timm_has_without_one() -> None:
    options = {"depth": 1, "embed_dim": 24, "num_heads": 2, "img_size": 56}
    name = "vit_small_patch14_dinov2.lvd142m"
    torch.manual_seed(0)
    model = timm.create_model(name, num_classes=7, **options)
    loaded = load_into_timm(
        {"": model.state_dict()}, name, wish=None, path=Path(), source="s", options=options
    )
    assert loaded.model.num_classes == 7


CLIPS = (
    ("vit_base_patch32_clip_224.openai", {"depth": 1}, 512),
    ("convnext_base.clip_laion2b", {"dims": (8, 8, 8, 8), "depths": (1, 1, 1, 1)}, 640),
    ("resnet50_clip.openai", {}, 1024),
)


@pytest.mark.parametrize(("name", "options", "classes"), CLIPS)
def test_a_projection_is_not_taken_for_classes(name: str, options: dict, classes: int) -> None:
    def loaded(classes: int, bias: float):
        model = timm.create_model(name, num_classes=classes, **options)
        state = model.state_dict()
        last = [key for key in state if key.endswith(".bias")][-1]
        if len(state[last]) == classes:
            state[last].fill_(bias)
        load_into_timm({"": state}, name, wish=None, path=Path(), source="s", options=options)

    with pytest.raises(SplitError, match=f"s ends in CLIP's projection onto {classes} numbers"):
        loaded(classes, 0.0)
    loaded(classes, 0.1)  # trained as a classifier
    loaded(7, 0.0)


def test_weights_are_chosen_in_checkpoints_alone() -> None:
    with pytest.raises(NetworkError, match="'weights' chooses among those of a file"):
        load("timm:test_vit?weights=ema")


def test_a_checkpoint_of_another_model(tmp_path: Path) -> None:
    _, path = saved("resnet18", tmp_path)
    with pytest.raises(CheckpointError, match="not a checkpoint of timm:mobilenetv3_small_050"):
        opened("mobilenetv3_small_050", path)


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


def test_check_shows_what_the_loader_did(tmp_path: Path) -> None:
    from samefeatures.study.checking import check_networks

    _, path = saved("test_resnet", tmp_path, num_classes=7)
    state = {f"module.{key}": t for key, t in torch.load(path).items() if "num_batches" not in key}
    torch.save({"state_dict": state, "state_dict_ema": state, "args": Namespace()}, path)
    (checked,) = check_networks([f"timm:test_resnet?checkpoint={path}"])
    rows = checked.rows()
    assert rows["weights"] == (
        "state_dict_ema, a running average (EMA); ?weights=raw takes state_dict"
    )
    assert rows["prefix"] == "module. taken off the names"
    assert rows["filled in"] == "15 counters (num_batches_tracked), without effect"


def test_classes_of_timms_own_weights_are_synsets() -> None:
    names = _class_names(timm, timm.create_model("resnet10t"))
    assert {name: i for i, name in enumerate(names)} == dict(imagenet_index())
    assert _class_names(timm, timm.create_model("resnet10t", num_classes=7)) == ()
    large = _class_names(timm, timm.create_model("resnet10t", num_classes=21_843))
    assert len(large) == 21_843
    assert len(set(large) & set(names)) == 999  # timm's list calls the teddy bear otherwise
