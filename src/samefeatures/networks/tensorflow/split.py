"""Split a frozen TensorFlow graph at its last linear layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from samefeatures.networks.proof import Claim
from samefeatures.networks.record import Head
from samefeatures.networks.tensorflow.graph import Frozen
from samefeatures.networks.walk import Array, NotLinear, Step, arithmetic, find_head, refuse_kernel

SAME_VALUES = (
    "Identity",
    "Squeeze",
    "Reshape",
    "ExpandDims",
    "StopGradient",
    "PreventGradient",
    "CheckNumerics",
    "PlaceholderWithDefault",
)
"""Behind a head these change no value, apart from the shape."""
ACTIVATIONS = {"Softmax": "softmax", "LogSoftmax": "logsoftmax", "Sigmoid": "sigmoid"}
ARITHMETIC = {"BiasAdd": "+", "Add": "+", "AddV2": "+", "Sub": "-", "Mul": "*", "RealDiv": "/"}
USUAL = ("logits", "default")
"""Outputs that hold the logits by their names: the usual one, and that of TensorFlow Hub."""


@dataclass(frozen=True, slots=True, eq=False)
class TensorFlowSplit:
    """A TensorFlow classifier in two parts.

    Attributes:
        tensor: The head's input: (b, d), or with sides of 1, or (b, h, w, d) if ``pool`` says so.
        pool: Sides over which ``tensor`` is to be averaged.
        head: The linear layer.
        output: The output of the whole graph that the head makes.
        claim: What is claimed, to be proved.
    """

    tensor: Any
    pool: tuple[int, ...]
    head: Head
    output: Any
    claim: Claim


def split_tensorflow(frozen: Frozen, *, source: str, output: str | None = None) -> TensorFlowSplit:
    """Find the head of a frozen classifier.

    MatMul and 1×1 Conv2D over pooled features are heads, with what is added to them; so is a 1×1
    Conv2D that is averaged over the image right afterwards, since the two commute. Softmax behind
    a head is left out.

    Args:
        frozen: The whole classifier.
        source: For messages.
        output: Which output holds the logits; by default the one named ``logits`` or ``default``,
            else the only one that a head makes.

    Raises:
        SplitError: when there is no such head, or it is not clear which.
    """
    name, found = find_head(
        frozen.outputs,
        lambda tensor: _step(frozen, tensor.op),
        last=_last_operations,
        must="MatMul (+ BiasAdd), or a 1x1 Conv2D over pooled features",
        source=source,
        output=output,
        usual=USUAL,
    )
    whole = frozen.outputs[name]
    claim = Claim(found.label, _last_operations(whole), found.after)
    return TensorFlowSplit(found.tensor, found.over or (), found.head, whole, claim)


def _step(frozen: Frozen, op: Any) -> Step:
    """What an operation does."""
    kind, label = op.type, f"{op.type} '{op.name}'"
    if kind == "Placeholder":
        raise NotLinear("is an input")
    if kind in SAME_VALUES:
        return Step(op.inputs[0])
    if kind in ACTIVATIONS:
        return Step(op.inputs[0], label, after=ACTIVATIONS[kind])
    if kind in ARITHMETIC:
        return arithmetic(
            ARITHMETIC[kind], op.inputs, lambda other: _constant(frozen, other), label
        )
    if kind == "Mean":
        return Step(op.inputs[0], label, over=_sides(frozen, op, label))
    if kind in ("MatMul", "Conv2D"):
        weight = _constant(frozen, op.inputs[1])
        if weight is None:
            raise NotLinear(f"ends in {label}, whose weight is not constant")
        read = _matmul if kind == "MatMul" else _conv
        return Step(op.inputs[0], label, weight=read(op, weight, label), is_map=kind == "Conv2D")
    raise NotLinear(f"ends in {label}")


def _sides(frozen: Frozen, op: Any, label: str) -> tuple[int, ...]:
    """The sides of an average, if they are height and width."""
    axes = _constant(frozen, op.inputs[1])
    sides = () if axes is None else tuple(sorted(int(axis) % 4 for axis in axes.reshape(-1)))
    if op.inputs[0].shape.rank != 4 or sides not in ((1, 2), (2, 3)):
        raise NotLinear(f"ends in {label}, not over height and width")
    return sides


def _matmul(op: Any, weight: Array, label: str) -> Array:
    """(classes, d)."""
    if op.get_attr("transpose_a"):
        raise NotLinear(f"ends in {label} with transpose_a")
    return weight if op.get_attr("transpose_b") else weight.T


def _conv(op: Any, weight: Array, label: str) -> Array:
    """(classes, d) of a plain 1×1 convolution, from (kh, kw, d / groups, classes)."""
    steps = {*op.get_attr("strides"), *op.get_attr("dilations")}
    first = op.get_attr("data_format") == b"NCHW"
    depth = op.inputs[0].shape[1 if first else 3]
    if weight.shape[:2] != (1, 1) or steps != {1} or depth not in (None, weight.shape[2]):
        raise refuse_kernel(label, weight.shape[:2])
    return np.asarray(weight[0, 0].T)


def _constant(frozen: Frozen, tensor: Any) -> Array | None:
    """The value of a tensor that does not depend on the image; None if it does."""
    seen, waiting = set(), [tensor.op]
    while waiting:
        op = waiting.pop()
        if op.type.startswith("Placeholder"):
            return None
        if op.name not in seen:
            seen.add(op.name)
            waiting += [each.op for each in op.inputs]
    with tf.device("CPU:0"):
        return np.asarray(frozen.function.prune([], tensor)().numpy())


def _last_operations(tensor: Any, count: int = 5) -> str:
    """The last operations before an output, for messages."""
    op, out = tensor.op, list[str]()
    while len(out) < count:
        if op.type not in ("Identity", "Const", "NoOp"):
            out.insert(0, f"{op.type} '{op.name}'")
        if not op.inputs:
            break
        op = op.inputs[0].op
    return ", ".join(out)
