"""Miniature ResNets v1 and v2 and MobileNet v2 (PyTorch).

References: He et al. 2016a (post-activation), He et al. 2016b (pre-activation),
Sandler et al. 2018 (inverted residuals and linear bottlenecks).
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import Sequential

from samefeatures_training.blocks import Miniature, conv_bn


class PostActivation(nn.Module):
    """ResNet v1 bottleneck: ReLU after the addition."""

    def __init__(self, inputs: int, width: int, *, stride: int = 1) -> None:
        super().__init__()
        outputs = 4 * width
        self.residual = Sequential(
            conv_bn(inputs, width),
            conv_bn(width, width, 3, stride=stride),
            conv_bn(width, outputs, activation=None),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = conv_bn(inputs, outputs, stride=stride, activation=None)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(b, inputs, h, w) to (b, 4 * width, h / stride, w / stride)."""
        out: Tensor = self.relu(self.shortcut(x) + self.residual(x))
        return out


def resnet_v1() -> Miniature:
    """Residual bottlenecks, activation after the addition."""
    body = Sequential(
        conv_bn(3, 32, 3, stride=2),
        PostActivation(32, 14),
        PostActivation(56, 14),
        PostActivation(56, 24, stride=2),
        PostActivation(96, 24),
        PostActivation(96, 24),
    )
    return Miniature(body, 96)


class PreActivation(nn.Module):
    """ResNet v2 bottleneck: batch norm and ReLU before each convolution, a clean shortcut."""

    def __init__(self, inputs: int, width: int, *, stride: int = 1) -> None:
        super().__init__()
        outputs = 4 * width
        self.first = Sequential(nn.BatchNorm2d(inputs), nn.ReLU())
        self.residual = Sequential(
            conv_bn(inputs, width),
            conv_bn(width, width, 3, stride=stride),
            nn.Conv2d(width, outputs, 1),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Conv2d(inputs, outputs, 1, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        """(b, inputs, h, w) to (b, 4 * width, h / stride, w / stride)."""
        active = self.first(x)
        skip = x if isinstance(self.shortcut, nn.Identity) else self.shortcut(active)
        out: Tensor = skip + self.residual(active)
        return out


def resnet_v2() -> Miniature:
    """Residual bottlenecks, activation before each convolution and once at the end."""
    body = Sequential(
        nn.Conv2d(3, 32, 3, stride=2, padding=1),
        PreActivation(32, 14),
        PreActivation(56, 14),
        PreActivation(56, 26, stride=2),
        PreActivation(104, 26),
        PreActivation(104, 26),
        nn.BatchNorm2d(104),
        nn.ReLU(),
    )
    return Miniature(body, 104)


class InvertedResidual(nn.Module):
    """Expand 1x1, depthwise 3x3, project 1x1 without activation; add when shapes agree."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1, expand: int = 4) -> None:
        super().__init__()
        width = inputs * expand
        self.block = Sequential(
            conv_bn(inputs, width, activation=nn.ReLU6),
            conv_bn(width, width, 3, stride=stride, groups=width, activation=nn.ReLU6),
            conv_bn(width, outputs, activation=None),
        )
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(b, inputs, h, w) to (b, outputs, h / stride, w / stride)."""
        out: Tensor = self.block(x)
        return x + out if self.adds else out


def _widened(channels: int, *, width: float = 1.4, divisor: int = 4) -> int:
    """Channels times the width multiplier, rounded to a multiple of ``divisor``."""
    return max(divisor, int(channels * width + divisor / 2) // divisor * divisor)


def mobilenet_v2() -> Miniature:
    """Inverted residuals with linear bottlenecks, width 1.4."""
    stem, low, middle, high, last = (_widened(c) for c in (12, 12, 16, 24, 64))
    body = Sequential(
        conv_bn(3, stem, 3, stride=2, activation=nn.ReLU6),
        InvertedResidual(stem, low),
        InvertedResidual(low, low),
        InvertedResidual(low, middle, stride=2),
        InvertedResidual(middle, middle),
        InvertedResidual(middle, high),
        InvertedResidual(high, high),
        conv_bn(high, last, activation=nn.ReLU6),
    )
    return Miniature(body, last)
