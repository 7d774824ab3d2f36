"""Small ONNX classifiers with a known head, for tests of networks and of the export."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]
SIZE = 16
D, CLASSES = 8, 5
META = {
    "input_size": [3, SIZE, SIZE],
    "crop_pct": 1.0,
    "interpolation": "bilinear",
    "mean": [0.5, 0.5, 0.5],
    "std": [0.25, 0.25, 0.25],
}


def known_head(seed: int = 0) -> tuple[Array, Array]:
    """(CLASSES, D) weight and (CLASSES,) bias, float32."""
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=(CLASSES, D)).astype(np.float32),
        rng.normal(size=CLASSES).astype(np.float32),
    )


class Net:
    """Collects nodes and weights; ``f`` is (b, D) features, ``p`` the same as (b, D, 1, 1), and
    ``m`` the map (b, D, 7, 7) that they are averaged from."""

    def __init__(self, *, batch: int | str = "N", channels_last: bool = False) -> None:
        rng = np.random.default_rng(1)
        shape = [batch, SIZE, SIZE, 3] if channels_last else [batch, 3, SIZE, SIZE]
        self.inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        if channels_last:
            self.add("Transpose", ["x"], "x_first", perm=[0, 3, 1, 2])
        self.store("k", rng.normal(size=(D, 3, 3, 3)).astype(np.float32))
        self.store("kb", rng.normal(size=D).astype(np.float32))
        self.add("Conv", ["x_first" if channels_last else "x", "k", "kb"], "c", strides=[2, 2])
        self.add("Relu", ["c"], "m")
        self.add("GlobalAveragePool", ["m"], "p")
        self.add("Flatten", ["p"], "f", axis=1)

    def store(self, name: str, value: Array) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, op: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def model(self, *outputs: str, opset: int = 17) -> onnx.ModelProto:
        values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs]
        graph = helper.make_graph(self.nodes, "net", self.inputs, values, self.weights)
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9
        )


Head = Callable[[Net, Array, Array], str]
"""Adds a head to a net and returns the name of the output."""


def gemm(net: Net, w: Array, b: Array) -> str:
    """The plainest head: Gemm with transB."""
    names = ["f", net.store("w", w), net.store("b", b)]
    return net.add("Gemm", names, "logits", transB=1)


def gemm_net(**options: Any) -> onnx.ModelProto:
    net = Net(**options)
    return net.model(gemm(net, *known_head()))


def save(model: onnx.ModelProto, folder: Path, *, meta: dict[str, object] | None = None) -> Path:
    """Write ``model.onnx`` and ``meta.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    (folder / "meta.json").write_text(json.dumps(META if meta is None else meta))
    return folder / "model.onnx"
