"""Miniature Inceptions: v1, v2, v3, v4 and Inception-ResNet v2 (PyTorch).

References: Szegedy et al. 2015 (v1), Ioffe & Szegedy 2015 (v2), Szegedy et al. 2016 (v3),
Szegedy et al. 2017 (v4 and Inception-ResNet).
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import Sequential

from samefeatures_training.blocks import (
    Branches,
    Miniature,
    avg_pool,
    conv_bn,
    conv_relu,
    max_pool,
    path,
)


def _module_v1(
    inputs: int, one: int, three: tuple[int, int], five: tuple[int, int], pool: int
) -> Branches:
    """Parallel 1x1, 3x3, 5x5 and pooling branches, without normalisation."""
    return Branches(
        conv_relu(inputs, one),
        Sequential(conv_relu(inputs, three[0]), conv_relu(*three, 3)),
        Sequential(conv_relu(inputs, five[0]), conv_relu(*five, 5)),
        Sequential(max_pool(), conv_relu(inputs, pool)),
    )


def inception_v1() -> Miniature:
    """GoogLeNet's idea: every scale side by side, 1x1 convolutions to make it cheap."""
    body = Sequential(
        conv_relu(3, 24, 5, stride=2),
        conv_relu(24, 16),
        conv_relu(16, 32, 3),
        _module_v1(32, 16, (12, 24), (4, 8), 8),
        max_pool(stride=2),
        _module_v1(56, 24, (16, 32), (6, 12), 12),
        _module_v1(80, 16, (16, 24), (6, 8), 8),
    )
    return Miniature(body, 56)


def _module_v2(
    inputs: int, one: int, three: tuple[int, int], double: tuple[int, int], pool: int
) -> Branches:
    """Batch norm everywhere; the 5x5 branch is two 3x3."""
    return Branches(
        conv_bn(inputs, one),
        path(inputs, (three[0], 1), (three[1], 3)),
        path(inputs, (double[0], 1), (double[1], 3), (double[1], 3)),
        Sequential(avg_pool(), conv_bn(inputs, pool)),
    )


def _grid_reduction_v2(inputs: int, three: tuple[int, int], double: tuple[int, int]) -> Branches:
    """Halve the grid inside the module, the pooling branch passing its input through."""
    return Branches(
        path(inputs, (three[0], 1), (three[1], 3, 2)),
        path(inputs, (double[0], 1), (double[1], 3), (double[1], 3, 2)),
        max_pool(stride=2),
    )


def inception_v2() -> Miniature:
    """BN-Inception: batch norm, two 3x3 for a 5x5, strided modules between the grids."""
    body = Sequential(
        conv_bn(3, 24, 5, stride=2),
        conv_bn(24, 16),
        conv_bn(16, 32, 3),
        _module_v2(32, 12, (12, 16), (8, 12), 8),
        _grid_reduction_v2(48, (16, 24), (8, 12)),
        _module_v2(84, 20, (16, 28), (12, 16), 12),
        _module_v2(76, 16, (16, 20), (10, 12), 12),
    )
    return Miniature(body, 60)


def _module_v3(inputs: int, width: int, outputs: int, n: int) -> Branches:
    """An n x n convolution as 1 x n and n x 1, once and twice."""
    once = ((width, 1), (width, (1, n)), (width, (n, 1)))
    return Branches(
        conv_bn(inputs, outputs),
        path(inputs, *once[:2], (outputs, (n, 1))),
        path(inputs, *once, (width, (1, n)), (outputs, (n, 1))),
        Sequential(avg_pool(), conv_bn(inputs, outputs)),
    )


def _expanded_v3(inputs: int, width: int, outputs: int) -> Branches:
    """The last module of v3: 1x3 and 3x1 side by side, their outputs concatenated."""

    def fan(channels: int) -> Branches:
        return Branches(conv_bn(channels, outputs, (1, 3)), conv_bn(channels, outputs, (3, 1)))

    return Branches(
        Sequential(conv_bn(inputs, width), fan(width)),
        Sequential(path(inputs, (width, 1), (width, 3)), fan(width)),
        Sequential(avg_pool(), conv_bn(inputs, outputs)),
    )


def inception_v3() -> Miniature:
    """Factorised convolutions: n x 1 after 1 x n."""
    body = Sequential(
        conv_bn(3, 16, 3, stride=2),
        conv_bn(16, 32, 3),
        _module_v3(32, 12, 12, 5),
        _grid_reduction_v2(48, (16, 24), (12, 16)),
        _module_v3(88, 20, 22, 7),
        _expanded_v3(88, 20, 20),
    )
    return Miniature(body, 100)


def _stem_v4() -> Sequential:
    """v4's stem: pooling beside a strided convolution, a short path beside a factorised one."""
    return Sequential(
        conv_bn(3, 12, 3),
        Branches(max_pool(stride=2), conv_bn(12, 16, 3, stride=2)),
        Branches(
            path(28, (12, 1), (20, 3)), path(28, (12, 1), (12, (1, 7)), (12, (7, 1)), (20, 3))
        ),
    )


def _reduction_v4(inputs: int, width: int, outputs: int) -> Branches:
    """v4's reduction block: pooling, a strided 3x3, and 1x1, 3x3, strided 3x3."""
    return Branches(
        max_pool(stride=2),
        conv_bn(inputs, outputs, 3, stride=2),
        path(inputs, (width, 1), (width, 3), (outputs, 3, 2)),
    )


def inception_v4() -> Miniature:
    """v4: its stem, an A block, its reduction block, a B block with 1x7 and 7x1."""
    body = Sequential(
        _stem_v4(),
        _module_v2(40, 10, (8, 12), (8, 12), 10),
        _reduction_v4(44, 12, 20),
        _module_v3(84, 16, 19, 7),
    )
    return Miniature(body, 76)


class ScaledResidual(nn.Module):
    """relu(x + scale * project(branches(x))): the residual is scaled down before the addition."""

    def __init__(self, branches: nn.Module, width: int, channels: int, *, scale: float) -> None:
        super().__init__()
        self.branches = branches
        self.project = nn.Conv2d(width, channels, 1)
        self.relu = nn.ReLU()
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) to the same shape."""
        out: Tensor = self.relu(x + self.scale * self.project(self.branches(x)))
        return out


def _residual_a(channels: int) -> ScaledResidual:
    branches = Branches(
        conv_bn(channels, 8),
        path(channels, (8, 1), (8, 3)),
        path(channels, (8, 1), (12, 3), (12, 3)),
    )
    return ScaledResidual(branches, 28, channels, scale=0.17)


def _residual_b(channels: int) -> ScaledResidual:
    branches = Branches(conv_bn(channels, 16), path(channels, (14, 1), (16, (1, 7)), (16, (7, 1))))
    return ScaledResidual(branches, 32, channels, scale=0.1)


def inception_resnet_v2() -> Miniature:
    """Inception branches as scaled residuals."""
    body = Sequential(
        conv_bn(3, 16, 3, stride=2),
        conv_bn(16, 36, 3),
        _residual_a(36),
        _residual_a(36),
        _reduction_v4(36, 12, 22),
        _residual_b(80),
        _residual_b(80),
    )
    return Miniature(body, 80)
