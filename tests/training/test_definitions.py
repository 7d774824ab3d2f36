"""Each definition is that of the network that ships, and keeps its family's idea."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from torch import nn

import samefeatures as sf
from samefeatures.networks.miniatures.catalogue import MINIATURES, MiniatureSpec
from samefeatures_training.train import Recipe, build

WEIGHTS = Path(sf.__file__).parent / "networks" / "miniatures" / "weights"


@pytest.mark.parametrize("spec", MINIATURES.values(), ids=MINIATURES)
def test_the_definition_is_that_of_the_shipped_network(spec: MiniatureSpec) -> None:
    model = build(spec)
    meta = json.loads((WEIGHTS / spec.name / "meta.json").read_text())
    assert sum(p.numel() for p in model.parameters()) == meta["parameters"]
    assert asdict(Recipe()) == meta["recipe"]
    assert model(torch.zeros(2, 3, 28, 28)).shape == (2, 10)


def layers(name: str, kind: type[nn.Module]) -> list[nn.Module]:
    return [m for m in build(MINIATURES[name]).modules() if isinstance(m, kind)]


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
