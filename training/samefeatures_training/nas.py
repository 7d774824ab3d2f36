"""Miniature NASNet-A and PNASNet-5: the searched cells, on two grids (PyTorch).

References: Zoph et al. 2018, figure 4 (NASNet-A); Liu et al. 2018, figure 1 (PNASNet-5).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import Sequential

from samefeatures_training.blocks import Miniature, avg_pool, conv_bn, max_pool

Cell = Callable[[], nn.Module]
"""Makes one; seeds draw the stem's weights first."""


def separable(inputs: int, outputs: int, kernel: int, *, stride: int = 1) -> Sequential:
    """ReLU, depthwise, pointwise, batch norm: twice, the stride in the first."""

    def once(a: int, b: int, step: int) -> list[nn.Module]:
        depthwise = nn.Conv2d(a, a, kernel, stride=step, padding=kernel // 2, groups=a, bias=False)
        return [nn.ReLU(), depthwise, nn.Conv2d(a, b, 1, bias=False), nn.BatchNorm2d(b)]

    return Sequential(*once(inputs, outputs, stride), *once(outputs, outputs, 1))


def _fit(inputs: int, outputs: int, *, stride: int = 1) -> Sequential:
    """ReLU and a 1x1 convolution that brings an input to the cell's width (and grid)."""
    return Sequential(nn.ReLU(), conv_bn(inputs, outputs, stride=stride, activation=None))


class NasNetNormal(nn.Module):
    """NASNet-A normal cell over the current and the previous cell's output; 6 x width out."""

    def __init__(self, previous: int, current: int, width: int, *, step: int = 1) -> None:
        super().__init__()
        self.fit_previous = _fit(previous, width, stride=step)
        self.fit_current = _fit(current, width)
        self.current_5, self.previous_3 = separable(width, width, 5), separable(width, width, 3)
        self.previous_5, self.previous_3b = separable(width, width, 5), separable(width, width, 3)
        self.current_3 = separable(width, width, 3)
        self.mean = avg_pool()

    def forward(self, previous: Tensor, current: Tensor) -> Tensor:
        """(b, previous, h', w') and (b, current, h, w) to (b, 6 * width, h, w)."""
        h, g = self.fit_current(current), self.fit_previous(previous)
        return torch.cat(
            [
                g,
                self.current_5(h) + self.previous_3(g),
                self.previous_5(g) + self.previous_3b(g),
                self.mean(h) + g,
                self.mean(g) + self.mean(g),
                self.current_3(h) + h,
            ],
            dim=1,
        )


class NasNetReduction(nn.Module):
    """NASNet-A reduction cell: halves the grid; 4 x width out."""

    def __init__(self, previous: int, current: int, width: int) -> None:
        super().__init__()
        self.fit_previous, self.fit_current = _fit(previous, width), _fit(current, width)
        self.current_5 = separable(width, width, 5, stride=2)
        self.previous_7 = separable(width, width, 7, stride=2)
        self.previous_7b = separable(width, width, 7, stride=2)
        self.previous_5 = separable(width, width, 5, stride=2)
        self.inner_3 = separable(width, width, 3)
        self.max, self.mean = max_pool(stride=2), avg_pool(stride=2)
        self.inner_mean = avg_pool()

    def forward(self, previous: Tensor, current: Tensor) -> Tensor:
        """(b, previous, h, w) and (b, current, h, w) to (b, 4 * width, h / 2, w / 2)."""
        h, g = self.fit_current(current), self.fit_previous(previous)
        first = self.current_5(h) + self.previous_7(g)
        second = self.max(h) + self.previous_7b(g)
        return torch.cat(
            [
                second,
                self.mean(h) + self.previous_5(g),
                self.inner_mean(first) + second,
                self.inner_3(first) + self.max(h),
            ],
            dim=1,
        )


class Cells(nn.Module):
    """A stem and three cells, each fed by the two outputs before it; then ReLU."""

    def __init__(self, first: Cell, second: Cell, third: Cell) -> None:
        super().__init__()
        self.stem = conv_bn(3, 16, 3, stride=2, activation=None)
        self.first, self.second, self.third = first(), second(), third()
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(b, 3, h, w) to (b, d, h / 4, w / 4)."""
        stem = self.stem(x)
        first = self.first(stem, stem)
        second = self.second(stem, first)
        out: Tensor = self.relu(self.third(first, second))
        return out


def nasnet() -> Miniature:
    """NASNet-A: two kinds of cell, the second halves the grid."""
    cells = Cells(
        lambda: NasNetNormal(16, 16, 8),
        lambda: NasNetReduction(16, 48, 16),
        lambda: NasNetNormal(48, 64, 22, step=2),
    )
    return Miniature(cells, 132)


class PnasNetCell(nn.Module):
    """PNASNet-5's single cell, with stride 1 or 2; 5 x width out."""

    def __init__(
        self, previous: int, current: int, width: int, *, stride: int = 1, step: int = 1
    ) -> None:
        super().__init__()
        self.fit_previous = _fit(previous, width, stride=step)
        self.fit_current = _fit(current, width)
        self.previous_5 = separable(width, width, 5, stride=stride)
        self.current_7 = separable(width, width, 7, stride=stride)
        self.current_5 = separable(width, width, 5, stride=stride)
        self.current_3 = separable(width, width, 3, stride=stride)
        self.inner_3 = separable(width, width, 3)
        self.previous_3 = separable(width, width, 3, stride=stride)
        self.max = max_pool(stride=stride)
        self.pass_on: nn.Module = _fit(width, width, stride=stride) if stride > 1 else nn.Identity()

    def forward(self, previous: Tensor, current: Tensor) -> Tensor:
        """(b, previous, h', w') and (b, current, h, w) to (b, 5 * width, h / stride, …)."""
        h, g = self.fit_current(current), self.fit_previous(previous)
        third = self.current_5(h) + self.current_3(h)
        return torch.cat(
            [
                self.previous_5(g) + self.max(g),
                self.current_7(h) + self.max(h),
                third,
                self.inner_3(third) + self.max(h),
                self.previous_3(g) + self.pass_on(h),
            ],
            dim=1,
        )


def pnasnet() -> Miniature:
    """PNASNet-5: one cell, found progressively, used with both strides."""
    cells = Cells(
        lambda: PnasNetCell(16, 16, 8),
        lambda: PnasNetCell(16, 40, 14, stride=2),
        lambda: PnasNetCell(40, 70, 28, step=2),
    )
    return Miniature(cells, 140)
