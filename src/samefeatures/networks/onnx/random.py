"""The same ONNX graph with weights as drawn before training: what its architecture gives alone."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import onnx
from onnx import numpy_helper

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import NetworkError
from samefeatures.networks.onnx.graph import Graph

Drawn = Float32

WEIGHTS: Mapping[str, tuple[int, ...]] = {
    "Conv": (1,),
    "ConvTranspose": (1,),
    "Gemm": (0, 1),
    "MatMul": (0, 1),
}
"""Inputs that hold the weights of a linear operation; those that are computed are no weights."""
RESETS: Mapping[str, Mapping[int, float]] = {
    "Conv": {2: 0.0},
    "ConvTranspose": {2: 0.0},
    "Gemm": {2: 0.0},
    "BatchNormalization": {1: 1.0, 2: 0.0, 3: 0.0, 4: 1.0},
    "InstanceNormalization": {1: 1.0, 2: 0.0},
    "LayerNormalization": {1: 1.0, 2: 0.0},
    "GroupNormalization": {1: 1.0, 2: 0.0},
}
"""Inputs that are set to one value: biases, scales, shifts and running statistics."""
SHUFFLED = ("Add", "Sub", "Mul", "Div", "PRelu")
"""Operations whose other stored operands are shuffled, so that their values stay in range."""
QUANTISED = ("QuantizeLinear", "DynamicQuantizeLinear", "QLinearConv", "ConvInteger")


def randomise_onnx(model: onnx.ModelProto, *, seed: int, source: str) -> onnx.ModelProto:
    """A copy of a graph in which nothing is left of its training.

    - Weights of convolutions and matrix products are drawn from a normal distribution with mean 0
      and variance 2 / fan-in (He et al., 2015), which keeps the scale of activations behind ReLU.
    - Their biases become 0; normalisations get scale 1, shift 0, running mean 0 and variance 1.
    - Other stored tensors of more than one number that are added or multiplied (biases behind a
      matrix product, position embeddings, slopes) are shuffled.

    Args:
        model: Not changed.
        seed: The same seed draws the same weights.
        source: For messages.

    Raises:
        NetworkError: when activations are quantised (their ranges belong to the trained weights),
            or no weights are found.
    """
    out = onnx.ModelProto()
    out.CopyFrom(model)
    graph = Graph(out)
    nodes = graph.live(graph.outputs)
    computed = [node.op_type for node in nodes if node.op_type in QUANTISED]
    if computed:
        raise NetworkError(
            f"{source} can't be given random weights: its activations are quantised "
            f"({computed[0]}) to ranges that belong to the trained weights."
        )
    rng = np.random.default_rng(seed)
    fresh: dict[str, Drawn] = {}
    for node in nodes:
        _draw(node, graph, fresh, rng)
    if not any(node.op_type in WEIGHTS and _reads(node, fresh) for node in nodes):
        raise NetworkError(
            f"{source} can't be given random weights: none were found in its graph (it has "
            f"{', '.join(sorted({node.op_type for node in nodes}))})."
        )
    _store(out.graph, nodes, fresh)
    return out


def _draw(
    node: onnx.NodeProto, graph: Graph, fresh: dict[str, Drawn], rng: np.random.Generator
) -> None:
    """Draw what this node reads; a tensor that several nodes read is drawn once."""
    kind = node.op_type
    for place, name in enumerate(node.input):
        if not name or name in fresh:
            continue
        is_weight = place in WEIGHTS.get(kind, ())
        reset = RESETS.get(kind, {}).get(place)
        if not (is_weight or reset is not None or kind in SHUFFLED):
            continue
        value = graph.constant(name)
        if value is None or value.dtype.kind != "f":
            continue
        if reset is not None:
            fresh[name] = np.full(value.shape, reset, np.float32)
        elif is_weight and value.ndim >= 2:
            scale = math.sqrt(2 / fan_in(node, place, value.shape))
            fresh[name] = rng.normal(0, scale, value.shape).astype(np.float32)
        elif value.size > 1:
            fresh[name] = rng.permutation(value.ravel()).reshape(value.shape).astype(np.float32)


def fan_in(node: onnx.NodeProto, place: int, shape: tuple[int, ...]) -> int:
    """Numbers that one output of a linear operation sums over."""
    if node.op_type == "Conv":
        return math.prod(shape[1:])
    if node.op_type == "ConvTranspose":
        return shape[0] * math.prod(shape[2:])
    if node.op_type == "Gemm":
        flag = "transA" if place == 0 else "transB"
        turned = any(a.name == flag and a.i for a in node.attribute)
        rows = (place == 1) != turned  # (in, out) as the second operand, unless transposed
        return shape[0] if rows else shape[1]
    return shape[-2] if place == 1 else shape[-1]


def _reads(node: onnx.NodeProto, fresh: Mapping[str, Drawn]) -> bool:
    return any(
        node.input[place] in fresh and fresh[node.input[place]].ndim >= 2
        for place in WEIGHTS[node.op_type]
        if place < len(node.input)
    )


def _store(graph: onnx.GraphProto, nodes: list[onnx.NodeProto], fresh: Mapping[str, Drawn]) -> None:
    """Put the drawn tensors beside the old ones, and let these nodes read them."""
    taken = {t.name for t in graph.initializer} | {o for node in graph.node for o in node.output}
    names = {}
    for name in fresh:
        new = f"{name}_random"
        while new in taken:
            new += "_"
        names[name] = new
        taken.add(new)
        graph.initializer.append(numpy_helper.from_array(fresh[name], new))
    for node in nodes:
        for place, name in enumerate(node.input):
            if name in names and _is_drawn(node.op_type, place):
                node.input[place] = names[name]


def _is_drawn(kind: str, place: int) -> bool:
    """Whether this input is one that ``_draw`` looks at: a shape read from a weight stays."""
    return place in WEIGHTS.get(kind, ()) or place in RESETS.get(kind, {}) or kind in SHUFFLED
