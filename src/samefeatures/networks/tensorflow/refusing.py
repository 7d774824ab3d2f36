"""Refuse SavedModels that do more than compute.

TensorFlow runs parts of a SavedModel while it loads it, and any operation may stand there, so that
an operation that is not known to be harmless is not loaded at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tensorflow.core.framework import variable_pb2
from tensorflow.python.framework import op_def_registry

from samefeatures.networks.tensorflow.operations import KNOWN, LOOPS, RESTORING, SAVING

RESOURCES = ("_create_resource", "_initialize", "_destroy_resource")
"""Names of functions that TensorFlow runs while it loads."""
PASSING = ("Identity", "PlaceholderWithDefault")
LARGEST = 2**28
"""Numbers of a constant."""
MOST = 10**6
"""Operations of all functions, each counted as often as it is called."""


class Refused(Exception):
    """What a graph does that is not run; it reads on from there, e.g. ``runs WriteFile, …``."""


@dataclass(frozen=True, slots=True, eq=False)
class Calls:
    """The graph of a SavedModel and its functions.

    Attributes:
        nodes: Of the graph, by name.
        library: Nodes of each function.
    """

    nodes: Mapping[str, Any]
    library: Mapping[str, list[Any]]

    @classmethod
    def of(cls, graph: Any) -> Calls:
        """Of a ``GraphDef``."""
        library = {each.signature.name: list(each.node_def) for each in graph.library.function}
        return cls({node.name: node for node in graph.node}, library)

    def all(self) -> Iterator[Any]:
        """All nodes, those of functions included."""
        yield from self.nodes.values()
        for body in self.library.values():
            yield from body

    def called(self, node: Any) -> Iterator[str]:
        """The functions that a node calls or names."""
        if node.op in self.library:
            yield node.op
        for value in node.attr.values():
            for each in (value.func, *value.list.func):
                if each.name in self.library:
                    yield each.name

    def reached(self, names: Iterable[str], functions: Iterable[str] = ()) -> list[Any]:
        """All nodes that run for nodes of the graph, and for functions."""
        waiting, calls, seen, out = list(names), list(functions), set[str](), list[Any]()
        while waiting:
            node = self.nodes.get(_node(waiting.pop()))
            if node is not None and node.name not in seen:
                seen.add(node.name)
                out.append(node)
                waiting += node.input
                calls += self.called(node)
        done = set[str]()
        while calls:
            name = calls.pop()
            if name in self.library and name not in done:
                done.add(name)
                out += self.library[name]
                calls += [inner for node in self.library[name] for inner in self.called(node)]
        return out

    def size(self) -> int:
        """Operations of all functions, each counted as often as it is called.

        Raises:
            Refused: where a function calls itself.
        """
        sizes: dict[str, int | None] = {}  # None while its body is counted

        def of(name: str) -> int:
            if name not in sizes:
                sizes[name] = None
                body = self.library[name]
                sizes[name] = sum(1 + sum(map(of, self.called(node))) for node in body)
            found = sizes[name]
            if found is None:
                raise Refused(f"has a function that calls itself ('{name}')")
            return found

        try:
            return sum(1 + sum(map(of, self.called(node))) for node in self.nodes.values())
        except RecursionError:
            raise Refused("has functions that call each other too deep") from None


def check_operations(meta: Any) -> None:
    """Refuse a ``MetaGraphDef`` that does more than compute.

    Raises:
        Refused: naming the operations.
    """
    calls = Calls.of(meta.graph_def)
    found = {node.op for node in calls.all()}
    shadow = sorted(name for name in calls.library if op_def_registry.get(name) is not None)
    unknown = sorted(found - KNOWN - set(calls.library)) + shadow
    if unknown:
        raise Refused(
            f"runs {', '.join(unknown[:5])}, which is not among the operations that are known to "
            "compute and do nothing else"
        )
    restore = [meta.saver_def.restore_op_name]
    loaded, run = list(_of_collections(meta)), list(_of_signatures(meta))
    functions = list(meta.object_graph_def.concrete_functions)
    _refuse(calls.reached(restore + loaded + run, functions), SAVING, "writes files")
    _refuse(calls.reached(loaded + run, functions), RESTORING, "reads files that it names itself")
    _refuse(calls.reached(restore + loaded, _of_resources(meta)), LOOPS, "may never end")
    _check_file_names(calls, meta.saver_def)
    _check_constants(calls.all())
    if calls.size() > MOST:
        raise Refused(f"has functions that unfold to more than {MOST:,} operations")


def check_loops(graph: Any) -> None:
    """Refuse the ``GraphDef`` of a function that is to run, if it has loops.

    Raises:
        Refused: naming them.
    """
    calls = Calls.of(graph)
    _refuse(calls.reached(calls.nodes), LOOPS, "may never end")


def _refuse(nodes: Iterable[Any], forbidden: frozenset[str], why: str) -> None:
    found = sorted({node.op for node in nodes} & forbidden)
    if found:
        raise Refused(f"runs {', '.join(found)}, which {why}")


def _node(tensor: str) -> str:
    """``^name`` and ``name:0`` to the name of the node."""
    return tensor.removeprefix("^").partition(":")[0]


def _of_signatures(meta: Any) -> Iterator[str]:
    """Tensors that signatures give; what starts the graph is one of them."""
    for signature in meta.signature_def.values():
        for info in signature.outputs.values():
            yield info.name
            yield from (each.name for each in info.composite_tensor.components)
            sparse = info.coo_sparse
            yield from (sparse.values_tensor_name, sparse.indices_tensor_name)
            yield sparse.dense_shape_tensor_name


def _of_collections(meta: Any) -> Iterator[str]:
    """Names in collections: what starts the graph, tables, variables and their first values."""
    for key, collection in meta.collection_def.items():
        yield from collection.node_list.value
        for data in () if key == "savers" else collection.bytes_list.value:
            try:
                variable = variable_pb2.VariableDef.FromString(data)
            except Exception:  # a collection of something else; protobuf's errors have no base
                continue
            yield from (variable.variable_name, variable.initializer_name)
            yield from (variable.snapshot_name, variable.initial_value_name)


def _of_resources(meta: Any) -> Iterator[str]:
    """Functions of tables and the like, which run while they are loaded."""
    nodes = meta.object_graph_def.nodes
    for node in nodes:
        for child in node.children:
            if child.local_name in RESOURCES and child.node_id < len(nodes):
                function = nodes[child.node_id]
                yield from function.function.concrete_functions
                yield function.bare_concrete_function.concrete_function_name


def _check_file_names(calls: Calls, saver: Any) -> None:
    """Weights are restored from the file that TensorFlow names, and from no other."""
    given = _node(saver.filename_tensor_name)
    for node in calls.reached([saver.restore_op_name]):
        if node.op in RESTORING and node in calls.nodes.values():
            source = node
            seen = set[str]()
            while (name := _node(source.input[0]) if source.input else "") != given:
                if name in seen or name not in calls.nodes or calls.nodes[name].op not in PASSING:
                    raise Refused(f"runs {node.op}, which reads a file that it names itself")
                seen.add(name)
                source = calls.nodes[name]


def _check_constants(nodes: Iterable[Any]) -> None:
    for node in nodes:
        if node.op == "Const":
            dims = [dim.size for dim in node.attr["value"].tensor.tensor_shape.dim]
            if min(dims, default=0) < 0 or math.prod(dims) > LARGEST:
                raise Refused(f"has a constant of {dims}; at most {LARGEST:,} numbers are loaded")
