"""What belongs to an ONNX file: weights beside it, wherever in it they are named."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from onnx_nets import CLASSES, D, Net, gemm_net, known_head, save
from samefeatures.base.digests import digest
from samefeatures.base.errors import CheckpointError, NetworkError
from samefeatures.networks.load import load
from samefeatures.networks.onnx import files
from samefeatures.networks.record import ImageNetwork

W, B = known_head()


def opened(path: Path) -> ImageNetwork:
    network = load(f"onnx:{path}", threads=1)
    assert isinstance(network, ImageNetwork)
    return network


def refused(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load(f"onnx:{path}", threads=1)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def weight(outside: str | None) -> onnx.TensorProto:
    """The head's weight; outside, its bytes stand in the file of that name."""
    tensor = numpy_helper.from_array(W, "w")
    if outside is not None:
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=outside)
    return tensor


def constant(outside: str | None) -> onnx.NodeProto:
    return helper.make_node("Constant", [], ["w"], value=weight(outside))


def ending(net: Net) -> onnx.ModelProto:
    """A network whose head reads ``w``, which something else makes."""
    return net.model(net.add("Gemm", ["f", "w", net.store("b", B)], "out", transB=1))


def as_initializer(outside: str | None) -> onnx.ModelProto:
    net = Net()
    net.weights.append(weight(outside))
    return ending(net)


def as_constant(outside: str | None) -> onnx.ModelProto:
    net = Net()
    net.nodes.append(constant(outside))
    return ending(net)


def in_a_branch(outside: str | None) -> onnx.ModelProto:
    """Both branches of an If give the weight, one as a constant and one as an initializer."""
    net = Net()
    value = helper.make_tensor_value_info("w", TensorProto.FLOAT, None)
    node = helper.make_graph([constant(outside)], "a", [], [value])
    other = helper.make_tensor_value_info("v", TensorProto.FLOAT, None)
    stored = helper.make_graph(
        [helper.make_node("Identity", ["w"], ["v"])], "b", [], [other], [weight(outside)]
    )
    net.store("yes", np.array(True))
    net.add("If", ["yes"], "w", then_branch=node, else_branch=stored)
    return ending(net)


def in_a_function(outside: str | None) -> onnx.ModelProto:
    net = Net()
    net.nodes.append(helper.make_node("Weight", [], ["w"], domain="own"))
    model = ending(net)
    model.opset_import.add(domain="own", version=1)
    opset = [helper.make_opsetid("", 17)]
    made = helper.make_function("own", "Weight", [], ["w"], [constant(outside)], opset)
    model.functions.append(made)
    return model


def unused_in_a_list(outside: str | None) -> onnx.ModelProto:
    """An attribute that is a list of tensors, on an operation that nothing reads."""
    model = gemm_net()
    model.functions.append(
        helper.make_function(
            "own",
            "Unused",
            [],
            ["y"],
            [helper.make_node("Constant", [], ["y"], value_float=1.0)],
            [helper.make_opsetid("", 17)],
        )
    )
    given = model.functions[0].attribute_proto.add(name="list", type=onnx.AttributeProto.TENSORS)
    given.tensors.append(weight(outside))
    return model


def of_training(outside: str | None) -> onnx.ModelProto:
    model = gemm_net()
    model.training_info.add().initialization.initializer.append(weight(outside))
    return model


def as_sparse(outside: str | None) -> onnx.ModelProto:
    """Not read by the network: ONNX Runtime refuses sparse weights in files of their own."""
    model = gemm_net()
    sparse = model.graph.sparse_initializer.add(dims=[W.size * 2])
    sparse.values.CopyFrom(weight(outside))
    sparse.values.name = "sparse"
    sparse.values.dims[:] = [W.size]
    sparse.indices.CopyFrom(numpy_helper.from_array(np.arange(W.size), "at"))
    return model


PLACES: list[Callable[[str | None], onnx.ModelProto]] = [
    as_initializer,
    as_constant,
    in_a_branch,
    in_a_function,
    unused_in_a_list,
    of_training,
    as_sparse,
]
anywhere = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)


@anywhere
def test_weights_outside_are_read_beside_the_file_and_fingerprinted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place
) -> None:
    path = save(place("w.bin"), tmp_path / "net")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    Path("w.bin").write_bytes(bytes(W.nbytes))  # what lies in the current folder is not meant
    assert "w.bin beside it, which can't be read" in refused(path)
    (path.parent / "w.bin").write_bytes(W.tobytes())
    network = opened(path)
    np.testing.assert_array_equal(network.head.weight, W)
    assert network.fingerprint == digest(path.read_bytes(), W.tobytes())
    (path.parent / "w.bin").write_bytes((W + 1).tobytes())
    assert opened(path).fingerprint == digest(path.read_bytes(), (W + 1).tobytes())


@anywhere
@pytest.mark.parametrize("name", ["{here}/w.bin", "../w.bin", "a/../../w.bin", "link", ""])
def test_weights_outside_the_folder_are_refused(tmp_path: Path, place, name: str) -> None:
    (tmp_path / "w.bin").write_bytes(W.tobytes())
    path = save(place(name.format(here=tmp_path)), tmp_path / "net")
    (path.parent / "link").symlink_to(tmp_path / "w.bin")
    (path.parent / "a").mkdir()
    assert "which is not inside its folder" in refused(path)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"offset": "-1"}, "bytes -1 to"),
        ({"offset": "1000"}, "bytes 1000 to"),
        ({"length": "1000000"}, "bytes 0 to 1000000 of"),
        ({"length": "-4"}, "bytes 0 to -4"),
        ({"offset": "many"}, "invalid literal"),
        ({"location": "a\0b"}, "null byte"),
        ({"location": "folder"}, "no regular file"),
    ],
)
def test_places_that_are_not_there(tmp_path: Path, entries: dict[str, str], message: str) -> None:
    model = as_initializer("w.bin")
    for key, value in entries.items():
        model.graph.initializer[-2].external_data.add(key=key, value=value)
    path = save(model, tmp_path / "net")
    (path.parent / "w.bin").write_bytes(W.tobytes())
    (path.parent / "folder").mkdir()
    assert message in refused(path)


def test_links_of_a_cache_are_followed(tmp_path: Path) -> None:
    """As the Hugging Face Hub keeps models: names that link to one folder of blobs."""
    blobs, names = tmp_path / "blobs", tmp_path / "names"
    save(as_initializer("w.bin"), blobs)
    (blobs / "w.bin").write_bytes(W.tobytes())
    names.mkdir()
    (names / "meta.json").write_bytes((blobs / "meta.json").read_bytes())
    for name in ("model.onnx", "w.bin"):
        (blobs / name).rename(blobs / f"0{name}0")
        (names / name).symlink_to(blobs / f"0{name}0")
    np.testing.assert_array_equal(opened(names / "model.onnx").head.weight, W)


def test_large_weights_stay_in_their_files(tmp_path: Path, monkeypatch) -> None:
    """As for more than 2 GiB, which no message holds."""
    images = np.random.default_rng(0).normal(size=(3, 3, 16, 16)).astype(np.float32)
    path = tmp_path / "net" / "model.onnx"
    save(gemm_net(), path.parent)
    expected = opened(path).backend.features(images)
    onnx.save(gemm_net(), path, save_as_external_data=True, location="all.data", size_threshold=0)
    inside = opened(path)
    monkeypatch.setattr(files, "IN_MEMORY", 100)
    monkeypatch.chdir(tmp_path)
    file = files.read_onnx(path)
    assert file.folder == path.parent.resolve()
    assert {t.data_location for t in file.model.graph.initializer} == {TensorProto.EXTERNAL}
    network = opened(path)
    assert network.fingerprint == inside.fingerprint
    assert (network.dim, network.head.classes) == (D, CLASSES)
    assert network.parameters == inside.parameters
    np.testing.assert_array_equal(network.backend.features(images), expected)
    np.testing.assert_array_equal(network.head.weight, W)
    backend: object = network.backend
    for refuse in (
        lambda: backend.with_random_weights(seed=0),  # type: ignore[attr-defined]
        lambda: backend.hybrid_model(network.head, network.preprocessing),  # type: ignore[attr-defined]
    ):
        with pytest.raises(NetworkError, match="of weights, which stay in their files"):
            refuse()


def test_one_file_named_by_many_tensors_is_not_read_into_memory(tmp_path, monkeypatch) -> None:
    model = as_constant("w.bin")
    monkeypatch.setattr(files, "IN_MEMORY", W.nbytes - 1)
    path = save(model, tmp_path)
    (tmp_path / "w.bin").write_bytes(W.tobytes())
    assert f"{W.nbytes:,} bytes outside that are no weights" in refused(path)


@pytest.mark.parametrize("dims", [[2**40], [2**20, 2**20], [-1, 8], [2**63 - 1, 2**63 - 1]])
@anywhere
def test_shapes_that_the_file_can_not_hold(tmp_path: Path, place, dims: list[int]) -> None:
    model = place(None)
    tensor = next(t for t in files.tensors_in(model) if t.name in ("w", "sparse"))
    tensor.dims[:] = dims
    assert "bytes can't hold" in refused(save(model, tmp_path))


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.onnx")
    for path in (tmp_path / "model.onnx", tmp_path):
        with pytest.raises(NetworkError, match="it is no regular file"):
            load(f"onnx:{path}")
    with (tmp_path / "large.onnx").open("wb") as file:
        file.truncate(2**31)
    with pytest.raises(CheckpointError, match="ONNX files end at 2 GiB"):
        load(f"onnx:{tmp_path / 'large.onnx'}")
