"""Split a frozen TensorFlow graph at its last linear layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import SplitError
from samefeatures.networks.proof import Claim
from samefeatures.networks.record import Head
from samefeatures.networks.tensorflow.graph import Frozen

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
ACTIVATIONS = {"Softmax": "softmax", "LogSoftmax": "logsoftmax"}
"""Behind a head these do not change which class is largest."""
SUMS = ("BiasAdd", "Add", "AddV2")
PREFERRED = ("logits", "default")
"""Outputs that hold the logits by their names: the usual one, and that of TensorFlow Hub."""

Array = npt.NDArray[Any]


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


@dataclass(frozen=True, slots=True, eq=False)
class _Linear:
    """A linear operation found on the way back from an output."""

    op: Any
    weight: Float32
    bias: Array
    pool: tuple[int, ...]
    after: str | None


class _NotLinearError(Exception):
    """Why the walk from an output ended."""


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
    name, found = _choose(frozen, output, source)
    bias = np.broadcast_to(found.bias, found.weight.shape[:1]).astype(np.float32)
    claim = Claim(
        f"{found.op.type} '{found.op.name}'", _last_operations(frozen.outputs[name].op), found.after
    )
    return TensorFlowSplit(
        found.op.inputs[0], found.pool, Head(found.weight, bias), frozen.outputs[name], claim
    )


def _choose(frozen: Frozen, output: str | None, source: str) -> tuple[str, _Linear]:
    """The output that holds the logits, and its linear operation."""
    outputs = frozen.outputs
    if output is not None and output not in outputs:
        raise SplitError(f"{source} has no output '{output}'. It has: {', '.join(outputs)}.")
    if output is None:
        output = next((name for name in PREFERRED if name in outputs), None)
    found: dict[str, _Linear] = {}
    reasons: list[str] = []
    for name in outputs if output is None else [output]:
        try:
            found[name] = _walk(frozen, outputs[name])
        except _NotLinearError as error:
            reasons.append(f"'{name}' {error}")
    if not found:
        some = next(iter(outputs)) if output is None else output
        raise SplitError(
            f"{source} has no linear head: {'; '.join(reasons[:5])}. The last operations are: "
            f"{_last_operations(outputs[some].op)}. A classifier must end in MatMul (+ BiasAdd), "
            "or a 1x1 Conv2D over pooled features."
        )
    # Logits and their softmax come from one head: take the one with less behind it.
    heads: dict[str, str] = {}
    for name, linear in sorted(found.items(), key=lambda item: item[1].after is not None):
        heads.setdefault(linear.op.name, name)
    if len(heads) > 1:
        raise SplitError(
            f"{source} has several outputs that a linear layer makes: {', '.join(found)}. Say "
            f"which holds the logits: savedmodel:PATH?output={next(iter(found))}"
        )
    (name,) = heads.values()
    return name, found[name]


def _walk(frozen: Frozen, tensor: Any) -> _Linear:
    """From an output back to the linear operation that makes it."""
    bias: Array = np.zeros(1, np.float32)
    after: str | None = None
    pool: tuple[int, ...] = ()
    while True:
        op = tensor.op
        if op.type == "Placeholder":
            raise _NotLinearError("is an input")
        if op.type in SAME_VALUES:
            tensor = op.inputs[0]
        elif op.type in ACTIVATIONS and not (after or pool or bias.any()):
            after, tensor = ACTIVATIONS[op.type], op.inputs[0]
        elif op.type in SUMS:
            tensor, constant = _split_sum(frozen, op)
            bias = bias + constant
        elif op.type == "Mean" and not pool:
            pool, tensor = _sides(frozen, op), op.inputs[0]
        elif op.type == "MatMul" and not pool:
            return _Linear(op, _matmul(frozen, op), bias, pool, after)
        elif op.type == "Conv2D":
            return _Linear(op, _conv(frozen, op), bias, pool, after)
        else:
            raise _NotLinearError(f"ends in {op.type} '{op.name}'")


def _split_sum(frozen: Frozen, op: Any) -> tuple[Any, Array]:
    """The operand that depends on the image, and the constant one as (classes,) or (1,)."""
    left, right = op.inputs
    for tensor, other in ((left, right), (right, left)):
        value = _constant(frozen, other)
        if value is not None:
            if sum(side > 1 for side in value.shape) > 1:
                raise _NotLinearError(f"adds a constant of shape {value.shape}, not one per class")
            return tensor, value.reshape(-1)
    raise _NotLinearError(f"ends in {op.type} '{op.name}' of two activations")


def _sides(frozen: Frozen, op: Any) -> tuple[int, ...]:
    """The sides of an average, if they are height and width."""
    axes = _constant(frozen, op.inputs[1])
    sides = () if axes is None else tuple(sorted(int(axis) % 4 for axis in axes.reshape(-1)))
    if op.inputs[0].shape.rank != 4 or sides not in ((1, 2), (2, 3)):
        raise _NotLinearError(f"ends in {op.type} '{op.name}', not over height and width")
    return sides


def _matmul(frozen: Frozen, op: Any) -> Float32:
    """(classes, d)."""
    weight = _weight(frozen, op)
    if op.get_attr("transpose_a"):
        raise _NotLinearError(f"ends in {op.type} '{op.name}' with transpose_a")
    weight = weight if op.get_attr("transpose_b") else weight.T
    return np.ascontiguousarray(weight, np.float32)


def _conv(frozen: Frozen, op: Any) -> Float32:
    """(classes, d) of a plain 1×1 convolution."""
    weight = _weight(frozen, op)  # (kh, kw, d / groups, classes)
    steps = {*op.get_attr("strides"), *op.get_attr("dilations")}
    first = op.get_attr("data_format") == b"NCHW"
    depth = op.inputs[0].shape[1 if first else 3]
    if weight.shape[:2] != (1, 1) or steps != {1} or depth not in (None, weight.shape[2]):
        raise _NotLinearError(
            f"ends in {op.type} '{op.name}' with a kernel {weight.shape[:2]}; only a plain 1x1 "
            "convolution is linear in the features"
        )
    return np.ascontiguousarray(weight[0, 0].T, np.float32)


def _weight(frozen: Frozen, op: Any) -> Array:
    weight = _constant(frozen, op.inputs[1])
    if weight is None:
        raise _NotLinearError(f"ends in {op.type} '{op.name}', whose weight is not constant")
    return weight


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


def _last_operations(op: Any, count: int = 5) -> str:
    """The last operations before an output, for messages."""
    out: list[str] = []
    while len(out) < count:
        if op.type not in ("Identity", "Const", "NoOp"):
            out.insert(0, f"{op.type} '{op.name}'")
        if not op.inputs:
            break
        op = op.inputs[0].op
    return ", ".join(out)
