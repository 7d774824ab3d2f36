"""A faster average pooling: the operators of opset 18, where they mean the same.

ONNX Runtime has an optimised AveragePool for opsets up to 18. That of opset 19 and later, which
knows dilations, takes eight times as long on a processor, without dilations too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import onnx
from onnx import defs

FAST = 18
ONNX = ("", "ai.onnx")
SAME = {
    "AveragePool", "Constant", "Conv", "Flatten", "GlobalAveragePool", "GlobalMaxPool",
    "HardSigmoid", "HardSwish", "Identity", "MaxPool", "Reshape", "Shape", "Squeeze", "Transpose",
    "Unsqueeze",
}  # fmt: skip
"""Operators of which opsets 19 to 23 know more types of numbers, and AveragePool dilations; what
they compute of float32 is the same."""


@contextmanager
def fast_pooling(model: onnx.ModelProto) -> Iterator[onnx.ModelProto]:
    """The model, which in the block is one of opset 18 if that changes nothing but the speed."""
    given = [entry for entry in model.opset_import if entry.domain in ONNX]
    if len(given) != 1 or not _may(model, given[0].version):
        yield model
        return
    (entry,) = given
    before = entry.version
    entry.version = FAST
    try:
        yield model
    finally:
        entry.version = before


def _may(model: onnx.ModelProto, version: int) -> bool:
    nodes = list(_nodes(model.graph))
    pools = [node for node in nodes if node.op_type == "AveragePool" and node.domain in ONNX]
    if version <= FAST or not pools or model.functions:
        return False
    options = [a for pool in pools for a in pool.attribute]
    if any(a.name == "dilations" or (a.name == "ceil_mode" and a.i) for a in options):
        return False
    return all(node.domain not in ONNX or _is_same(node.op_type, version) for node in nodes)


def _is_same(kind: str, version: int) -> bool:
    """Whether an operator of this version is that of opset 18."""
    try:
        since = defs.get_schema(kind, version).since_version
        return since <= FAST or kind in SAME
    except defs.SchemaError:
        return False


def _nodes(graph: onnx.GraphProto) -> Iterable[onnx.NodeProto]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            inner = [attribute.g] if attribute.HasField("g") else attribute.graphs
            for graph_of in inner:
                yield from _nodes(graph_of)
