"""Inception v1 and v2 as TF-Slim defines them (needs torch).

Sources: ``inception_v1`` and ``inception_v2`` of TF-Slim 1.1.0; Szegedy et al., Going deeper with
convolutions (2015); Ioffe and Szegedy, Batch Normalization (2015).
"""

from __future__ import annotations

from torch import nn

from samefeatures.networks.slim.layers import (
    Branches,
    Conv,
    MaxPool,
    MeanPool,
    Norm,
    Separable,
    chain,
)

NORM = Norm(eps=0.001, scale=False)


def conv(inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> Conv:
    """Convolution, batch norm, ReLU."""
    return Conv(inputs, outputs, kernel, stride=stride, norm=NORM)


def _mixed_v1(
    inputs: int,
    b0: int,
    b1: tuple[int, int],
    b2: tuple[int, int],
    b3: int,
    *,
    second: str = "Conv2d_0b_3x3",
) -> Branches:
    return Branches(
        chain(Conv2d_0a_1x1=conv(inputs, b0)),
        chain(Conv2d_0a_1x1=conv(inputs, b1[0]), Conv2d_0b_3x3=conv(b1[0], b1[1], 3)),
        chain(Conv2d_0a_1x1=conv(inputs, b2[0]), **{second: conv(b2[0], b2[1], 3)}),
        chain(MaxPool_0a_3x3=MaxPool(3), Conv2d_0b_1x1=conv(inputs, b3)),
    )


def inception_v1() -> nn.Sequential:
    """(b, 3, h, w) to (b, 1024, h / 32, w / 32)."""
    return chain(
        Conv2d_1a_7x7=conv(3, 64, 7, 2),
        MaxPool_2a_3x3=MaxPool(3, 2),
        Conv2d_2b_1x1=conv(64, 64),
        Conv2d_2c_3x3=conv(64, 192, 3),
        MaxPool_3a_3x3=MaxPool(3, 2),
        Mixed_3b=_mixed_v1(192, 64, (96, 128), (16, 32), 32),
        Mixed_3c=_mixed_v1(256, 128, (128, 192), (32, 96), 64),
        MaxPool_4a_3x3=MaxPool(3, 2),
        Mixed_4b=_mixed_v1(480, 192, (96, 208), (16, 48), 64),
        Mixed_4c=_mixed_v1(512, 160, (112, 224), (24, 64), 64),
        Mixed_4d=_mixed_v1(512, 128, (128, 256), (24, 64), 64),
        Mixed_4e=_mixed_v1(512, 112, (144, 288), (32, 64), 64),
        Mixed_4f=_mixed_v1(528, 256, (160, 320), (32, 128), 128),
        MaxPool_5a_2x2=MaxPool(2, 2),
        # Google's own file calls this one layer otherwise than its siblings.
        Mixed_5b=_mixed_v1(832, 256, (160, 320), (32, 128), 128, second="Conv2d_0a_3x3"),
        Mixed_5c=_mixed_v1(832, 384, (192, 384), (48, 128), 128),
    )


def _mixed_v2(
    inputs: int,
    b0: int,
    b1: tuple[int, int],
    b2: tuple[int, int],
    b3: int,
    *,
    pool: str = "AvgPool_0a_3x3",
) -> Branches:
    pooled: nn.Module = MeanPool(3) if pool.startswith("Avg") else MaxPool(3)
    return Branches(
        chain(Conv2d_0a_1x1=conv(inputs, b0)),
        chain(Conv2d_0a_1x1=conv(inputs, b1[0]), Conv2d_0b_3x3=conv(b1[0], b1[1], 3)),
        chain(
            Conv2d_0a_1x1=conv(inputs, b2[0]),
            Conv2d_0b_3x3=conv(b2[0], b2[1], 3),
            Conv2d_0c_3x3=conv(b2[1], b2[1], 3),
        ),
        chain(**{pool: pooled}, Conv2d_0b_1x1=conv(inputs, b3)),
    )


def _smaller_v2(inputs: int, b0: tuple[int, int], b1: tuple[int, int]) -> Branches:
    """Halves height and width."""
    return Branches(
        chain(Conv2d_0a_1x1=conv(inputs, b0[0]), Conv2d_1a_3x3=conv(b0[0], b0[1], 3, 2)),
        chain(
            Conv2d_0a_1x1=conv(inputs, b1[0]),
            Conv2d_0b_3x3=conv(b1[0], b1[1], 3),
            Conv2d_1a_3x3=conv(b1[1], b1[1], 3, 2),
        ),
        chain(MaxPool_1a_3x3=MaxPool(3, 2)),
    )


def inception_v2() -> nn.Sequential:
    """(b, 3, h, w) to (b, 1024, h / 32, w / 32)."""
    return chain(
        Conv2d_1a_7x7=Separable(3, 64, 7, multiplier=8, stride=2),
        MaxPool_2a_3x3=MaxPool(3, 2),
        Conv2d_2b_1x1=conv(64, 64),
        Conv2d_2c_3x3=conv(64, 192, 3),
        MaxPool_3a_3x3=MaxPool(3, 2),
        Mixed_3b=_mixed_v2(192, 64, (64, 64), (64, 96), 32),
        Mixed_3c=_mixed_v2(256, 64, (64, 96), (64, 96), 64),
        Mixed_4a=_smaller_v2(320, (128, 160), (64, 96)),
        Mixed_4b=_mixed_v2(576, 224, (64, 96), (96, 128), 128),
        Mixed_4c=_mixed_v2(576, 192, (96, 128), (96, 128), 128),
        Mixed_4d=_mixed_v2(576, 160, (128, 160), (128, 160), 96),
        Mixed_4e=_mixed_v2(576, 96, (128, 192), (160, 192), 96),
        Mixed_5a=_smaller_v2(576, (128, 192), (192, 256)),
        Mixed_5b=_mixed_v2(1024, 352, (192, 320), (160, 224), 128),
        Mixed_5c=_mixed_v2(1024, 352, (192, 320), (192, 224), 128, pool="MaxPool_0a_3x3"),
    )
