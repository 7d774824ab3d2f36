"""Damaged ONNX files end in one line, whatever is wrong in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import AttributeProto, TensorProto, helper

from onnx_nets import Net, gemm, known_head, save
from samefeatures.base.errors import NetworkError
from samefeatures.networks.load import load

Damage = Callable[[onnx.ModelProto], object]


def whole() -> onnx.ModelProto:
    net = Net()
    net.add("Constant", [], "two", value=helper.make_tensor("t", TensorProto.FLOAT, [], [2.0]))
    net.add("Reshape", ["f", net.store("to", np.array([-1, 8]))], "flat")
    w, b = known_head()
    net.add("Gemm", ["flat", net.store("w", w), net.store("b", b)], "logits", transB=1)
    net.add("Div", ["logits", "two"], "cool")
    return net.model(net.add("Softmax", ["cool"], "out", axis=1))


def node(model: onnx.ModelProto, op: str) -> onnx.NodeProto:
    return next(each for each in model.graph.node if each.op_type == op)


def weight(model: onnx.ModelProto, name: str = "w") -> onnx.TensorProto:
    return next(each for each in model.graph.initializer if each.name == name)


def attribute_of_another_type(model: onnx.ModelProto) -> None:
    made = node(model, "Gemm").attribute[0]
    made.type = AttributeProto.STRING
    made.s = b"yes"


def perm_of_nothing(model: onnx.ModelProto) -> None:
    wide = helper.make_node("Transpose", ["out"], ["turned"])
    wide.attribute.add(name="perm", type=AttributeProto.INTS)
    model.graph.node.append(wide)
    model.graph.output[0].name = "turned"


def all_in_a_circle(model: onnx.ModelProto) -> None:
    node(model, "Conv").input[0] = "out"


DAMAGES: dict[str, Damage] = {
    "weight of no type": lambda m: weight(m).ClearField("data_type"),
    "weight of an unknown type": lambda m: setattr(weight(m), "data_type", 99),
    "weight of strings": lambda m: setattr(weight(m), "data_type", TensorProto.STRING),
    "weight of 4 bits": lambda m: setattr(weight(m), "data_type", TensorProto.INT4),
    "weight of bfloat16": lambda m: setattr(weight(m), "data_type", TensorProto.BFLOAT16),
    "weight of complex numbers": lambda m: setattr(weight(m), "data_type", TensorProto.COMPLEX64),
    "weight without values": lambda m: weight(m).ClearField("raw_data"),
    "weight of other dims": lambda m: weight(m).dims.append(2),
    "weight of no dims": lambda m: weight(m).ClearField("dims"),
    "weight with half its bytes": lambda m: setattr(weight(m), "raw_data", b"1234567"),
    "kernel of an unknown type": lambda m: setattr(weight(m, "k"), "data_type", 77),
    "shape of an unknown type": lambda m: setattr(weight(m, "to"), "data_type", 99),
    "shape of strings": lambda m: setattr(weight(m, "to"), "data_type", TensorProto.STRING),
    "constant without a value": lambda m: node(m, "Constant").ClearField("attribute"),
    "constant of an unknown type": lambda m: setattr(
        node(m, "Constant").attribute[0].t, "data_type", 99
    ),
    "attribute of another type": attribute_of_another_type,
    "attribute of an unknown type": lambda m: setattr(node(m, "Gemm").attribute[0], "type", 0),
    "attribute without a name": lambda m: node(m, "Gemm").attribute[0].ClearField("name"),
    "axis beyond": lambda m: setattr(node(m, "Softmax").attribute[0], "i", 2**62),
    "perm of nothing": perm_of_nothing,
    "head without weight": lambda m: node(m, "Gemm").input.__delitem__(slice(1, None)),
    "head without inputs": lambda m: node(m, "Gemm").ClearField("input"),
    "node without outputs": lambda m: node(m, "Relu").ClearField("output"),
    "node without a type": lambda m: node(m, "Relu").ClearField("op_type"),
    "node of an unknown domain": lambda m: setattr(node(m, "Relu"), "domain", "nowhere"),
    "circle": all_in_a_circle,
    "unknown output": lambda m: setattr(m.graph.output[0], "name", "elsewhere"),
    "no opset": lambda m: m.ClearField("opset_import"),
    "an opset of the future": lambda m: setattr(m.opset_import[0], "version", 10**6),
    "no version": lambda m: m.ClearField("ir_version"),
    "no input": lambda m: m.graph.ClearField("input"),
    "an input that is no tensor": lambda m: m.graph.input[0].type.ClearField("tensor_type"),
    "an input of an unknown type": lambda m: setattr(
        m.graph.input[0].type.tensor_type, "elem_type", 99
    ),
    "an input of negative sides": lambda m: setattr(
        m.graph.input[0].type.tensor_type.shape.dim[2], "dim_value", -5
    ),
    "an input of a batch beyond": lambda m: setattr(
        m.graph.input[0].type.tensor_type.shape.dim[0], "dim_value", 2**62
    ),
    "two tensors of one name": lambda m: m.graph.initializer.append(weight(m)),
}
HARMLESS = ("attribute of an unknown type", "no version", "two tensors of one name")
"""ONNX Runtime may take these for what they were."""


def refusal(path: Path) -> str | None:
    """What is said of a network that is refused; None of one that is loaded."""
    try:
        load(f"onnx:{path}", threads=1)
    except NetworkError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damage_is_refused_in_one_line(tmp_path: Path, name: str, capfd) -> None:
    model = whole()
    DAMAGES[name](model)
    said = refusal(save(model, tmp_path))
    if said is None:
        assert name in HARMLESS
    else:
        assert "\n" not in said
        assert len(said) < 1000
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["a\nb", "\x1b[31mred", "n" * 10**6, "\u202eab"])
@pytest.mark.parametrize("where", ["tensor", "output", "input"])
def test_names_of_a_file_are_shown_and_not_obeyed(tmp_path: Path, name: str, where: str) -> None:
    model = whole()
    model.graph.node.append(helper.make_node("Relu", ["out"], ["last"]))
    model.graph.output[0].name = "last"
    if where == "tensor":
        model.graph.node[-1].output[0] = model.graph.output[0].name = name
    elif where == "output":
        model.graph.output[0].name = name
    else:
        model.graph.input.add(name=name).type.CopyFrom(model.graph.input[0].type)
    said = refusal(save(model, tmp_path))
    assert said is not None
    assert said.isprintable()
    assert len(said) <= 2000


def test_the_whole_is_sound(tmp_path: Path) -> None:
    network = load(f"onnx:{save(whole(), tmp_path)}", threads=1)
    np.testing.assert_allclose(network.head.weight, known_head()[0] / 2)


@pytest.mark.parametrize("seed", range(3))
def test_flipped_bits_of_onnx_end_in_a_line_or_another_fingerprint(tmp_path, seed: int) -> None:
    path = save(whole(), tmp_path)
    fingerprint = load(f"onnx:{path}", threads=1).fingerprint
    rng, data = np.random.default_rng(seed), path.read_bytes()
    for place in rng.integers(0, len(data), 60):
        flipped = bytearray(data)
        flipped[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        said = refusal(path)
        if said is None:
            assert load(f"onnx:{path}", threads=1).fingerprint != fingerprint
        else:
            assert "\n" not in said


def test_gemm_is_the_head_of_a_sound_one(tmp_path: Path) -> None:
    net = Net()
    gemm(net, *known_head())
    assert load(f"onnx:{save(net.model('logits'), tmp_path)}", threads=1).head.classes == 5
