"""ONNX graphs that would run without end, or ask for more memory than there is."""

from __future__ import annotations

import re
import resource
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from onnx_nets import Net, gemm, known_head, save
from samefeatures.base.errors import NetworkError
from samefeatures.networks.load import load
from samefeatures.networks.onnx import backend, unfolding

INT64_MAX = 2**63 - 1


@pytest.fixture(autouse=True)
def _a_limit_of_our_own() -> Iterator[None]:
    """Should ours not hold, a test fails, and not the machine."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (2**35, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def refused(model: onnx.ModelProto, folder: Path) -> str:
    started = time.monotonic()
    with pytest.raises(NetworkError) as caught:
        load(f"onnx:{save(model, folder)}", threads=1)
    assert time.monotonic() - started < 10
    assert "\n" not in str(caught.value)
    return str(caught.value)


def body(*inner: onnx.NodeProto, name: str = "body") -> onnx.GraphProto:
    """Of a loop that carries a tensor and never asks to stop."""
    nodes = [
        helper.make_node("Identity", [f"{name}_go"], [f"{name}_on"]),
        *(inner or [helper.make_node("Identity", [f"{name}_v"], [f"{name}_w"])]),
    ]
    given = [
        helper.make_tensor_value_info(f"{name}_i", TensorProto.INT64, []),
        helper.make_tensor_value_info(f"{name}_go", TensorProto.BOOL, None),
        helper.make_tensor_value_info(f"{name}_v", TensorProto.FLOAT, None),
    ]
    gives = [
        helper.make_tensor_value_info(f"{name}_on", TensorProto.BOOL, None),
        helper.make_tensor_value_info(f"{name}_w", TensorProto.FLOAT, None),
    ]
    return helper.make_graph(nodes, name, given, gives)


def looping(rounds: object, *, on: str = "f", graph: onnx.GraphProto | None = None) -> Net:
    """A network whose features come out of a loop; its rounds are stored, None, or computed."""
    net = Net()
    net.store("yes", np.array(True))
    trips = ""
    if rounds == "computed":
        net.add("Size", ["x"], "size")
        trips = "size"
    elif rounds is not None:
        trips = net.store("rounds", np.array(rounds))
    net.add("Loop", [trips, "yes", on], "g", body=graph or body())
    return net


def ending(net: Net, features: str = "g") -> onnx.ModelProto:
    w, b = known_head()
    inputs = [features, net.store("w", w), net.store("b", b)]
    return net.model(net.add("Gemm", inputs, "out", transB=1))


@pytest.mark.parametrize(
    ("rounds", "message"),
    [
        (INT64_MAX, r"runs more than 1,000,000 operations \(Loop 'g'\)"),
        (10**6, "runs more than 1,000,000 operations"),
        (None, "has Loop 'g', whose number of rounds is not stored"),
        ("computed", "has Loop 'g', whose number of rounds is not stored"),
        ([3, 4], "whose number of rounds is no whole number"),
        (2.5, "whose number of rounds is no whole number"),
    ],
)
def test_loops_without_a_small_number_of_rounds(tmp_path, rounds, message: str) -> None:
    said = refused(ending(looping(rounds)), tmp_path)
    assert "may never end" in said
    assert re.search(message, said)


def test_a_loop_with_few_rounds_is_loaded(tmp_path: Path) -> None:
    half = numpy_helper.from_array(np.float32(0.5), "half")
    graph = body(helper.make_node("Mul", ["body_v", "half"], ["body_w"]))
    graph.initializer.append(half)
    network = load(f"onnx:{save(ending(looping(3, graph=graph)), tmp_path)}", threads=1)
    plain = load(f"onnx:{save(ending(Net(), 'f'), tmp_path / 'plain')}", threads=1)
    images = np.random.default_rng(0).normal(size=(2, 3, 16, 16)).astype(np.float32)
    expected = plain.backend.features(images) / 8
    np.testing.assert_allclose(network.backend.features(images), expected, rtol=1e-6)


def nested() -> onnx.ModelProto:
    inner = helper.make_node("Loop", ["many", "outer_go", "outer_v"], ["outer_w"], body=body())
    net = looping(2000, graph=body(inner, name="outer"))
    net.store("many", np.array(2000))
    return ending(net)


def in_a_branch() -> onnx.ModelProto:
    net = Net()
    net.store("yes", np.array(True))
    net.store("rounds", np.array(INT64_MAX))
    branches = []
    for name in ("a", "b"):
        loop = helper.make_node("Loop", ["rounds", "yes", "f"], [name], body=body())
        value = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        branches.append(helper.make_graph([loop], name, [], [value]))
    net.add("If", ["yes"], "g", then_branch=branches[0], else_branch=branches[1])
    return ending(net)


def in_a_function() -> onnx.ModelProto:
    net = Net()
    rounds = numpy_helper.from_array(np.array(INT64_MAX))
    nodes = [
        helper.make_node("Constant", [], ["rounds"], value=rounds),
        helper.make_node("Constant", [], ["yes"], value=numpy_helper.from_array(np.array(True))),
        helper.make_node("Loop", ["rounds", "yes", "v"], ["w"], body=body()),
    ]
    net.nodes.append(helper.make_node("Forever", ["f"], ["g"], domain="own"))
    model = ending(net)
    model.opset_import.add(domain="own", version=1)
    opset = [helper.make_opsetid("", 17)]
    model.functions.append(helper.make_function("own", "Forever", ["v"], ["w"], nodes, opset))
    return model


def in_the_weight() -> onnx.ModelProto:
    """The head's weight is computed by a loop that does not depend on the image."""
    net = looping(INT64_MAX, on="w0")
    net.store("w0", known_head()[0])
    return net.model(net.add("Gemm", ["f", "g"], "out", transB=1))


def scanned() -> onnx.ModelProto:
    net = Net()
    value = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("v", "w")]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["v"], ["w"])], "s", value[:1], value[1:]
    )
    net.add("Scan", ["f"], "g", body=graph, num_scan_inputs=1)
    return ending(net)


@pytest.mark.parametrize("make", [nested, in_a_branch, in_a_function, in_the_weight, scanned])
def test_loops_are_found_wherever_they_stand(tmp_path: Path, make) -> None:
    assert "may never end" in refused(make(), tmp_path)


@pytest.mark.parametrize(("depth", "calls"), [(40, 2), (3000, 1), (0, 1)])
def test_functions_that_unfold_or_call_themselves(tmp_path: Path, depth: int, calls: int) -> None:
    net = Net()
    net.nodes.append(helper.make_node(f"F{depth}", ["f"], ["g"], domain="own"))
    model = ending(net)
    model.opset_import.add(domain="own", version=1)
    opset = [helper.make_opsetid("own", 1), helper.make_opsetid("", 17)]
    for i in range(depth + 1):
        called = f"F{i - 1}" if i else ("F0" if depth == 0 else "Identity")
        domain = "" if called == "Identity" else "own"
        names = ["v", *(f"t{k}" for k in range(calls - 1)), "w"]
        nodes = [helper.make_node(called, [a], [b], domain=domain) for a, b in pairwise(names)]
        model.functions.append(helper.make_function("own", f"F{i}", ["v"], ["w"], nodes, opset))
    message = {40: "unfold to more than", 3000: "too deep", 0: "that calls itself ('F0')"}[depth]
    assert message in refused(model, tmp_path)


def growing(op: str, *arguments: np.ndarray, on: str | None = "f", **attributes) -> Net:
    net = Net()
    names = [net.store(f"a{i}", value) for i, value in enumerate(arguments)]
    net.add(op, [*([] if on is None else [on]), *names], "large", **attributes)
    return net


GROWTHS = {
    "ConstantOfShape": lambda: growing("ConstantOfShape", np.array([2**20, 2**21]), on=None),
    "Expand": lambda: growing("Expand", np.array([2**38, 1, 1])),
    "Tile": lambda: growing("Tile", np.array([2**20, 2**20])),
    "Range": lambda: growing("Range", *(np.float32(v) for v in (0, 2e12, 1)), on=None),
    "Pad": lambda: growing("Pad", np.array([0, 2**40, 0, 0])),
    "Resize": lambda: growing(
        "Resize", np.zeros(0, np.float32), np.array([1, 1, 1e5, 1e5], np.float32), on="m"
    ),
}


@pytest.mark.parametrize("op", GROWTHS)
def test_tensors_that_the_machine_has_no_memory_for(tmp_path: Path, op: str) -> None:
    net = GROWTHS[op]()
    net.add("ReduceMax", ["large"], "most", keepdims=0)
    net.add("Mul", ["f", "most"], "g")
    said = refused(ending(net), tmp_path)
    assert re.search("memory|can't run this network|would require more than", said)


def test_a_run_of_the_proof_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two operations; here of a loop that our own rule lets pass."""
    monkeypatch.setattr(unfolding, "MOST", 2**70)
    monkeypatch.setattr(backend, "PROOF_SECONDS", 0.5)
    said = refused(ending(looping(INT64_MAX)), tmp_path)
    assert "took more than 0.5 seconds" in said


def test_ordinary_networks_are_not_counted_out(tmp_path: Path) -> None:
    net = Net()
    gemm(net, *known_head())
    model = net.model("logits")
    unfolding.check_functions(model)
    unfolding.check_loops(model.graph)
