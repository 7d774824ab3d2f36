"""The ten miniatures by name: one per network of Table 5.1 of the thesis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from samefeatures.networks.source import look_up


@dataclass(frozen=True, slots=True)
class MiniatureSpec:
    """Name, the network it stands for, where its PyTorch definition is, and its seed."""

    name: str
    stands_for: str
    family: str
    module: str
    feature_dim: int
    seed: int


# fmt: off
_SPECS = (
    MiniatureSpec("inception_v1", "Inception-v1", "Inception", "inception", 56, 1),
    MiniatureSpec("inception_v2", "Inception-v2", "Inception", "inception", 60, 2),
    MiniatureSpec("mobilenet_v2", "MobileNet-v2-1.4-224", "MobileNet", "resnet", 88, 3),
    MiniatureSpec("resnet_v1", "ResNet-v1-152", "ResNet", "resnet", 96, 4),
    MiniatureSpec("resnet_v2", "ResNet-v2-152", "ResNet", "resnet", 104, 5),
    MiniatureSpec("inception_v3", "Inception-v3", "Inception", "inception", 100, 6),
    MiniatureSpec("inception_v4", "Inception-v4", "Inception", "inception", 76, 7),
    MiniatureSpec("inception_resnet_v2", "Inception-ResNet-v2", "Inception-ResNet", "inception",
                  80, 8),
    MiniatureSpec("nasnet", "NASNet-Large", "NASNet", "nas", 132, 9),
    MiniatureSpec("pnasnet", "PNASNet-Large", "NASNet", "nas", 140, 10),
)
# fmt: on
MINIATURES: Mapping[str, MiniatureSpec] = {spec.name: spec for spec in _SPECS}
NAMES: tuple[str, ...] = tuple(MINIATURES)


def find_miniature(name: str) -> MiniatureSpec:
    """The miniature of a name.

    Raises:
        NetworkError: naming the nearest.
    """
    return look_up(name, MINIATURES, "There is no miniature")
