"""The layers of TF-Slim as modules; each knows its variables by Slim's names (needs torch)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Padding = Literal["same", "valid", "fixed"]
"""``same`` depends on the size of the input, as TensorFlow has it; ``fixed`` does not."""
Activation = Literal["relu", "relu6"]
Layout = Literal["conv", "depthwise", "vector"]
ACTIVATIONS = {"relu": F.relu, "relu6": F.relu6}
PERMUTATIONS: Mapping[str, tuple[int, ...]] = {
    "conv": (3, 2, 0, 1),  # (h, w, in, out) to (out, in, h, w)
    "depthwise": (2, 3, 0, 1),  # (h, w, in, multiplier) to (in * multiplier, 1, h, w)
    "vector": (0,),
}


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a layer, as a checkpoint has it.

    Attributes:
        name: Below the layer's scope.
        tensor: Where its values go.
        layout: How they are stored.
        inputs: Channels that a depthwise layer reads; 0 for others.
    """

    name: str
    tensor: Tensor
    layout: Layout
    inputs: int = 0

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """Its shape in a checkpoint."""
        if self.layout == "vector":
            return tuple(self.tensor.shape)
        out, each, height, width = self.tensor.shape
        if self.layout == "conv":
            return (height, width, each, out)
        return (height, width, self.inputs, out // self.inputs)

    def put(self, stored: Tensor) -> None:
        """Copy a checkpoint's values, of the shape ``stored_shape``, into the layer."""
        permuted = stored.permute(PERMUTATIONS[self.layout])
        with torch.no_grad():
            self.tensor.copy_(permuted.reshape(self.tensor.shape))


@dataclass(frozen=True, slots=True)
class Norm:
    """How a family normalises: ``scale`` says whether there is a gamma."""

    eps: float
    scale: bool


class BatchNorm(nn.Module):
    """Batch norm with stored statistics, as in evaluation."""

    def __init__(self, channels: int, norm: Norm) -> None:
        super().__init__()
        self.eps = norm.eps
        self.beta = nn.Parameter(torch.zeros(channels))
        self.gamma = nn.Parameter(torch.ones(channels)) if norm.scale else None
        self.moving_mean: Tensor
        self.moving_variance: Tensor
        self.register_buffer("moving_mean", torch.zeros(channels))
        self.register_buffer("moving_variance", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) to the same shape."""
        return F.batch_norm(
            x, self.moving_mean, self.moving_variance, self.gamma, self.beta, eps=self.eps
        )

    def variables(self, prefix: str = "") -> Iterator[Variable]:
        """Its variables, below its own scope."""
        for name in ("beta", "gamma", "moving_mean", "moving_variance"):
            tensor = getattr(self, name)
            if tensor is not None:
                yield Variable(f"{prefix}{name}", tensor, "vector")


class Conv(nn.Module):
    """``slim.conv2d``: convolution, then batch norm or biases, then an activation.

    Args:
        inputs: Channels in.
        outputs: Channels out; for a depthwise layer a multiple of ``inputs``.
        kernel: Height and width, or one number for both.
        stride: In both directions.
        norm: None for biases instead of batch norm.
        activation: None for none.
        padding: See ``Padding``.
        depthwise: Each output sees one input (``slim.separable_conv2d`` without its second half).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | tuple[int, int],
        *,
        stride: int = 1,
        norm: Norm | None,
        activation: Activation | None = "relu",
        padding: Padding = "same",
        depthwise: bool = False,
    ) -> None:
        super().__init__()
        self.kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
        self.stride, self.padding, self.activation = stride, padding, activation
        self.groups = inputs if depthwise else 1
        self.weights = nn.Parameter(torch.zeros(outputs, inputs // self.groups, *self.kernel))
        self.biases = None if norm else nn.Parameter(torch.zeros(outputs))
        self.norm = BatchNorm(outputs, norm) if norm else None

    def forward(self, x: Tensor) -> Tensor:
        """(b, inputs, h, w) to (b, outputs, h', w')."""
        around = (0, 0)
        if self.padding == "fixed" or (self.padding == "same" and self.stride == 1):
            around = ((self.kernel[0] - 1) // 2, (self.kernel[1] - 1) // 2)
        elif self.padding == "same":
            x = pad_same(x, self.kernel, self.stride)
        x = F.conv2d(x, self.weights, self.biases, self.stride, around, groups=self.groups)
        if self.norm is not None:
            x = self.norm(x)
        return x if self.activation is None else ACTIVATIONS[self.activation](x)

    def variables(self) -> Iterator[Variable]:
        """Its variables, below its scope."""
        if self.groups > 1:
            yield Variable("depthwise_weights", self.weights, "depthwise", self.groups)
        else:
            yield Variable("weights", self.weights, "conv")
        if self.biases is not None:
            yield Variable("biases", self.biases, "vector")
        if self.norm is not None:
            yield from self.norm.variables("BatchNorm/")


class Separable(nn.Module):
    """``slim.separable_conv2d`` without batch norm: depthwise, then 1x1 with biases, then ReLU.

    The scopes of Inception give batch norm to ``conv2d`` alone.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, multiplier: int, stride: int
    ) -> None:
        super().__init__()
        between = inputs * multiplier
        self.depthwise_weights = nn.Parameter(torch.zeros(between, 1, kernel, kernel))
        self.pointwise_weights = nn.Parameter(torch.zeros(outputs, between, 1, 1))
        self.biases = nn.Parameter(torch.zeros(outputs))
        self.inputs, self.kernel, self.stride = inputs, (kernel, kernel), stride

    def forward(self, x: Tensor) -> Tensor:
        """(b, inputs, h, w) to (b, outputs, h', w')."""
        x = pad_same(x, self.kernel, self.stride)
        x = F.conv2d(x, self.depthwise_weights, stride=self.stride, groups=self.inputs)
        return F.relu(F.conv2d(x, self.pointwise_weights, self.biases))

    def variables(self) -> Iterator[Variable]:
        """Its variables, below its scope."""
        yield Variable("depthwise_weights", self.depthwise_weights, "depthwise", self.inputs)
        yield Variable("pointwise_weights", self.pointwise_weights, "conv")
        yield Variable("biases", self.biases, "vector")


class MaxPool(nn.Module):
    """``slim.max_pool2d``, padded as TensorFlow pads unless ``valid``."""

    def __init__(self, kernel: int, stride: int = 1, padding: Padding = "same") -> None:
        super().__init__()
        self.kernel, self.stride, self.padding = (kernel, kernel), stride, padding

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) to (b, c, h', w')."""
        if self.padding == "same":
            x = pad_same(x, self.kernel, self.stride, value=float("-inf"))
        return F.max_pool2d(x, self.kernel, self.stride)


class MeanPool(nn.Module):
    """``slim.avg_pool2d`` of stride 1; what lies outside the image is not counted."""

    def __init__(self, kernel: int) -> None:
        super().__init__()
        self.kernel = kernel

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) to the same shape."""
        around = (self.kernel - 1) // 2
        return F.avg_pool2d(x, self.kernel, 1, around, count_include_pad=False)


class Branches(nn.Module):
    """An Inception module: branches side by side, their channels one after the other."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        for at, branch in enumerate(branches):
            self.add_module(f"Branch_{at}", branch)

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) to (b, sum of c', h', w')."""
        return torch.cat([branch(x) for branch in self.children()], 1)


def chain(**layers: nn.Module) -> nn.Sequential:
    """Layers by scope, one after the other."""
    return nn.Sequential(OrderedDict(layers))


def pad_same(x: Tensor, kernel: tuple[int, int], stride: int, *, value: float = 0.0) -> Tensor:
    """Pad (b, c, h, w) as TensorFlow's ``SAME``: as little as gives ceil(size / stride).

    What is odd comes at the end.
    """
    pads: list[int] = []
    for size, k in zip(reversed(x.shape[2:]), reversed(kernel), strict=True):
        total = max((-(-size // stride) - 1) * stride + k - size, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads, value=value) if any(pads) else x
