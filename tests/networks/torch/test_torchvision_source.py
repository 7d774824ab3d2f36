"""``torchvision:`` networks against torchvision's own logits and transforms."""

from __future__ import annotations

import argparse
import re
import urllib.error
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from samefeatures.base.errors import NetworkError, SplitError
from samefeatures.networks.load import load
from samefeatures.networks.proof import probe_images
from samefeatures.networks.record import ImageNetwork
from samefeatures.networks.torch.torchvision import _rename
from samefeatures.networks.torch.weights import Recipe, load_weights


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


FAMILIES = (
    "alexnet", "densenet121", "efficientnet_b0", "mnasnet0_5", "mobilenet_v2",
    "mobilenet_v3_small", "regnet_y_400mf", "resnet18", "shufflenet_v2_x0_5",
)  # fmt: skip
"""The smallest of the families that are small."""


def agrees(source: str, model: torch.nn.Module) -> ImageNetwork:
    network = load(source, threads=1)
    assert isinstance(network, ImageNetwork)
    images = probe_images(network.preprocessing, count=2, seed=3)
    with torch.inference_mode():
        logits = model(torch.from_numpy(images)).numpy()
    ours = network.head.logits(network.backend.features(images))
    np.testing.assert_allclose(ours, logits, atol=1e-5 * abs(logits).max())
    return network


@pytest.mark.parametrize("name", FAMILIES)
def test_fine_tuned_networks_have_the_classes_of_the_file(name: str, tmp_path: Path) -> None:
    model, path = saved(name, tmp_path, num_classes=7)
    assert agrees(f"torchvision:{name}?checkpoint={path}", model).head.classes == 7


@pytest.mark.parametrize(
    ("name", "aux"), [("googlenet", 1000), ("inception_v3", 7), ("inception_v3", 1000)]
)
def test_heads_for_training_may_be_left_behind(name: str, aux: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = torchvision.models.get_model(
        name, weights=None, init_weights=False, aux_logits=True, num_classes=aux
    )
    model.fc = torch.nn.Linear(model.fc.in_features, 7)
    torch.save(model.eval().state_dict(), tmp_path / "net.pt")
    network = agrees(f"torchvision:{name}?checkpoint={tmp_path / 'net.pt'}", model)
    assert network.head.classes == 7
    with_transform = load(network.source, preprocessing={"mean": [0.5] * 3, "std": [0.5] * 3})
    assert isinstance(with_transform, ImageNetwork)
    (note,) = network.notes
    assert "transform_input" in note
    model.transform_input = True
    pixels = np.random.default_rng(0).integers(0, 256, (2, 299, 299, 3), dtype=np.uint8)
    images, others = (n.preprocessing.normalise(pixels) for n in (network, with_transform))
    with torch.inference_mode():
        logits = model(torch.from_numpy(images)).numpy()
    ours = with_transform.head.logits(with_transform.backend.features(others))
    np.testing.assert_allclose(ours, logits, atol=1e-4 * abs(logits).max())
    assert ("ux" in network.loading.get("passed over", "")) == (aux == 1000)


@pytest.mark.parametrize("name", ["mnasnet0_5", "mnasnet1_0"])
@pytest.mark.parametrize("version", [None, 1, 2])
@pytest.mark.filterwarnings("ignore:A new version of MNASNet")
def test_versions_of_mnasnet(name: str, version: int | None, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = torchvision.models.get_model(name, weights=None, num_classes=7)
    if version == 1:
        model._load_from_state_dict({}, "", {"version": 1}, False, [], [], [])
    state, path = model.eval().state_dict(), tmp_path / "net.pt"
    torch.save(dict(state) if version is None else {"state_dict": state}, path)
    agrees(f"torchvision:{name}?checkpoint={path}", model)


def test_names_of_old_densenets(tmp_path: Path) -> None:
    model, path = saved("densenet121", tmp_path)
    old = {
        re.sub(r"((?:norm|conv))([12])\.", r"\1.\2.", n): t for n, t in model.state_dict().items()
    }
    old = {name: tensor for name, tensor in old.items() if "num_batches_tracked" not in name}
    torch.save({"state_dict": {f"module.{name}": tensor for name, tensor in old.items()}}, path)
    network = agrees(f"torchvision:densenet121?checkpoint={path}", model)
    assert list(network.loading) == ["weights", "prefix", "renamed", "filled in"]
    assert "norm.1.weight" in network.loading["renamed"]


def test_names_of_old_transformers() -> None:
    def build(classes: int | None) -> torch.nn.Module:
        return torchvision.models.VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=classes or 10)

    model = build(7)
    old = {
        name.replace("mlp.0.", "mlp.linear_1.").replace("mlp.3.", "mlp.linear_2."): tensor
        for name, tensor in model.state_dict().items()
    }
    assert "encoder.layers.encoder_layer_0.mlp.linear_1.weight" in old
    recipe = Recipe(build=build, rename=_rename)
    loaded = load_weights({"": old}, recipe, wish=None, path=Path(), source="vit").model
    x = torch.rand(2, 3, 32, 32)
    with torch.inference_mode():
        assert torch.equal(loaded.eval()(x), model.eval()(x))


@pytest.mark.parametrize("wish", ["ema", "raw"])
def test_the_average_or_the_raw_weights(wish: str, tmp_path: Path) -> None:
    models = {}
    for seed, name in enumerate(("raw", "ema")):
        torch.manual_seed(seed)
        models[name] = torchvision.models.mobilenet_v3_small(num_classes=7).eval()
    average = torch.optim.swa_utils.AveragedModel(models["ema"])
    path = tmp_path / "model_3.pth"
    torch.save({"model": models["raw"].state_dict(), "model_ema": average.state_dict(),
                "args": argparse.Namespace(lr=0.5), "epoch": 3}, path)  # fmt: skip
    source = f"torchvision:mobilenet_v3_small?checkpoint={path}"
    network = agrees(f"{source}&weights={wish}", models[wish])
    assert network.loading["weights"].startswith("model_ema" if wish == "ema" else "model;")
    if wish == "ema":
        assert agrees(source, models["ema"]).fingerprint == network.fingerprint
        assert network.loading["beside"] == "1 tensor beside the network, left out: n_averaged"


def test_no_internet_is_one_line_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*args, **options):
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(torchvision.models, "get_model", offline)
    with pytest.raises(NetworkError, match=r"no route.*torchvision:resnet18\?checkpoint=PATH"):
        load("torchvision:resnet18")
