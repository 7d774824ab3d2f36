"""``onnx:`` networks: files, inputs, batches, proof; and real networks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from onnx_nets import CLASSES, META, SIZE, D, Net, gemm, gemm_net, known_head, save
from samefeatures.base.errors import CheckpointError, ConfigError, NetworkError, SplitError
from samefeatures.networks.load import load
from samefeatures.networks.record import ImageNetwork


def load_image(path: Path, **options) -> ImageNetwork:
    network = load(f"onnx:{path}", threads=1, **options)
    assert isinstance(network, ImageNetwork)
    return network


def batch(n: int, seed: int = 0):
    return np.random.default_rng(seed).normal(size=(n, 3, SIZE, SIZE)).astype(np.float32)


def whole(path: Path, images):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": images})[0]


def test_a_loaded_network(tmp_path: Path) -> None:
    path = save(gemm_net(), tmp_path / "small")
    network = load_image(path)
    assert (network.name, network.dim, network.head.classes) == ("small", D, CLASSES)
    assert network.parameters == D * 28 + CLASSES * (D + 1)
    assert network.preprocessing.std == (0.25, 0.25, 0.25)
    assert network.backend.runtime == f"onnxruntime {onnxruntime.__version__}"
    assert network.split is not None
    assert network.split.error < 1e-5
    images = batch(4)
    features = network.backend.features(images)
    assert features.shape == (4, D)
    assert features.dtype == np.float32
    np.testing.assert_allclose(network.head.logits(features), whole(path, images), 1e-4, 1e-5)


def test_names(tmp_path: Path) -> None:
    path = save(gemm_net(), tmp_path / "folder")
    assert load_image(path).name == "folder"
    other = path.rename(path.with_name("mine.onnx"))
    assert load_image(other).name == "mine"
    assert load_image(other, name="given").name == "given"
    assert load("onnx:folder/mine.onnx", base=tmp_path).source == "onnx:folder/mine.onnx"


def test_batch_size_and_companions_change_nothing(tmp_path: Path) -> None:
    network = load_image(save(gemm_net(), tmp_path))
    images = batch(7)
    together = network.backend.features(images)
    alone = np.concatenate([network.backend.features(images[i : i + 1]) for i in range(7)])
    np.testing.assert_allclose(together, alone, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("fixed", "lanes"), [(None, 3), (1, 3), (3, 1)])
def test_threads_share_a_batch_and_change_nothing(tmp_path: Path, fixed, lanes: int) -> None:
    path, images = save(gemm_net(**({} if fixed is None else {"batch": fixed})), tmp_path), batch(7)
    network = load(f"onnx:{path}", threads=3)
    assert isinstance(network, ImageNetwork)
    assert network.backend.lanes.count == lanes  # a whole batch at once can't be shared
    np.testing.assert_allclose(
        network.backend.features(images),
        load_image(path).backend.features(images),
        rtol=1e-6,
        atol=1e-7,
    )


@pytest.mark.parametrize("fixed", [1, 3])
def test_a_fixed_batch_runs_in_pieces(tmp_path: Path, fixed: int) -> None:
    images = batch(7)
    free = load_image(save(gemm_net(), tmp_path / "free"))
    pieces = load_image(save(gemm_net(batch=fixed), tmp_path / "fixed"))
    np.testing.assert_allclose(
        pieces.backend.features(images), free.backend.features(images), rtol=1e-6, atol=1e-7
    )


def test_channels_last_is_transposed(tmp_path: Path) -> None:
    images = batch(3)
    first = load_image(save(gemm_net(), tmp_path / "first"))
    last = load_image(save(gemm_net(channels_last=True), tmp_path / "last"))
    np.testing.assert_allclose(
        last.backend.features(images), first.backend.features(images), rtol=1e-6, atol=1e-7
    )


def test_softmax_is_proved_and_left_out(tmp_path: Path) -> None:
    net = Net()
    gemm(net, *known_head())
    path = save(net.model(net.add("Softmax", ["logits"], "out", axis=1)), tmp_path)
    network = load_image(path)
    assert network.split is not None
    assert network.split.after == "softmax"
    images = batch(5)
    logits = network.head.logits(network.backend.features(images))
    assert np.array_equal(logits.argmax(1), whole(path, images).argmax(1))


def inputs_replaced(shape: list[object], kind: int = TensorProto.FLOAT) -> onnx.ModelProto:
    model = gemm_net()
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("x", kind, shape))
    return model


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (["N", 3, SIZE, 3], "could be first or last"),
        (["N", 1, SIZE, SIZE], "must have 3 channels"),
        (["N", 4, SIZE, SIZE], "must have 3 channels"),
        (["N", 3 * SIZE * SIZE], r"\(b, 3, h, w\) is needed"),
        (["N", 3, 32, 24], r"32 x 24 pixels.*16 x 16.*\[3, 32, 24\]"),
    ],
)
def test_inputs_that_are_no_rgb_images_are_refused(tmp_path, shape, message) -> None:
    with pytest.raises(NetworkError, match=message):
        load_image(save(inputs_replaced(shape), tmp_path))


def test_open_shapes_are_channels_first(tmp_path: Path) -> None:
    assert load_image(save(inputs_replaced(["N", "C", "H", "W"]), tmp_path)).dim == D


def test_input_type_and_number(tmp_path: Path) -> None:
    model = inputs_replaced(["N", 3, SIZE, SIZE], TensorProto.UINT8)
    with pytest.raises(NetworkError, match="takes UINT8"):
        load_image(save(model, tmp_path))
    model = gemm_net()
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))
    with pytest.raises(NetworkError, match=r"2 inputs \(x, more\)"):
        load_image(save(model, tmp_path))


def halved(model: onnx.ModelProto, *, ends: bool) -> onnx.ModelProto:
    """The same network with weights of float16; its ``ends`` stay float32, or are float16 too."""
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            value = onnx.numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(onnx.numpy_helper.from_array(value, tensor.name))
    if not ends:
        for value in (*model.graph.input, *model.graph.output):
            value.type.tensor_type.elem_type = TensorProto.FLOAT16
        return model
    first, (out,) = model.graph.node[0], model.graph.output
    first.input[0] = "x16"
    last = model.graph.node[-1]
    model.graph.node.insert(0, helper.make_node("Cast", ["x"], ["x16"], to=TensorProto.FLOAT16))
    last.output[0] = "logits16"
    model.graph.node.append(
        helper.make_node("Cast", ["logits16"], [out.name], to=TensorProto.FLOAT)
    )
    return model


@pytest.mark.parametrize("ends", [True, False])
def test_half_precision_is_proved_to_its_own_rounding(tmp_path: Path, *, ends: bool) -> None:
    path = save(halved(gemm_net(), ends=ends), tmp_path)
    network, images = load_image(path), batch(6)
    assert network.split is not None
    assert 1e-5 < network.split.error < 2e-3
    assert [note for note in network.notes if "computes in float16; 2e-03 is allowed" in note]
    logits = network.head.logits(network.backend.features(images))
    given = images if ends else images.astype(np.float16)
    np.testing.assert_allclose(logits, whole(path, given), atol=2e-3 * abs(logits).max())
    single = load_image(save(gemm_net(), tmp_path / "single")).backend.features(images)
    np.testing.assert_allclose(
        network.backend.features(images), single, atol=2e-3 * abs(single).max()
    )


def test_half_precision_hides_no_other_head(tmp_path: Path) -> None:
    model = halved(gemm_net(), ends=True)
    model.graph.node[-1].input[0] = "clipped"
    zero = onnx.numpy_helper.from_array(np.float16(0), "zero")
    model.graph.initializer.append(zero)
    model.graph.node.insert(-1, helper.make_node("Max", ["logits16", "zero"], ["clipped"]))
    model.graph.node.sort(key=lambda node: node.op_type == "Cast" and "clipped" in node.input)
    with pytest.raises(SplitError, match="ends in Max"):
        load_image(save(model, tmp_path))


def test_weights_that_are_only_kept_in_float16_are_proved_as_ever(tmp_path: Path) -> None:
    net, (w, b) = Net(), known_head()
    net.store("w16", w.astype(np.float16))
    net.add("Cast", ["w16"], "w", to=TensorProto.FLOAT)
    net.add("Gemm", ["f", "w", net.store("b", b)], "out", transB=1)
    network = load_image(save(net.model("out"), tmp_path))
    assert network.notes == ()
    assert network.split is not None
    assert network.split.error < 1e-5


def reshaped(*shape: int) -> onnx.ModelProto:
    """A network of a free batch size that fixes it where it is pooled."""
    net, (w, b) = Net(), known_head()
    net.add("Reshape", ["p", net.store("to", np.array(shape))], "flat")
    net.add("Gemm", ["flat", net.store("w", w), net.store("b", b)], "out", transB=1)
    return net.model("out")


@pytest.mark.parametrize(("shape", "fixed"), [((1, D), 1), ((1, -1), 1), ((4, D), 4), ((3, -1), 3)])
@pytest.mark.parametrize("threads", [1, 3])
def test_a_batch_that_is_fixed_inside(tmp_path: Path, shape, fixed: int, threads: int) -> None:
    network = load(f"onnx:{save(reshaped(*shape), tmp_path)}", threads=threads)
    assert isinstance(network, ImageNetwork)
    images = batch(7)
    expected = load_image(save(gemm_net(), tmp_path / "free")).backend.features(images)
    np.testing.assert_allclose(network.backend.features(images), expected, rtol=1e-6, atol=1e-7)
    some = "one image" if fixed == 1 else f"{fixed} images"
    assert network.notes == (f"its graph fixes {some} inside, and is given so many at a time",) or (
        fixed == 3  # as many as the probe has
    )


@pytest.mark.parametrize("threads", [1, 3])
def test_images_that_mix_are_seen_however_many_threads(tmp_path: Path, threads: int) -> None:
    net = Net()
    net.add("ReduceMean", ["f"], "mean", axes=[0], keepdims=1)
    net.add("Sub", ["f", "mean"], "centred")
    w, b = known_head()
    net.add("Reshape", ["centred", net.store("to", np.array([-1, D]))], "flat")
    net.add("Gemm", ["flat", net.store("w", w), net.store("b", b)], "out", transB=1)
    with pytest.raises(SplitError, match="depends on the other images"):
        load(f"onnx:{save(net.model('out'), tmp_path)}", threads=threads)


def test_rows_are_images_in_the_whole_network_too(tmp_path: Path) -> None:
    net = Net()
    net.add("Flatten", [gemm(net, *known_head())], "out", axis=0)
    with pytest.raises(SplitError, match=r"gives \(1, 15\) for 3 images"):
        load_image(save(net.model("out"), tmp_path))


def test_unpooled_features_are_refused(tmp_path: Path) -> None:
    net = Net()
    w, _ = known_head()
    net.add("Conv", ["m", net.store("w", w[:, :, None, None])], "cv")
    path = save(net.model(net.add("Flatten", ["cv"], "out")), tmp_path)
    with pytest.raises(SplitError, match=r"Conv 'cv'.*not one vector of 8.*not pooled"):
        load_image(path)


def test_a_split_that_is_not_the_network_is_refused(tmp_path: Path) -> None:
    """What the walk through the graph can't see, the proof does."""
    net = Net()
    net.add("Cast", [gemm(net, *known_head())], "rounded", to=TensorProto.INT32)
    path = save(net.model(net.add("Cast", ["rounded"], "out", to=TensorProto.FLOAT)), tmp_path)
    with pytest.raises(SplitError, match=r"is not all that stands.*Gemm 'logits' → Cast"):
        load_image(path)
    net = Net()
    path = save(net.model(net.add("Softmax", [gemm(net, *known_head())], "out", axis=0)), tmp_path)
    with pytest.raises(SplitError, match="depends on the other images"):
        load_image(path)


def test_files_that_are_missing_cut_or_not_onnx(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="there is no such file"):
        load_image(tmp_path / "none.onnx")
    path = save(gemm_net(), tmp_path)
    data = path.read_bytes()
    for part in (data[: len(data) // 2], b"", b"<html>not found</html>"):
        path.write_bytes(part)
        with pytest.raises(CheckpointError, match=r"cut short|holds no network"):
            load_image(path)


def test_external_data(tmp_path: Path) -> None:
    plain = save(gemm_net(), tmp_path / "plain")
    outside = save(gemm_net(), tmp_path / "outside")
    onnx.save(gemm_net(), outside, save_as_external_data=True, location="w.bin", size_threshold=0)
    network, images = load_image(outside), batch(2)
    np.testing.assert_array_equal(
        network.backend.features(images), load_image(plain).backend.features(images)
    )
    weights = outside.with_name("w.bin")
    data = bytearray(weights.read_bytes())
    data[5] ^= 1
    weights.write_bytes(data)
    assert load_image(outside).fingerprint != network.fingerprint
    weights.write_bytes(data[:40])
    with pytest.raises(CheckpointError, match=r"w\.bin beside it"):
        load_image(outside)
    weights.unlink()
    with pytest.raises(CheckpointError, match=r"w\.bin beside it"):
        load_image(outside)


def test_the_fingerprint_is_that_of_the_bytes(tmp_path: Path) -> None:
    first = load_image(save(gemm_net(), tmp_path / "a")).fingerprint
    assert load_image(save(gemm_net(), tmp_path / "b")).fingerprint == first
    model = gemm_net()
    raw = bytearray(model.graph.initializer[0].raw_data)
    raw[0] ^= 1
    model.graph.initializer[0].raw_data = bytes(raw)
    assert load_image(save(model, tmp_path / "c")).fingerprint != first


def test_without_meta_the_keys_are_named(tmp_path: Path) -> None:
    path = save(gemm_net(), tmp_path)
    (tmp_path / "meta.json").unlink()
    with pytest.raises(NetworkError, match="input_size, mean, std missing"):
        load_image(path)
    given = {k: META[k] for k in ("input_size", "mean", "std")}
    assert load_image(path, preprocessing=given).preprocessing.crop_pct == 1.0


def test_options_are_validated(tmp_path: Path) -> None:
    path = save(gemm_net(), tmp_path)
    with pytest.raises(ConfigError, match="threads is 0"):
        load(f"onnx:{path}", threads=0)
    with pytest.raises(ConfigError, match="device is 'gpu'"):
        load(f"onnx:{path}", device="gpu")
    with pytest.raises(ConfigError, match="Did you mean 'interpolation'"):
        load(f"onnx:{path}", preprocessing={"interpolaton": "nearest"})
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        with pytest.raises(NetworkError, match="onnxruntime-gpu"):
            load(f"onnx:{path}", device="cuda")


def test_runtime_failure_becomes_our_error(tmp_path: Path) -> None:
    network = load_image(save(gemm_net(), tmp_path))
    with pytest.raises(NetworkError, match=r"failed on images \(1, 2, 16, 16\)"):
        network.backend.features(np.zeros((1, 2, SIZE, SIZE), np.float32))
    model = gemm_net()
    model.graph.node[0].op_type = "Nonsense"
    with pytest.raises(NetworkError, match="can't run this network"):
        load_image(save(model, tmp_path))


def shared_networks() -> list[str]:
    folder = Path(__file__).parents[4] / "shared/data/networks"
    return sorted(p.name for p in folder.iterdir()) if folder.is_dir() else ["none"]


@pytest.mark.parametrize("name", shared_networks())
def test_real_networks(shared_data: Path, name: str) -> None:
    """The features that the files give as a second output are ours, too."""
    folder = shared_data / "networks" / name
    meta = json.loads((folder / "meta.json").read_text())
    network = load_image(folder / "model.onnx")
    assert network.dim == meta["feature_dim"]
    assert network.head.classes == (1000 if name.startswith("imagenet") else 10)
    assert network.preprocessing.input_size == (3, meta["size"], meta["size"])
    np.testing.assert_allclose(np.array(network.preprocessing.std) * 255, meta["std"])
    assert network.split is not None
    assert network.split.error < 1e-5
    side = meta["size"]
    images = np.random.default_rng(0).normal(size=(2, 3, side, side)).astype(np.float32)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        folder / "model.onnx", options, providers=["CPUExecutionProvider"]
    )
    (expected,) = session.run(["features"], {"input": images})
    scale = abs(expected).max()
    np.testing.assert_allclose(network.backend.features(images), expected, atol=1e-5 * scale)


def test_meta_names_the_classes(tmp_path: Path) -> None:
    names = [f"class {k}" for k in range(CLASSES)]
    path = save(gemm_net(), tmp_path / "named", meta={**META, "class_names": names})
    assert load_image(path).class_names == tuple(names)
    path = save(gemm_net(), tmp_path / "short", meta={**META, "class_names": names[1:]})
    with pytest.raises(NetworkError, match=rf"names {CLASSES - 1} classes, and its head has"):
        load_image(path)
    path = save(gemm_net(), tmp_path / "odd", meta={**META, "class_names": {"a": 1}})
    with pytest.raises(NetworkError, match="must be a list of names"):
        load_image(path)
