"""Checkpoints whose head was replaced before training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from samefeatures.base.errors import CheckpointError
from samefeatures.networks.load import load
from samefeatures.networks.proof import probe_images
from samefeatures.networks.record import ImageNetwork
from samefeatures.networks.torch.replaced import replaced_head

models = pytest.importorskip("torchvision.models")
SHUFFLE, MOBILE = "shufflenet_v2_x0_5", "mobilenet_v3_small"


def row(*layers: nn.Module) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(*layers)


def made(name: str, place: str, head: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    model: nn.Module = models.get_model(name, weights=None)
    parent, _, last = place.rpartition(".")
    setattr(model.get_submodule(parent), last, head)
    return model.eval()


@pytest.mark.parametrize(
    ("name", "place", "head", "layer"),
    [
        (SHUFFLE, "fc", row(nn.Dropout(0.2), nn.Linear(1024, 5)), "fc.1"),
        (SHUFFLE, "fc", row(nn.Identity(), nn.Linear(1024, 5, bias=False)), "fc.1"),
        (SHUFFLE, "fc", row(nn.Linear(1024, 5)), "fc.0"),
        (MOBILE, "classifier", lambda: nn.Linear(576, 5), "classifier"),
        (MOBILE, "classifier", row(nn.Linear(576, 5)), "classifier.0"),
        (MOBILE, "classifier", row(nn.Dropout(0.2), nn.Linear(576, 5)), "classifier.1"),
        (MOBILE, "classifier.3", row(nn.Dropout(0.2), nn.Linear(1024, 5)), "classifier.3.1"),
    ],
)
def test_one_linear_layer_is_the_head(
    tmp_path: Path, name: str, place: str, head: Callable[[], nn.Module], layer: str
) -> None:
    model = made(name, place, head())
    torch.save(
        {"state_dict": {f"module.{k}": v for k, v in model.state_dict().items()}}, tmp_path / "a.pt"
    )
    network = load(f"torchvision:{name}?checkpoint={tmp_path / 'a.pt'}", threads=1)
    assert isinstance(network, ImageNetwork)
    images = probe_images(network.preprocessing, count=2)
    with torch.no_grad():
        expected = model(torch.from_numpy(images)).numpy()
    logits = network.head.logits(network.backend.features(images))
    np.testing.assert_allclose(logits, expected, atol=1e-5 * np.abs(expected).max())
    dropout = layer.endswith(".1")
    assert network.loading["head"].startswith(f"'{layer}' for '{place}': one linear layer")
    assert ("taken for dropout" in network.loading["head"]) == dropout


@pytest.mark.parametrize(
    ("name", "place", "head", "layers"),
    [
        (SHUFFLE, "fc", row(nn.Linear(1024, 8), nn.ReLU(), nn.Linear(8, 5)), "fc.0, fc.2"),
        (SHUFFLE, "fc", row(nn.BatchNorm1d(1024), nn.Linear(1024, 5)), "fc.0, fc.1"),
        (SHUFFLE, "fc", row(nn.Flatten(), nn.ReLU(), nn.Linear(1024, 5)), "fc.2"),
        (
            MOBILE,
            "classifier",
            row(nn.Linear(576, 8), nn.Linear(8, 5)),
            "classifier.0, classifier.1",
        ),
    ],
)
def test_of_other_heads_the_file_does_not_say_enough(
    tmp_path: Path, name: str, place: str, head: Callable[[], nn.Module], layers: str
) -> None:
    torch.save(made(name, place, head()).state_dict(), tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=rf"replaced by layers \({layers}\).*python:module"):
        load(f"torchvision:{name}?checkpoint={tmp_path / 'a.pt'}")


def without(weights: dict[str, Any], start: str) -> dict[str, Any]:
    return {name: value for name, value in weights.items() if not name.startswith(start)}


def test_what_is_no_replaced_head() -> None:
    model = made(SHUFFLE, "fc", nn.Linear(1024, 1000))
    whole = dict(model.state_dict())
    assert replaced_head(whole, model) is None
    assert replaced_head(without(whole, "fc."), model) is None, "there is none"
    other = {**whole, "fc.weight": whole["fc.weight"][:5], "fc.bias": whole["fc.bias"][:5]}
    assert replaced_head(other, model) is None, "other classes alone"
    assert replaced_head(without(whole, "fc.bias"), model) is None, "training made it"
    assert replaced_head({**whole, "more.weight": whole["fc.weight"]}, model) is None
    stem = {**without(whole, "conv1"), "conv1.1.weight": whole["conv1.0.weight"]}
    assert replaced_head(stem, model) is None, "it is not the last layer"
    both = without(stem, "fc.") | {"fc.1.weight": whole["fc.weight"]}
    assert replaced_head(both, model) is None
