"""The ten miniatures by name: one per network of Table 5.1 of the thesis."""

from __future__ import annotations

from dataclasses import dataclass

from samefeatures.base.errors import NetworkError
from samefeatures.base.options import check_known


@dataclass(frozen=True, slots=True)
class MiniatureSpec:
    """Name, the network it stands for, where its PyTorch definition is, and its seed."""

    name: str
    stands_for: str
    family: str
    module: str
    feature_dim: int
    seed: int


MINIATURES: tuple[MiniatureSpec, ...] = (
    MiniatureSpec("inception_v1", "Inception-v1", "Inception", "inception", 56, 1),
    MiniatureSpec("inception_v2", "Inception-v2", "Inception", "inception", 60, 2),
    MiniatureSpec("mobilenet_v2", "MobileNet-v2-1.4-224", "MobileNet", "resnet", 88, 3),
    MiniatureSpec("resnet_v1", "ResNet-v1-152", "ResNet", "resnet", 96, 4),
    MiniatureSpec("resnet_v2", "ResNet-v2-152", "ResNet", "resnet", 104, 5),
    MiniatureSpec("inception_v3", "Inception-v3", "Inception", "inception", 100, 6),
    MiniatureSpec("inception_v4", "Inception-v4", "Inception", "inception", 76, 7),
    MiniatureSpec(
        "inception_resnet_v2", "Inception-ResNet-v2", "Inception-ResNet", "inception", 80, 8
    ),
    MiniatureSpec("nasnet", "NASNet-Large", "NASNet", "nas", 132, 9),
    MiniatureSpec("pnasnet", "PNASNet-Large", "NASNet", "nas", 140, 10),
)

NAMES: tuple[str, ...] = tuple(spec.name for spec in MINIATURES)


def check_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """The same names, if all of them are miniatures.

    Raises:
        NetworkError: naming the first that is not.
    """
    for name in names:
        check_known(name, NAMES, "There is no miniature", NetworkError)
    return names
