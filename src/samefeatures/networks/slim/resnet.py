"""ResNet v1 and v2 as TF-Slim defines them (needs torch).

They differ from other definitions in two ways: the stride stands in the last unit of a block, not
in the first, and strided 3x3 convolutions are padded the same way whatever the size.

Sources: ``resnet_v1`` and ``resnet_v2`` of TF-Slim 1.1.0; He et al., Deep Residual Learning for
Image Recognition (2016) and Identity Mappings in Deep Residual Networks (2016).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from samefeatures.networks.slim.layers import BatchNorm, Conv, MaxPool, Norm, chain

NORM = Norm(eps=1e-5, scale=True)
UNITS: Mapping[int, tuple[int, int, int, int]] = {
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
    200: (3, 24, 36, 3),
}
"""Layers of a network to the units of its four blocks."""


class Unit(nn.Module):
    """1x1, 3x3, 1x1, added to the shortcut.

    Version 1 has ReLU at its end; version 2 batch norm and ReLU first, and nothing behind.
    """

    def __init__(self, version: int, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs, self.stride = 4 * width, stride
        last = NORM if version == 1 else None
        self.preact = None if version == 1 else BatchNorm(inputs, NORM)
        self.shortcut = (
            None
            if inputs == outputs
            else Conv(inputs, outputs, 1, stride=stride, norm=last, activation=None)
        )
        self.conv1 = Conv(inputs, width, 1, norm=NORM)
        self.conv2 = Conv(width, width, 3, stride=stride, norm=NORM, padding="fixed")
        self.conv3 = Conv(width, outputs, 1, norm=last, activation=None)

    def forward(self, x: Tensor) -> Tensor:
        """(b, inputs, h, w) to (b, outputs, h / stride, w / stride)."""
        ready = x if self.preact is None else F.relu(self.preact(x))
        kept = x[:, :, :: self.stride, :: self.stride] if self.shortcut is None else None
        short = self.shortcut(ready) if self.shortcut is not None else kept
        out: Tensor = short + self.conv3(self.conv2(self.conv1(ready)))
        return F.relu(out) if self.preact is None else out


class Rectified(nn.Module):
    """ReLU of a batch norm; the norm's variables stand in this scope."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = BatchNorm(channels, NORM)
        self.variables = self.norm.variables

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) to the same shape."""
        return F.relu(self.norm(x))


def resnet(version: int, layers: int) -> nn.Sequential:
    """(b, 3, h, w) to (b, 2048, h / 32, w / 32).

    Args:
        version: 1 or 2.
        layers: A key of ``UNITS``.
    """
    norm, activation = (NORM, "relu") if version == 1 else (None, None)
    parts: dict[str, nn.Module] = {
        "conv1": Conv(3, 64, 7, stride=2, norm=norm, activation=activation, padding="fixed"),  # type: ignore[arg-type]
        "pool1": MaxPool(3, 2),
    }
    inputs = 64
    for block, (units, width) in enumerate(zip(UNITS[layers], (64, 128, 256, 512), strict=True), 1):
        inside: dict[str, nn.Module] = {}
        for at in range(1, units + 1):
            stride = 2 if at == units and block < 4 else 1
            unit = Unit(version, inputs, width, stride)
            inside[f"unit_{at}"] = chain(**{f"bottleneck_v{version}": unit})
            inputs = 4 * width
        parts[f"block{block}"] = chain(**inside)
    if version == 2:
        parts["postnorm"] = Rectified(inputs)
    return chain(**parts)
