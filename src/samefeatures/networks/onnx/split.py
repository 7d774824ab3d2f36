"""Split an ONNX classifier at its last linear layer, by editing its graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import SplitError
from samefeatures.networks.onnx.graph import Graph, describe
from samefeatures.networks.proof import Claim
from samefeatures.networks.record import Head

SAME_VALUES = ("Identity", "Dropout", "Cast", "Flatten", "Reshape", "Squeeze", "Unsqueeze")
"""Behind a head these change no value (dropout is off in inference)."""
ACTIVATIONS = {"Softmax": "softmax", "LogSoftmax": "logsoftmax"}
"""Behind a head these do not change which class is largest."""
AVERAGES = ("GlobalAveragePool", "ReduceMean")

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class OnnxSplit:
    """An ONNX classifier in two parts.

    Attributes:
        features: The graph whose only output is the head's input; the head is gone from it.
        tensor: Name of that output: (b, d) or (b, d, 1, 1).
        head: The linear layer.
        output: The output of the whole graph that the head makes.
        claim: What is claimed, to be proved.
    """

    features: onnx.ModelProto
    tensor: str
    head: Head
    output: str
    claim: Claim


@dataclass(frozen=True, slots=True, eq=False)
class _Linear:
    """A linear node found on the way back from an output."""

    node: onnx.NodeProto
    tensor: str
    weight: Float32
    bias: Array
    pooled_later: bool = False
    after: str | None = None


class _NotLinearError(Exception):
    """Why the walk from an output ended."""


def split_onnx(model: onnx.ModelProto, *, source: str, output: str | None = None) -> OnnxSplit:
    """Find the head of a classifier, and cut it off.

    Gemm, MatMul (+ Add), and 1×1 convolutions over pooled features are heads; so is a 1×1
    convolution that is averaged over the image right afterwards, since the two commute. Softmax
    behind a head is left out. Weights may come through any chain of constant operations.

    Args:
        model: The whole classifier.
        source: For messages.
        output: Which output holds the logits; by default the one named ``logits``, else the only
            one that a head makes.

    Raises:
        SplitError: when there is no such head, or it is not clear which.
    """
    graph = Graph(model)
    name, found = _choose(graph, output, source)
    tensor, cut = found.tensor, graph.cut(graph.live([found.tensor]), [found.tensor])
    if found.pooled_later:
        tensor = _append_pool(cut, found.tensor)
    claim = Claim(
        f"{found.node.op_type} '{found.node.output[0]}'", graph.last_layers(), found.after
    )
    bias = np.broadcast_to(found.bias, found.weight.shape[:1]).astype(np.float32)
    return OnnxSplit(cut, tensor, Head(found.weight, bias), name, claim)


def _choose(graph: Graph, output: str | None, source: str) -> tuple[str, _Linear]:
    """The output that holds the logits, and its linear layer."""
    if output is not None and output not in graph.outputs:
        raise SplitError(f"{source} has no output '{output}'. It has: {', '.join(graph.outputs)}.")
    if output is None and "logits" in graph.outputs:
        output = "logits"
    found: dict[str, _Linear] = {}
    reasons: list[str] = []
    for name in graph.outputs if output is None else [output]:
        try:
            found[name] = _walk(graph, name)
        except _NotLinearError as error:
            reasons.append(f"'{name}' {error}")
    if not found:
        raise SplitError(
            f"{source} has no linear head: {'; '.join(reasons)}. The last operations are: "
            f"{graph.last_layers()}. A classifier must end in Gemm, MatMul (+ Add), or a 1x1 "
            "convolution over pooled features, with constant weights."
        )
    # Logits and their softmax come from one head: take the one with less behind it.
    heads = {linear.node.output[0]: name for name, linear in found.items() if linear.after is None}
    heads = {**{linear.node.output[0]: name for name, linear in found.items()}, **heads}
    if len(heads) > 1:
        raise SplitError(
            f"{source} has several outputs that a linear layer makes: {', '.join(found)}. Say "
            f"which holds the logits: onnx:PATH?output={next(iter(found))}"
        )
    (name,) = heads.values()
    return name, found[name]


def _walk(graph: Graph, name: str) -> _Linear:
    """From an output back to the linear layer that makes it."""
    bias: Array = np.zeros(1, np.float32)
    after, pooled = None, False
    while True:
        node = graph.makers.get(name)
        if node is None:
            raise _NotLinearError("is an input or a constant")
        if node.op_type in SAME_VALUES:
            name = node.input[0]
        elif node.op_type in ACTIVATIONS and after is None and not bias.any():
            after, name = ACTIVATIONS[node.op_type], node.input[0]
        elif node.op_type in AVERAGES and not pooled and _over_image(graph, node):
            pooled, name = True, node.input[0]
        elif node.op_type == "Add":
            name, constant = _split_add(graph, node)
            bias = bias + constant
        else:
            linear = _linear(graph, node, bias)
            if pooled and node.op_type != "Conv":
                raise _NotLinearError(f"averages {describe([node])}")
            return _Linear(node, *linear, pooled_later=pooled, after=after)


def _over_image(graph: Graph, node: onnx.NodeProto) -> bool:
    """Whether an average runs over height and width alone."""
    if node.op_type == "GlobalAveragePool":
        return True
    axes = _attributes(node).get("axes")
    if axes is None and len(node.input) > 1:
        axes = graph.constant(node.input[1])
    return axes is not None and sorted(int(a) % 4 for a in axes) == [2, 3]


def _split_add(graph: Graph, node: onnx.NodeProto) -> tuple[str, Array]:
    """The operand that depends on the image, and the constant one as (classes,) or (1,)."""
    left, right = node.input
    for name, other in ((left, right), (right, left)):
        value = graph.constant(other)
        if value is not None:
            if sum(side > 1 for side in value.shape) > 1:
                raise _NotLinearError(f"adds a constant of shape {value.shape}, not one per class")
            return name, value.reshape(-1)
    raise _NotLinearError(f"ends in {describe([node])} of two activations")


def _linear(graph: Graph, node: onnx.NodeProto, bias: Array) -> tuple[str, Float32, Array]:
    """Input, (classes, d) weight and bias of Gemm, MatMul or a 1×1 Conv."""
    if node.op_type not in ("Gemm", "MatMul", "Conv"):
        raise _NotLinearError(f"ends in {describe([node])}")
    weight = graph.constant(node.input[1])
    if weight is None:
        raise _NotLinearError(f"ends in {describe([node])}, whose weight is not constant")
    given = _attributes(node)
    own: Array = np.zeros(1, np.float32)
    if len(node.input) > 2 and node.input[2]:
        stored = graph.constant(node.input[2])
        if stored is None:
            raise _NotLinearError(f"ends in {describe([node])}, whose bias is not constant")
        own = stored
    if node.op_type == "Gemm":
        if given.get("transA"):
            raise _NotLinearError(f"ends in {describe([node])} with transA")
        weight = weight if given.get("transB") else weight.T
        weight, own = weight * given.get("alpha", 1.0), own.reshape(-1) * given.get("beta", 1.0)
    elif node.op_type == "MatMul":
        weight = weight.T
    else:
        weight = _conv_weight(node, weight, given)
    if weight.ndim != 2:
        raise _NotLinearError(
            f"ends in {describe([node])} with a weight of {weight.ndim} dimensions"
        )
    return node.input[0], np.ascontiguousarray(weight, np.float32), own.reshape(-1) + bias


def _conv_weight(node: onnx.NodeProto, weight: Array, given: dict[str, Any]) -> Array:
    plain = (
        all(side == 1 for side in weight.shape[2:])
        and given.get("group", 1) == 1
        and not any(given.get("pads", ()))
        and all(step == 1 for step in given.get("strides", ()))
        and given.get("auto_pad", b"NOTSET") in (b"NOTSET", b"VALID")
    )
    if not plain:
        raise _NotLinearError(
            f"ends in {describe([node])} with a kernel {weight.shape[2:]}; only a plain 1x1 "
            "convolution is linear in the features"
        )
    return weight.reshape(weight.shape[:2])


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def _append_pool(model: onnx.ModelProto, tensor: str) -> str:
    """Average over the image behind ``tensor``, as the new output."""
    name = f"{tensor}/pooled"
    model.graph.node.append(helper.make_node("GlobalAveragePool", [tensor], [name]))
    model.graph.output[0].name = name
    return name
