"""The names of ``slim:``, and what each is built of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class Definition:
    """A network of TF-Slim.

    Attributes:
        name: TF-Slim's name of it.
        scope: Scope of all its variables.
        head: Scope of its last layer, below ``scope``.
        dim: Length of its feature vector.
        size: Side of the input that it was published for.
        build: Makes everything before the pooling; imports torch.
    """

    name: str
    scope: str
    head: str
    dim: int
    size: int
    build: Callable[[], nn.Sequential]


def _inception(version: int) -> Callable[[], nn.Sequential]:
    def build() -> nn.Sequential:
        from samefeatures.networks.slim import inception

        made: nn.Sequential = getattr(inception, f"inception_v{version}")()
        return made

    return build


def _resnet(version: int, layers: int) -> Callable[[], nn.Sequential]:
    def build() -> nn.Sequential:
        from samefeatures.networks.slim.resnet import resnet

        return resnet(version, layers)

    return build


def _mobilenet(percent: int) -> Callable[[], nn.Sequential]:
    def build() -> nn.Sequential:
        from samefeatures.networks.slim.mobilenet import mobilenet_v2

        return mobilenet_v2(percent / 100)

    return build


def _definitions() -> list[Definition]:
    out = [
        Definition("inception_v1", "InceptionV1", "Logits/Conv2d_0c_1x1", 1024, 224, _inception(1)),
        Definition("inception_v2", "InceptionV2", "Logits/Conv2d_1c_1x1", 1024, 224, _inception(2)),
    ]
    for version in (1, 2):
        for layers in (50, 101, 152, 200):
            name = f"resnet_v{version}_{layers}"
            size = 224 if version == 1 else 299
            out.append(Definition(name, name, "logits", 2048, size, _resnet(version, layers)))
    for percent, dim in ((35, 1280), (50, 1280), (75, 1280), (100, 1280), (130, 1664), (140, 1792)):
        name, head = f"mobilenet_v2_{percent:03}", "Logits/Conv2d_1c_1x1"
        out.append(Definition(name, "MobilenetV2", head, dim, 224, _mobilenet(percent)))
    return out


DEFINITIONS: Mapping[str, Definition] = {entry.name: entry for entry in _definitions()}
"""By name."""
