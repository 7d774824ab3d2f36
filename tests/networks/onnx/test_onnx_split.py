"""Heads of every form are found in ONNX graphs, and nothing else is taken for one."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from onnx_nets import CLASSES, SIZE, D, Head, Net, gemm, known_head
from samefeatures.base.errors import SplitError
from samefeatures.networks.onnx.graph import Graph
from samefeatures.networks.onnx.run import image_input, open_run
from samefeatures.networks.onnx.split import OnnxSplit, split_onnx

HEADS: dict[str, Head] = {"gemm": gemm}


def head(function: Head) -> Head:
    HEADS[function.__name__] = function
    return function


@head
def gemm_scaled(net, w, b):  # alpha and beta, weight not transposed, bias (1, classes)
    names = ["f", net.store("w", (w / 2).T), net.store("b", (b * 4)[None])]
    return net.add("Gemm", names, "out", alpha=2.0, beta=0.25)


@head
def gemm_without_bias(net, w, b):
    b[:] = 0
    return net.add("Gemm", ["f", net.store("w", w)], "out", transB=1)


@head
def gemm_scalar_bias(net, w, b):
    b[:] = 0.5
    names = ["f", net.store("w", w), net.store("b", np.float32(0.5).reshape(()))]
    return net.add("Gemm", names, "out", transB=1)


@head
def matmul(net, w, b):
    b[:] = 0
    return net.add("MatMul", ["f", net.store("w", w.T)], "out")


@head
def matmul_add(net, w, b):
    net.add("MatMul", ["f", net.store("w", w.T)], "mm")
    return net.add("Add", ["mm", net.store("b", b)], "out")


@head
def add_with_bias_first(net, w, b):
    net.add("MatMul", ["f", net.store("w", w.T)], "mm")
    return net.add("Add", [net.store("b", b), "mm"], "out")


@head
def gemm_then_add(net, w, b):
    gemm_names = ["f", net.store("w", w), net.store("b1", b / 4)]
    net.add("Gemm", gemm_names, "g", transB=1)
    return net.add("Add", ["g", net.store("b2", b * 3 / 4)], "out")


@head
def constant_nodes(net, w, b):
    for name, value in (("w", w.T), ("b", b)):
        net.add("Constant", [], name, value=onnx.numpy_helper.from_array(value.copy()))
    net.add("MatMul", ["f", "w"], "mm")
    return net.add("Add", ["mm", "b"], "out")


@head
def transposed_and_cast_weight(net, w, b):
    half = w.astype(np.float16)
    w[:] = half
    net.store("w16", half)
    net.add("Cast", ["w16"], "w32", to=TensorProto.FLOAT)
    net.add("Identity", ["w32"], "same")
    net.add("Transpose", ["same"], "wt", perm=[1, 0])
    net.add("MatMul", ["f", "wt"], "mm")
    return net.add("Add", ["mm", net.store("b", b)], "out")


@head
def quantised_weight(net, w, b):
    scale, zero = np.float32(abs(w).max() / 127), np.int8(3)
    codes = np.clip(np.round(w / scale), -120, 120).astype(np.int8)
    w[:] = codes.astype(np.float32) * scale
    names = [net.store("q", codes + zero), net.store("s", scale), net.store("z", zero)]
    net.add("DequantizeLinear", names, "w")
    return net.add("Gemm", ["f", "w", net.store("b", b)], "out", transB=1)


@head
def conv_then_flatten(net, w, b):
    net.add("Conv", ["p", net.store("w", w[:, :, None, None]), net.store("b", b)], "cv")
    return net.add("Flatten", ["cv"], "out")


@head
def conv_add_reshape(net, w, b):
    net.add("Conv", ["p", net.store("w", w[:, :, None, None])], "cv")
    net.add("Add", ["cv", net.store("b", b[None, :, None, None])], "ad")
    return net.add("Reshape", ["ad", net.store("to", np.array([0, -1]))], "out")


@head
def conv_squeeze(net, w, b):
    net.add("Conv", ["p", net.store("w", w[:, :, None, None]), net.store("b", b)], "cv")
    return net.add("Squeeze", ["cv", net.store("axes", np.array([2, 3]))], "out")


@head
def conv_then_global_pool(net, w, b):  # commutes: both are linear
    net.add("Conv", ["m", net.store("w", w[:, :, None, None]), net.store("b", b)], "cv")
    net.add("GlobalAveragePool", ["cv"], "gp")
    return net.add("Flatten", ["gp"], "out")


@head
def conv_then_mean(net, w, b):
    net.add("Conv", ["m", net.store("w", w[:, :, None, None]), net.store("b", b)], "cv")
    return net.add("ReduceMean", ["cv"], "out", axes=[-1, -2], keepdims=0)


@head
def identity_dropout_cast(net, w, b):
    gemm(net, w, b)
    net.add("Dropout", ["logits"], "dr")
    net.add("Identity", ["dr"], "id")
    return net.add("Cast", ["id"], "out", to=TensorProto.FLOAT)


@head
def conv_transpose_reshape(net, w, b):  # as tf2onnx writes a head of Keras's MobileNet
    net.add("Conv", ["p", net.store("w", w[:, :, None, None]), net.store("b", b)], "cv")
    net.add("Transpose", ["cv"], "last", perm=[0, 2, 3, 1])
    return net.add("Reshape", ["last", net.store("to", np.array([-1, CLASSES]))], "out")


@head
def conv_mean_with_channels_last(net, w, b):
    net.add("Conv", ["m", net.store("w", w[:, :, None, None]), net.store("b", b)], "cv")
    net.add("Transpose", ["cv"], "last", perm=[0, 2, 3, 1])
    return net.add("ReduceMean", ["last"], "out", axes=[1, 2], keepdims=0)


@head
def divided_by_a_temperature(net, w, b):
    net.add("Div", [gemm(net, w.copy(), b.copy()), net.store("t", np.float32(1.5))], "out")
    w /= np.float32(1.5)
    b /= np.float32(1.5)
    return "out"


@head
def scaled_and_shifted(net, w, b):  # 2·logits, less a mean, and turned around
    net.add("Mul", [net.store("two", np.float32(2)), gemm(net, w.copy(), b.copy())], "doubled")
    net.add("Sub", ["doubled", net.store("mean", b * 3)], "shifted")
    net.add("Sub", [net.store("one", np.float32(1)), "shifted"], "turned")
    b[:] = 1 - (2 * b - 3 * b)
    w *= -2
    return net.add("Sum", ["turned", net.store("none", np.zeros(CLASSES, np.float32))], "out")


def build(name: str):
    net = Net()
    w, b = known_head()
    out = HEADS[name](net, w, b)
    # The reference evaluator has DequantizeLinear from opset 19 on.
    return net.model(out, opset=19 if name == "quantised_weight" else 17), w, b


def run_split(split: OnnxSplit, model: onnx.ModelProto, images):
    given, layout = image_input(Graph(model).inputs, source="s")
    run = open_run(split.features, given, split.tensor, threads=1)
    return layout.run(run, images, source="s").reshape(len(images), -1)


@pytest.fixture
def images():
    return np.random.default_rng(2).normal(size=(3, 3, SIZE, SIZE)).astype(np.float32)


@pytest.mark.parametrize("name", sorted(HEADS))
def test_the_head_and_the_features_are_those_that_were_built_in(name: str, images) -> None:
    model, w, b = build(name)
    split = split_onnx(model, source="s")
    np.testing.assert_allclose(split.head.weight, w, rtol=1e-6)
    np.testing.assert_allclose(split.head.bias, b, rtol=1e-6, atol=1e-7)
    reference = ReferenceEvaluator(model).run(None, {"x": images})[0]
    features = run_split(split, model, images)
    assert features.shape == (3, D)
    np.testing.assert_allclose(split.head.logits(features), reference, rtol=1e-4, atol=1e-5)
    known = ReferenceEvaluator(Net().model("f")).run(None, {"x": images})[0]
    np.testing.assert_allclose(features, known, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", sorted(HEADS))
def test_the_head_is_gone_from_the_graph(name: str) -> None:
    split = split_onnx(build(name)[0], source="s")
    kinds = [node.op_type for node in split.features.graph.node]
    assert set(kinds) <= {"Conv", "Relu", "GlobalAveragePool", "Flatten"}
    assert kinds.count("Conv") == 1
    assert {t.name for t in split.features.graph.initializer} == {"k", "kb"}


@pytest.mark.parametrize(
    ("op", "name"), [("Softmax", "softmax"), ("LogSoftmax", "logsoftmax"), ("Sigmoid", "sigmoid")]
)
def test_softmax_behind_the_head_is_left_out_and_said(op: str, name: str) -> None:
    net, axis = Net(), {} if op == "Sigmoid" else {"axis": 1}
    w, b = known_head()
    gemm(net, w, b)
    split = split_onnx(net.model(net.add(op, ["logits"], "out", **axis)), source="s")
    assert split.claim.after == name
    assert split.claim.layer == "Gemm 'logits'"
    np.testing.assert_array_equal(split.head.weight, w)


BAD: dict[str, tuple[Head, str]] = {}


def bad(message: str):
    def note(function: Head) -> Head:
        BAD[function.__name__] = (function, message)
        return function

    return note


@bad("ends in Relu 'out'.*Gemm 'logits' → Relu 'out'")
def ends_in_relu(net, w, b):
    return net.add("Relu", [gemm(net, w, b)], "out")


@bad("ends in Relu 'rl'")
def squeezenet_of_old(net, w, b):  # a ReLU stands between head and pooling
    net.add("Conv", ["m", net.store("w", w[:, :, None, None])], "cv")
    net.add("Relu", ["cv"], "rl")
    net.add("GlobalAveragePool", ["rl"], "gp")
    return net.add("Flatten", ["gp"], "out")


@bad("ends in Mul 'out' of two activations")
def product_of_activations(net, w, b):
    return net.add("Mul", [gemm(net, w, b), "logits"], "out")


@bad("weight is not constant")
def weight_from_the_image(net, w, b):
    net.add("Transpose", ["f"], "ft", perm=[1, 0])
    return net.add("MatMul", ["f", "ft"], "out")


@bad("of two activations")
def sum_of_two_heads(net, w, b):
    gemm(net, w, b)
    net.add("MatMul", ["f", net.store("w2", w.T)], "other")
    return net.add("Add", ["logits", "other"], "out")


@bad(r"kernel \(3, 3\)")
def wide_convolution(net, w, b):
    weight = np.zeros((CLASSES, D, 3, 3), np.float32)
    net.add("Conv", ["p", net.store("w", weight)], "cv", pads=[1, 1, 1, 1])
    return net.add("Flatten", ["cv"], "out")


@bad("only a plain 1x1")
def padded_convolution(net, w, b):
    net.add("Conv", ["m", net.store("w", w[:, :, None, None])], "cv", pads=[1, 1, 1, 1])
    net.add("GlobalAveragePool", ["cv"], "gp")
    return net.add("Flatten", ["gp"], "out")


@bad("ends in MatMul 'out', whose weight is not constant")
def weight_on_the_left(net, w, b):
    net.add("Transpose", ["f"], "ft", perm=[1, 0])
    return net.add("MatMul", [net.store("w", w), "ft"], "out")


@bad("ends in Transpose 'out'")
def batch_moved_away(net, w, b):
    return net.add("Transpose", [gemm(net, w, b)], "out", perm=[1, 0])


@bad("divides by the activations")
def reciprocal(net, w, b):
    return net.add("Div", [net.store("one", np.float32(1)), gemm(net, w, b)], "out")


def quantised(net, w):
    """Codes, scale and zero point of the weight (D, CLASSES)."""
    scale = np.float32(abs(w).max() / 127)
    net.store("q", np.round(w.T / scale).astype(np.int8))
    return [net.store("s", scale), net.store("z", np.int8(0))]


@bad(r"quantised \(MatMulInteger 'mm'\).*Quantise all but the last layer")
def dynamic_quantisation(net, w, b):
    scale, zero = quantised(net, w)
    net.nodes.append(helper.make_node("DynamicQuantizeLinear", ["f"], ["fq", "fs", "fz"]))
    net.add("MatMulInteger", ["fq", "q", "fz", zero], "mm")
    net.add("Cast", ["mm"], "mf", to=TensorProto.FLOAT)
    net.add("Mul", ["fs", scale], "both")
    net.add("Mul", ["mf", "both"], "scaled")
    return net.add("Add", ["scaled", net.store("b", b)], "out")


@bad(r"quantised \(QLinearMatMul 'mq'\)")
def quantised_operators(net, w, b):
    scale, zero = quantised(net, w)
    step, none = net.store("step", np.float32(0.1)), net.store("none", np.int8(0))
    net.add("QuantizeLinear", ["f", step, none], "fq")
    net.add("QLinearMatMul", ["fq", step, none, "q", scale, zero, step, none], "mq")
    net.add("DequantizeLinear", ["mq", step, none], "out")
    return "out"


@bad(r"quantised \(DequantizeLinear 'out'\)")
def rounded_logits(net, w, b):  # QDQ, the output included
    step, none = net.store("step", np.float32(0.1)), net.store("none", np.int8(0))
    net.add("QuantizeLinear", [gemm(net, w, b), step, none], "lq")
    return net.add("DequantizeLinear", ["lq", step, none], "out")


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_network_without_linear_head_is_refused_with_its_last_operations(name: str) -> None:
    function, message = BAD[name]
    net = Net()
    model = net.model(function(net, *known_head()))
    with pytest.raises(SplitError, match=f"(?s)no linear head.*{message}"):
        split_onnx(model, source="s")


def test_rounded_features_in_front_of_a_float_head_are_features(images) -> None:
    """QDQ up to the head's input, and a weight that is stored in 8 bits."""
    net = Net()
    w, b = known_head()
    step, none = net.store("step", np.float32(0.05)), net.store("none", np.int8(0))
    net.add("QuantizeLinear", ["f", step, none], "fq")
    net.add("DequantizeLinear", ["fq", step, none], "fd")
    scale, zero = quantised(net, w)
    net.add("DequantizeLinear", ["q", scale, zero], "w")
    net.add("MatMul", ["fd", "w"], "mm")
    model = net.model(net.add("Add", ["mm", net.store("b", b)], "out"), opset=19)
    split = split_onnx(model, source="s")
    ours = split.head.logits(run_split(split, model, images))
    reference = ReferenceEvaluator(model).run(None, {"x": images})[0]
    np.testing.assert_allclose(ours, reference, rtol=1e-4, atol=1e-5)


def test_what_the_walk_does_not_know_stands_in_the_features(images) -> None:
    """An operation of the runtime's own, one of a later opset."""
    net = Net()
    net.nodes.append(helper.make_node("QuickGelu", ["f"], ["qg"], domain="com.microsoft"))
    net.nodes.append(helper.make_node("Split", ["qg"], ["low", "half"], num_outputs=2, axis=1))
    net.add("Concat", ["half", "qg"], "more", axis=1)
    rng = np.random.default_rng(5)
    w = rng.normal(size=(CLASSES, D + D // 2)).astype(np.float32)
    net.add("Gemm", ["more", net.store("w", w)], "out", transB=1)
    model = net.model("out", opset=18)
    model.opset_import.add(domain="com.microsoft", version=1)
    split = split_onnx(model, source="s")
    (f,) = ReferenceEvaluator(Net().model("f")).run(None, {"x": images})
    gelu = f / (1 + np.exp(-1.702 * f))
    expected = np.concatenate([gelu[:, D // 2 :], gelu], axis=1)
    np.testing.assert_allclose(run_split(split, model, images), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(split.head.weight, w)


def test_the_output_named_logits_is_chosen() -> None:
    net = Net()
    w, b = known_head()
    gemm(net, w, b)
    net.add("Gemm", ["f", net.store("w2", w * 2)], "aux", transB=1)
    net.add("Softmax", ["logits"], "prob", axis=1)
    split = split_onnx(net.model("aux", "f", "prob", "logits"), source="s")
    assert split.output == "logits"
    np.testing.assert_array_equal(split.head.weight, w)


def test_one_head_with_and_without_softmax_is_not_ambiguous() -> None:
    net = Net()
    net.add("Identity", [gemm(net, *known_head())], "scores")
    net.add("Softmax", ["logits"], "prob", axis=1)
    split = split_onnx(net.model("prob", "scores", "f"), source="s")
    assert (split.output, split.claim.after) == ("scores", None)


def test_two_heads_are_ambiguous_until_one_is_named() -> None:
    net = Net()
    w, _ = known_head()
    for k, name in enumerate(("first", "second")):
        net.add("Gemm", ["f", net.store(f"w{k}", w * (k + 1))], name, transB=1)
    model = net.model("first", "second")
    with pytest.raises(SplitError, match=r"several outputs.*first, second.*\?output=first"):
        split_onnx(model, source="s")
    split = split_onnx(model, source="s", output="second")
    np.testing.assert_array_equal(split.head.weight, w * 2)
    with pytest.raises(SplitError, match=r"no output 'third'\. It has: first, second"):
        split_onnx(model, source="s", output="third")


def test_a_node_reads_what_its_subgraph_reads(images) -> None:
    """An If in the features captures a tensor from outside, which must stay."""
    net = Net()
    branches = []
    for k, factor in enumerate((1.0, 3.0)):
        value = helper.make_tensor_value_info(f"o{k}", TensorProto.FLOAT, None)
        scale = onnx.numpy_helper.from_array(np.float32(factor), f"s{k}")
        node = helper.make_node("Mul", ["f", f"s{k}"], [f"o{k}"])
        branches.append(helper.make_graph([node], f"g{k}", [], [value], [scale]))
    net.store("yes", np.array(True))
    net.add("If", ["yes"], "g", then_branch=branches[1], else_branch=branches[0])
    w, b = known_head()
    model = net.model(net.add("Gemm", ["g", net.store("w", w), net.store("b", b)], "out", transB=1))
    split = split_onnx(model, source="s")
    reference = ReferenceEvaluator(model).run(None, {"x": images})[0]
    ours = split.head.logits(run_split(split, model, images))
    np.testing.assert_allclose(ours, reference, rtol=1e-4, atol=1e-5)


def test_parameters_are_counted_by_hand() -> None:
    conv = D * 3 * 9 + D
    assert Graph(build("gemm")[0]).parameters() == conv + CLASSES * D + CLASSES
    # scale and zero point are no parameters, and the quantised weight is one
    assert Graph(build("quantised_weight")[0]).parameters() == conv + CLASSES * D + CLASSES
    assert Graph(build("conv_add_reshape")[0]).parameters() == conv + CLASSES * D + CLASSES
    assert Graph(build("constant_nodes")[0]).parameters() == conv + CLASSES * D + CLASSES
