"""Split an ONNX classifier at its last linear layer, by editing its graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper

from samefeatures.networks.onnx.graph import Graph, attributes, describe
from samefeatures.networks.proof import HALF_TOLERANCE, TOLERANCE, Claim
from samefeatures.networks.record import Head
from samefeatures.networks.walk import Array, NotLinear, Step, arithmetic, find_head, refuse_kernel

SAME_VALUES = ("Identity", "Dropout", "Cast", "Flatten", "Reshape", "Squeeze", "Unsqueeze")
"""Behind a head these change no value (dropout is off in inference)."""
ACTIVATIONS = {"Softmax": "softmax", "LogSoftmax": "logsoftmax", "Sigmoid": "sigmoid"}
ARITHMETIC = {"Add": "+", "Sum": "+", "Sub": "-", "Mul": "*", "Div": "/"}
MUST = "Gemm, MatMul (+ Add), or a 1x1 convolution over pooled features, with constant weights"


@dataclass(frozen=True, slots=True, eq=False)
class OnnxSplit:
    """An ONNX classifier in two parts.

    Attributes:
        features: The graph whose only output is the head's input; the head is gone from it.
        tensor: Name of that output: (b, d) or (b, d, 1, 1).
        head: The linear layer.
        output: The output of the whole graph that the head makes.
        claim: What is claimed, to be proved.
        folder: Where weights lie that stay in their files; None where there are none.
    """

    features: onnx.ModelProto
    tensor: str
    head: Head
    output: str
    claim: Claim
    folder: Path | None = None


def split_onnx(
    model: onnx.ModelProto, *, source: str, output: str | None = None, folder: Path | None = None
) -> OnnxSplit:
    """Find the head of a classifier, and cut it off.

    Gemm, MatMul (+ Add), and 1×1 convolutions over pooled features are heads; so is a 1×1
    convolution that is averaged over the image right afterwards, since the two commute. What is
    added or multiplied behind a head is folded into it; a softmax or sigmoid there is left out.
    Weights may come through any chain of constant operations.

    Args:
        model: The whole classifier.
        source: For messages.
        output: Which output holds the logits; by default the one named ``logits``, else the only
            one that a head makes.
        folder: Where weights lie that stay in their files; None where there are none.

    Raises:
        SplitError: when there is no such head, or it is not clear which.
    """
    graph = Graph(model, folder)
    name, found = find_head(
        {name: name for name in graph.outputs},
        lambda tensor: _step(graph, tensor),
        last=lambda _: graph.last_layers(),
        must=MUST,
        source=source,
        output=output,
        usual=("logits",),
    )
    tensor, cut = found.tensor, graph.cut(graph.live([found.tensor]), [found.tensor])
    if found.over is not None:
        tensor = _append_pool(cut, tensor)
    tolerance = HALF_TOLERANCE if graph.is_half() else TOLERANCE
    claim = Claim(found.label, graph.last_layers(), found.after, tolerance)
    return OnnxSplit(cut, tensor, found.head, name, claim, folder)


def _step(graph: Graph, name: str) -> Step:
    """What makes a tensor."""
    node = graph.makers.get(name)
    if node is None:
        raise NotLinear("is an input or a constant")
    kind, label = node.op_type, describe([node])
    if kind in SAME_VALUES or (kind == "Transpose" and _keeps_batch(node)):
        return Step(node.input[0])
    if kind in ACTIVATIONS:
        return Step(node.input[0], label, after=ACTIVATIONS[kind])
    if kind == "GlobalAveragePool" or (kind == "ReduceMean" and _over_image(graph, node)):
        return Step(node.input[0], label, over=True)
    if kind in ("Gemm", "MatMul", "Conv"):
        return _linear(graph, node, label)
    if quantised := graph.quantised_before(name):
        raise NotLinear(
            f"ends in {label}, and the head in front of it is quantised ({quantised}): it works "
            "on, or gives, numbers that are rounded to 8 bits. Quantise all but the last layer, or "
            "take the network in float32"
        )
    if kind in ARITHMETIC and len(node.input) == 2:
        return arithmetic(ARITHMETIC[kind], list(node.input), graph.constant, label)
    raise NotLinear(f"ends in {label}")


def _keeps_batch(node: onnx.NodeProto) -> bool:
    """Whether the batch stays first; without a permutation all sides are reversed."""
    order = attributes(node).get("perm")
    return order is not None and order[0] == 0


def _over_image(graph: Graph, node: onnx.NodeProto) -> bool:
    """Whether an average runs over height and width alone, wherever channels stand."""
    axes = attributes(node).get("axes")
    if axes is None and len(node.input) > 1:
        axes = graph.constant(node.input[1])
    if axes is None:
        return False
    maker = graph.makers.get(node.input[0])
    last = maker is not None and attributes(maker).get("perm") == [0, 2, 3, 1]
    return sorted(int(a) % 4 for a in axes) == ([1, 2] if last else [2, 3])


def _linear(graph: Graph, node: onnx.NodeProto, label: str) -> Step:
    """Gemm, MatMul or a 1×1 Conv, if its weight and bias are constant."""
    stored = {}
    for what, place in (("weight", 1), ("bias", 2)):
        if len(node.input) > place and node.input[place]:
            value = graph.constant(node.input[place])
            if value is None:
                raise NotLinear(f"ends in {label}, whose {what} is not constant")
            stored[what] = value
    weight, bias, given = stored["weight"], stored.get("bias"), attributes(node)
    if node.op_type == "Conv":
        weight = _conv_weight(label, weight, given)
    elif node.op_type == "MatMul":
        weight = weight.T
    else:
        if given.get("transA"):
            raise NotLinear(f"ends in {label} with transA")
        weight = (weight if given.get("transB") else weight.T) * given.get("alpha", 1.0)
        bias = None if bias is None else bias * given.get("beta", 1.0)
    if weight.ndim != 2:
        raise NotLinear(f"ends in {label} with a weight of {weight.ndim} dimensions")
    return Step(
        node.input[0],
        label,
        constant=None if bias is None else bias.reshape(-1),
        weight=np.asarray(weight, np.float32),
        is_map=node.op_type == "Conv",
    )


def _conv_weight(label: str, weight: Array, given: Mapping[str, Any]) -> Array:
    plain = (
        all(side == 1 for side in weight.shape[2:])
        and given.get("group", 1) == 1
        and not any(given.get("pads", ()))
        and all(step == 1 for step in given.get("strides", ()))
        and given.get("auto_pad", b"NOTSET") in (b"NOTSET", b"VALID")
    )
    if not plain:
        raise refuse_kernel(label, weight.shape[2:])
    return weight.reshape(weight.shape[:2])


def _append_pool(model: onnx.ModelProto, tensor: str) -> str:
    """Average over the image behind ``tensor``, as the new output."""
    name = f"{tensor}/pooled"
    model.graph.node.append(helper.make_node("GlobalAveragePool", [tensor], [name]))
    model.graph.output[0].name = name
    return name
