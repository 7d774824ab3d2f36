"""Ask an ONNX graph who makes what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from samefeatures.base.errors import NetworkError

FLOATS = (
    onnx.TensorProto.FLOAT,
    onnx.TensorProto.FLOAT16,
    onnx.TensorProto.BFLOAT16,
    onnx.TensorProto.DOUBLE,
)
LINEAR = ("Gemm", "MatMul", "Conv")
QUANTISED = (
    *("MatMulInteger", "ConvInteger", "QLinearMatMul", "QLinearConv"),
    *("QGemm", "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "QLinearAdd", "QLinearSoftmax"),
)
"""Operations on integers that stand for rounded numbers."""
MOST_AT_ONCE = 64
"""Images of a batch that a graph may fix inside."""
NO_ARITHMETIC = ("Cast", "Identity", "Transpose", "Reshape", "Squeeze", "Unsqueeze")
"""Operations that may stand between a weight and what computes with it."""
NOT_TRAINED = {
    "BatchNormalization": (3, 4),
    "Clip": (1, 2),
    "DequantizeLinear": (1, 2),
    "QuantizeLinear": (1, 2),
}
"""Inputs, by operation, that hold running statistics, bounds, scales and zero points."""


class Graph:
    """A model's graph with look-ups by the names of tensors.

    Args:
        model: Without functions of its own.
        folder: Where weights lie that stay in their files; None where there are none.
    """

    def __init__(self, model: onnx.ModelProto, folder: Path | None = None) -> None:
        self.model = model
        self.folder = folder
        self.proto = model.graph
        self.makers = {out: node for node in self.proto.node for out in node.output if out}
        self.stored = {tensor.name: tensor for tensor in self.proto.initializer}
        self.outputs = [value.name for value in self.proto.output]
        # Old files list their weights among the inputs.
        weights = {*self.stored, *(t.values.name for t in self.proto.sparse_initializer)}
        self.inputs = [value for value in self.proto.input if value.name not in weights]

    def live(self, names: Iterable[str]) -> list[onnx.NodeProto]:
        """The nodes that the named tensors depend on, in the order of the file."""
        wanted, todo = set[str](), list(names)
        while todo:
            name = todo.pop()
            if name in wanted:
                continue
            wanted.add(name)
            if name in self.makers:
                todo += node_inputs(self.makers[name])
        return [node for node in self.proto.node if wanted.intersection(node.output)]

    def constant(self, name: str) -> npt.NDArray[Any] | None:
        """The value (…) of a tensor that depends on no input of the graph, else None."""
        if name in self.stored:
            return numpy_helper.to_array(self.stored[name], str(self.folder or ""))
        nodes = self.live([name])
        given = {value.name for value in self.inputs}
        if not nodes or any(given.intersection(node_inputs(node)) for node in nodes):
            return None
        return self._evaluate(self.cut(nodes, [name]), name)

    def _evaluate(self, model: onnx.ModelProto, name: str) -> npt.NDArray[Any] | None:
        """The value (…) of the only output of a model that takes nothing."""
        from samefeatures.networks.onnx.run import open_session

        try:
            (value,) = open_session(model, threads=1, folder=self.folder).run([name], {})
        except NetworkError:
            return None
        return np.asarray(value)

    def cut(self, nodes: Iterable[onnx.NodeProto], outputs: Iterable[str]) -> onnx.ModelProto:
        """A copy of the model with these nodes alone, and the weights and inputs that they use."""
        nodes = list(nodes)
        used = {name for node in nodes for name in node_inputs(node)}.union(outputs)
        model = onnx.ModelProto()
        model.CopyFrom(_without_graph(self.model))
        graph = model.graph
        graph.name = self.proto.name or "network"
        graph.node.extend(nodes)
        graph.initializer.extend(t for t in self.proto.initializer if t.name in used)
        graph.sparse_initializer.extend(
            t for t in self.proto.sparse_initializer if t.values.name in used
        )
        graph.input.extend(value for value in self.proto.input if value.name in used)
        graph.output.extend(onnx.ValueInfoProto(name=name) for name in outputs)
        return model

    def quantised_before(self, name: str, steps: int = 8) -> str | None:
        """The last operation on rounded numbers before a tensor, within so many steps."""
        names, rounded = [name], None
        for _ in range(steps):
            nodes = [self.makers[each] for each in names if each in self.makers]
            for node in nodes:
                if node.op_type in QUANTISED:
                    return describe([node])
                if node.op_type == "DequantizeLinear" and self.constant(node.input[0]) is None:
                    rounded = describe([node])
                if node.op_type in LINEAR:
                    return rounded
            names = list({each for node in nodes for each in node_inputs(node)})
        return rounded

    def is_half(self) -> bool:
        """Whether anything is computed in float16: weights that are only kept so are no reason."""
        half = set(self.of_type(onnx.TensorProto.FLOAT16))
        return any(
            node.op_type not in NO_ARITHMETIC and half.intersection(node.input)
            for node in self.live(self.outputs)
        )

    def of_type(self, kind: int) -> list[str]:
        """Names of the stored tensors of a data type."""
        names = [t.name for t in self.proto.initializer if t.data_type == kind]
        for node in self.proto.node:
            value = attributes(node).get("value") if node.op_type == "Constant" else None
            if getattr(value, "data_type", None) == kind:
                names += node.output
        return names

    def batches_inside(self) -> list[int]:
        """Numbers of images that stored shapes of ``Reshape`` fix, the most frequent first."""
        nodes = [node for node in self.live(self.outputs) if node.op_type == "Reshape"]
        shapes = [self.constant(node.input[1]) for node in nodes if len(node.input) > 1]
        first = Counter(int(s[0]) for s in shapes if s is not None and s.ndim == 1 and s.size)
        return [batch for batch, _ in first.most_common() if 1 <= batch <= MOST_AT_ONCE]

    def last_layers(self, count: int = 4) -> str:
        """The last operations, for messages."""
        return describe(self.live(self.outputs)[-count:])

    def parameters(self) -> int:
        """Number of trained numbers: float weights of one dimension or more, and quantised ones.

        Scales, zero points, running statistics, bounds and shapes are left out.
        """
        nodes = self.live(self.outputs)
        uses = [(node, at, name) for node in nodes for at, name in enumerate(node.input)]
        skip = {n for node, at, n in uses if at in NOT_TRAINED.get(node.op_type, ())}
        quantised = {n for node, at, n in uses if node.op_type == "DequantizeLinear" and at == 0}
        tensors = {t.name: t for t in self.proto.initializer}
        for node in nodes:
            if node.op_type == "Constant" and node.attribute[0].HasField("t"):
                tensors[node.output[0]] = node.attribute[0].t
        total = 0
        for name in {name for _, _, name in uses} - skip:
            tensor = tensors.get(name)
            if tensor is not None and (
                name in quantised or (tensor.data_type in FLOATS and tensor.dims)
            ):
                total += int(np.prod(tensor.dims))
        return total


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """Values of a node's attributes, by name."""
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def node_inputs(node: onnx.NodeProto) -> list[str]:
    """Names that a node reads, those inside its subgraphs included."""
    names = [name for name in node.input if name]
    for attribute in node.attribute:
        for graph in [attribute.g] if attribute.HasField("g") else attribute.graphs:
            names += [name for inner in graph.node for name in node_inputs(inner)]
            names += [value.name for value in graph.output]
    return names


def describe(nodes: Iterable[onnx.NodeProto]) -> str:
    """``Relu 'a' → Gemm 'logits'``: operations and the tensors that they make."""
    return " → ".join(f"{node.op_type} '{node.output[0]}'" for node in nodes) or "none"


def _without_graph(model: onnx.ModelProto) -> onnx.ModelProto:
    out = onnx.ModelProto(ir_version=model.ir_version)
    out.opset_import.extend(model.opset_import)
    out.functions.extend(model.functions)
    return out
