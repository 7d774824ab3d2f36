"""MobileNet v2 as TF-Slim defines it (needs torch).

Source: ``mobilenet_v2`` of TensorFlow's research models; Sandler et al., MobileNetV2 (2018).
"""

from __future__ import annotations

from torch import Tensor, nn

from samefeatures.networks.slim.layers import Conv, Norm, chain

NORM = Norm(eps=0.001, scale=True)
PLAN: tuple[tuple[int, int, int], ...] = (
    (16, 1, 1), (24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1),
)  # fmt: skip
"""Channels at width 1, units, stride of the first unit."""


class Expanded(nn.Module):
    """Widen six times, 3x3 on each channel, narrow; added to the input where shapes agree."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        between = inputs * expansion
        self.expand = (
            Conv(inputs, between, 1, norm=NORM, activation="relu6") if expansion > 1 else None
        )
        self.depthwise = Conv(
            between, between, 3, stride=stride, norm=NORM, activation="relu6", depthwise=True
        )
        self.project = Conv(between, outputs, 1, norm=NORM, activation=None)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(b, inputs, h, w) to (b, outputs, h / stride, w / stride)."""
        wide = x if self.expand is None else self.expand(x)
        out: Tensor = self.project(self.depthwise(wide))
        return x + out if self.residual else out


def scaled(channels: int, width: float) -> int:
    """Channels times width, to the nearest multiple of 8, but not below nine tenths of it."""
    wanted = channels * width
    near = max(8, int(wanted + 4) // 8 * 8)
    return near + 8 if near < 0.9 * wanted else near


def mobilenet_v2(width: float) -> nn.Sequential:
    """(b, 3, h, w) to (b, 1280 * max(width, 1), h / 32, w / 32)."""
    inputs = scaled(32, width)
    parts: dict[str, nn.Module] = {
        "Conv": Conv(3, inputs, 3, stride=2, norm=NORM, activation="relu6")
    }
    for channels, units, stride in PLAN:
        for at in range(units):
            outputs = scaled(channels, width)
            name = f"expanded_conv_{len(parts) - 1}" if len(parts) > 1 else "expanded_conv"
            expansion = 6 if len(parts) > 1 else 1
            parts[name] = Expanded(inputs, outputs, stride if at == 0 else 1, expansion)
            inputs = outputs
    last = scaled(1280, max(width, 1.0))
    parts["Conv_1"] = Conv(inputs, last, 1, norm=NORM, activation="relu6")
    return chain(**parts)
