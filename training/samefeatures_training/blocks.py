"""The few layers that all miniatures share (PyTorch)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

Size = int | tuple[int, int]


def _same(kernel: Size) -> tuple[int, int]:
    height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
    return (height // 2, width // 2)


def conv_relu(inputs: int, outputs: int, kernel: Size = 1, *, stride: int = 1) -> nn.Sequential:
    """Convolution with bias and ReLU, no normalisation: what Inception v1 was made of."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=_same(kernel)), nn.ReLU()
    )


def conv_bn(
    inputs: int,
    outputs: int,
    kernel: Size = 1,
    *,
    stride: int = 1,
    groups: int = 1,
    activation: type[nn.Module] | None = nn.ReLU,
) -> nn.Sequential:
    """Convolution, batch norm and, unless ``activation`` is None, an activation."""
    layers: list[nn.Module] = [
        nn.Conv2d(
            inputs, outputs, kernel, stride=stride, padding=_same(kernel), groups=groups, bias=False
        ),
        nn.BatchNorm2d(outputs),
    ]
    if activation is not None:
        layers.append(activation())
    return nn.Sequential(*layers)


def path(inputs: int, *steps: tuple[int, Size] | tuple[int, Size, int]) -> nn.Sequential:
    """``conv_bn`` one after the other; a step is outputs, kernel and, if not 1, stride."""
    layers: list[nn.Module] = []
    for outputs, kernel, *stride in steps:
        layers.append(conv_bn(inputs, outputs, kernel, stride=stride[0] if stride else 1))
        inputs = outputs
    return nn.Sequential(*layers)


def max_pool(*, stride: int = 1) -> nn.MaxPool2d:
    """3x3 maximum, padded so that stride 1 keeps the size and stride 2 halves it."""
    return nn.MaxPool2d(3, stride=stride, padding=1)


def avg_pool(*, stride: int = 1) -> nn.AvgPool2d:
    """3x3 mean over the pixels that exist."""
    return nn.AvgPool2d(3, stride=stride, padding=1, count_include_pad=False)


class Branches(nn.Module):
    """Run every branch on the same input and concatenate their channels."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) to (b, sum of c', h', w')."""
        return torch.cat([branch(x) for branch in self.branches], dim=1)


class Miniature(nn.Module):
    """A body of convolutions, global average pooling, and one linear head."""

    def __init__(self, body: nn.Module, feature_dim: int, *, classes: int = 10) -> None:
        super().__init__()
        self.body = body
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(feature_dim, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(b, 3, 28, 28) to (b, classes) logits."""
        maps = self.body(x)  # (B, d, 7, 7)
        features = torch.flatten(self.pool(maps), 1)  # (B, d)
        logits: Tensor = self.head(features)  # (B, classes)
        return logits
