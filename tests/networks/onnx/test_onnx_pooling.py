"""Average pooling by the operators of opset 18: the same numbers, and only where they are."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from samefeatures.networks.onnx.pooling import FAST, SAME, fast_pooling
from samefeatures.networks.onnx.run import open_session


def model(opset: int, *more: onnx.NodeProto, pool: str = "AveragePool", **attributes: object):
    last = more[-1].output[0] if more else "p"
    nodes = [helper.make_node(pool, ["x"], ["p"], kernel_shape=[3, 3], **attributes), *more]
    images = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["b", 5, 14, 14])
    out = helper.make_tensor_value_info(last, TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", [images], [out])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def version_inside(made: onnx.ModelProto) -> int:
    before = made.SerializeToString()
    with fast_pooling(made) as plain:
        inside = plain.opset_import[0].version
    assert made.SerializeToString() == before
    return inside


@pytest.mark.parametrize("opset", [19, 20, 21, 22])
@pytest.mark.parametrize(
    "attributes",
    [
        {"pads": [1, 1, 1, 1], "count_include_pad": 0},
        {"pads": [1, 0, 0, 1], "count_include_pad": 1, "strides": [2, 2]},
        {"auto_pad": "SAME_UPPER", "strides": [2, 1], "ceil_mode": 0, "dilations": [1, 1]},
    ],
)
def test_the_numbers_are_the_same(opset: int, attributes: dict[str, object]) -> None:
    made = model(opset, helper.make_node("Flatten", ["p"], ["f"], axis=1), **attributes)
    x = np.random.default_rng(0).normal(size=(4, 5, 14, 14)).astype(np.float32)
    (plain,) = onnxruntime.InferenceSession(made.SerializeToString()).run(None, {"x": x})
    (fast,) = open_session(made, threads=1).run(None, {"x": x})
    np.testing.assert_allclose(fast, plain, rtol=1e-5, atol=1e-6)
    if "dilations" not in attributes:  # which opset 18 does not know, not even as 1
        assert version_inside(made) == FAST


@pytest.mark.parametrize(
    "made",
    [
        model(18),
        model(20, pool="MaxPool"),
        model(20, dilations=[2, 2]),
        model(20, ceil_mode=1),
        model(20, helper.make_node("Gelu", ["p"], ["g"])),
        model(20, helper.make_node("Resize", ["p", "", "s"], ["r"])),
    ],
)
def test_others_are_left_alone(made: onnx.ModelProto) -> None:
    assert version_inside(made) == made.opset_import[0].version


@pytest.mark.parametrize("kind", sorted(SAME))
def test_operators_that_are_called_the_same_have_no_new_attribute_or_input(kind: str) -> None:
    then, now = onnx.defs.get_schema(kind, FAST), onnx.defs.get_schema(kind, 23)
    new = set(now.attributes) - set(then.attributes)
    assert new == ({"dilations"} if kind == "AveragePool" else set())
    assert [i.name for i in now.inputs] == [i.name for i in then.inputs]
    assert set(then.attributes) <= set(now.attributes)
