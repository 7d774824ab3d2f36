"""timm models in the layout of the Hub against timm's own features and logits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
import transformers
from hf_models import edit_config, save_timm
from PIL import Image

from samefeatures.base.errors import CheckpointError, NetworkError, SplitError
from samefeatures.networks.hub.processor import probe_pictures
from samefeatures.networks.load import load
from samefeatures.networks.proof import probe_images
from samefeatures.networks.record import ImageNetwork


def opened(folder: Path, query: str = "") -> ImageNetwork:
    network = load(f"hf:{folder}{query}", threads=1)
    assert isinstance(network, ImageNetwork)
    return network


def agrees(folder: Path, pictures: list[Image.Image]) -> None:
    network = opened(folder)
    model = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    config = timm.data.resolve_data_config({}, model=model)
    transform = timm.data.create_transform(**config, is_training=False)
    x = torch.stack([transform(picture) for picture in pictures])
    with torch.inference_mode():
        features = model.forward_head(model.forward_features(x), pre_logits=True).numpy()
        logits = model(x).numpy()
    prep = network.preprocessing
    ours = network.backend.features(prep.normalise(np.stack([prep.pixels(p) for p in pictures])))
    for mine, theirs in ((ours, features), (network.head.logits(ours), logits)):
        np.testing.assert_allclose(mine, theirs, atol=1e-4 * abs(theirs).max(), rtol=0)
    assert logits.std(axis=0).min() > 0
    assert "timm" in network.backend.runtime


@pytest.mark.parametrize("name", ["resnet10t", "vit_tiny_patch16_224", "convnext_atto"])
def test_features_and_logits_are_those_of_timm(name: str, tmp_path: Path) -> None:
    agrees(save_timm(name, tmp_path, num_classes=11), probe_pictures())


def test_on_real_images(tmp_path: Path, shared_data: Path) -> None:
    paths = sorted((shared_data / "images" / "imagenet-sample").glob("*/*"))[:8]
    pictures = [Image.open(path).convert("RGB") for path in paths]
    agrees(save_timm("resnet10t", tmp_path, num_classes=11), pictures)


def test_weights_are_those_of_the_folder(tmp_path: Path) -> None:
    save_timm("resnet10t", tmp_path, num_classes=11)
    torch.manual_seed(0)
    own = timm.create_model("resnet10t", num_classes=11)
    np.testing.assert_array_equal(opened(tmp_path).head.weight, own.fc.weight.detach().numpy())


def test_arguments_of_the_model_are_kept_and_fingerprinted(tmp_path: Path) -> None:
    plain = save_timm("vit_tiny_patch16_224", tmp_path / "a", num_classes=11)
    torch.manual_seed(0)
    model = timm.create_model("vit_tiny_patch16_224", num_classes=11, global_pool="avg")
    args = {"global_pool": "avg"}
    timm.models.save_for_hf(model, tmp_path / "b", model_args=args, safe_serialization=True)
    agrees(tmp_path / "b", probe_pictures())
    assert opened(tmp_path / "b").fingerprint != opened(plain).fingerprint


def test_a_background_class(tmp_path: Path) -> None:
    save_timm("resnet10t", tmp_path, num_classes=1001)
    assert opened(tmp_path).head.classes == 1001
    (note,) = opened(tmp_path).notes
    assert "?background=drop" in note
    assert opened(tmp_path, "?background=drop").head.classes == 1000
    edit_config(tmp_path, label_names=["background", *[f"c{i}" for i in range(1, 1001)]])
    assert opened(tmp_path).head.classes == 1000
    assert opened(tmp_path).class_names == tuple(f"c{i}" for i in range(1, 1001))
    kept = opened(tmp_path, "?background=keep")
    assert (kept.head.classes, kept.class_names[:2]) == (1001, ("background", "c1"))


@pytest.mark.parametrize("knows_its_input", [True, False])
def test_models_that_transformers_saved(tmp_path: Path, knows_its_input: bool) -> None:
    torch.manual_seed(0)
    own = timm.create_model("test_vit").pretrained_cfg | {"mean": (0.4, 0.5, 0.6)}
    more = {"pretrained_cfg": own} if knows_its_input else {}
    config = transformers.TimmWrapperConfig(architecture="test_vit", num_labels=7, **more)
    model = transformers.TimmWrapperForImageClassification(config).eval()
    model.save_pretrained(tmp_path)
    assert '"model_args": null' in (tmp_path / "config.json").read_text()
    network = opened(tmp_path)
    assert network.preprocessing.input_size == (3, 160, 160)
    assert (network.preprocessing.mean == (0.4, 0.5, 0.6)) == knows_its_input
    images = probe_images(network.preprocessing, count=2, seed=3)
    with torch.inference_mode():
        logits = model(torch.from_numpy(images)).logits.numpy()
    ours = network.head.logits(network.backend.features(images))
    np.testing.assert_allclose(ours, logits, atol=1e-5 * abs(logits).max())
    assert network.loading == {"prefix": "timm_model. taken off the names"}


def test_models_without_a_classifier(tmp_path: Path) -> None:
    save_timm("test_vit", tmp_path, num_classes=0)
    with pytest.raises(SplitError, match=r"has no classifier \(num_classes=0\)"):
        opened(tmp_path)


def test_an_unknown_architecture(tmp_path: Path) -> None:
    save_timm("resnet10t", tmp_path)
    edit_config(tmp_path, architecture="resnet10tt")
    with pytest.raises(NetworkError, match=r"'resnet10tt' of timm, .*Did you mean 'resnet10t'"):
        opened(tmp_path)


def test_another_number_of_classes(tmp_path: Path) -> None:
    save_timm("resnet10t", tmp_path, num_classes=11)
    edit_config(tmp_path, num_classes=9, model_args=None)
    with pytest.raises(CheckpointError, match="says 9 classes and its weights have 11") as caught:
        opened(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_config_that_contradicts_itself_does_not_get_a_random_head(tmp_path: Path) -> None:
    save_timm("resnet10t", tmp_path, num_classes=11)
    edit_config(tmp_path, num_classes=9)
    with pytest.raises(CheckpointError, match="says 9 classes and its weights have 11"):
        opened(tmp_path)


def test_weights_of_another_model(tmp_path: Path) -> None:
    save_timm("resnet10t", tmp_path)
    edit_config(tmp_path, architecture="resnet18")
    with pytest.raises(CheckpointError, match=r"\d+ tensors do not fit.*is missing.*…"):
        opened(tmp_path)


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('this code was run')",)


def test_code_in_weights_is_never_run(tmp_path: Path) -> None:
    (save_timm("resnet10t", tmp_path) / "model.safetensors").unlink()
    for path in tmp_path.glob("*.bin"):
        path.unlink()
    torch.save({"fc.weight": Trap()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="would run code from the file"):
        opened(tmp_path)


def test_weights_in_parts_and_averages(tmp_path: Path) -> None:
    torch.manual_seed(0)
    states = {}
    for key in ("state_dict", "state_dict_ema"):
        states[key] = timm.create_model("test_vit", num_classes=7).state_dict()
    save_timm("test_vit", tmp_path, num_classes=7)
    for path in [*tmp_path.glob("*.safetensors"), *tmp_path.glob("*.bin")]:
        path.unlink()
    torch.save(states, tmp_path / "pytorch_model.bin")
    averaged = states["state_dict_ema"]
    head = averaged["head.weight"].numpy()
    np.testing.assert_array_equal(opened(tmp_path).head.weight, head)
    (tmp_path / "pytorch_model.bin").unlink()
    names = list(averaged)
    parts = {"a.bin": names[:40], "b.bin": names[40:]}
    for file, some in parts.items():
        torch.save({name: averaged[name] for name in some}, tmp_path / file)
    index = {name: file for file, some in parts.items() for name in some}
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": index}))
    np.testing.assert_array_equal(opened(tmp_path).head.weight, head)


def test_truncated_weights(tmp_path: Path) -> None:
    path = save_timm("resnet10t", tmp_path) / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match="cut short"):
        opened(tmp_path)
