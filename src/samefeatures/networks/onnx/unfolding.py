"""How many operations an ONNX graph runs at most: functions and loops can make many of few."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import onnx
from onnx import numpy_helper

MOST = 10**6
"""Operations of one run."""
UNSTORED = ("Scan", "SequenceMap")
"""Run a graph as often as their data are long."""
Functions = Mapping[tuple[str, str, str], onnx.FunctionProto]


class Endless(Exception):
    """Why a graph may run for long; it reads on from there, e.g. ``has Loop 'x', which …``."""


def check_functions(model: onnx.ModelProto) -> None:
    """Refuse functions that call themselves, or unfold to too many operations.

    Raises:
        Endless: with the reason.
    """
    functions = {(each.domain, each.name, each.overload): each for each in model.functions}
    sizes: dict[tuple[str, str, str], int | None] = {}  # None while its body is counted

    def count(nodes: Iterable[onnx.NodeProto]) -> int:
        total = 0
        for node in nodes:
            key = (node.domain, node.op_type, node.overload)
            total += 1 + (of(key) if key in functions else 0)
            total += sum(count(graph.node) for graph in subgraphs(node))
        return total

    def of(key: tuple[str, str, str]) -> int:
        if key not in sizes:
            sizes[key] = None
            sizes[key] = count(functions[key].node)
        found = sizes[key]
        if found is None:
            raise Endless(f"has a function that calls itself ('{key[1]}')")
        return found

    try:
        total = count(model.graph.node)
    except RecursionError:
        raise Endless("has functions that call each other too deep") from None
    if total > MOST:
        raise Endless(f"has functions that unfold to more than {MOST:,} operations")


def check_loops(graph: onnx.GraphProto) -> None:
    """Refuse loops whose rounds are not stored, or that run too many operations.

    Raises:
        Endless: naming the loop.
    """
    _count(graph, {})


def _count(graph: onnx.GraphProto, outer: Mapping[str, onnx.TensorProto]) -> int:
    stored = {**outer, **{t.name: t for t in graph.initializer}}
    for node in graph.node:
        if node.op_type == "Constant" and node.output:
            stored.update((node.output[0], a.t) for a in node.attribute if a.HasField("t"))
    total = 0
    for node in graph.node:
        inner = sum(_count(each, stored) for each in subgraphs(node))
        total += 1 + inner * _rounds(node, stored)
        if total > MOST:
            raise Endless(f"runs more than {MOST:,} operations ({_name(node)})")
    return total


def _rounds(node: onnx.NodeProto, stored: Mapping[str, onnx.TensorProto]) -> int:
    """How often a node runs its graphs."""
    if node.op_type in UNSTORED:
        raise Endless(f"has {_name(node)}, which runs as often as its data are long")
    if node.op_type != "Loop":
        return 1
    trips = stored.get(node.input[0]) if node.input else None
    if trips is None:
        raise Endless(f"has {_name(node)}, whose number of rounds is not stored")
    value = numpy_helper.to_array(trips)
    if value.size != 1 or value.dtype.kind not in "iu":
        raise Endless(f"has {_name(node)}, whose number of rounds is no whole number")
    return max(1, int(value.reshape(-1)[0]))


def _name(node: onnx.NodeProto) -> str:
    return f"{node.op_type} '{node.name or (node.output[0] if node.output else '')}'"


def subgraphs(node: onnx.NodeProto) -> list[onnx.GraphProto]:
    """The graphs among a node's attributes."""
    return [
        graph
        for each in node.attribute
        for graph in ([each.g] if each.HasField("g") else []) + list(each.graphs)
    ]
