"""Hybrids as ONNX files and modules, and the check of their predictions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import timm
import torch

from onnx_nets import SIZE, D, Net, gemm_net, known_head, save
from samefeatures.base.errors import ExportError
from samefeatures.export.class_names import KEY
from samefeatures.export.package import check_predictions, export_onnx, hybrid_module, run_onnx
from samefeatures.networks.load import load
from samefeatures.networks.proof import probe_images
from samefeatures.networks.record import Head, ImageNetwork


def other_head(dim: int, classes: int = 7) -> Head:
    rng = np.random.default_rng(5)
    return Head(
        rng.normal(size=(classes, dim)).astype(np.float32),
        rng.normal(size=classes).astype(np.float32),
    )


def small(folder: Path, model: onnx.ModelProto | None = None) -> ImageNetwork:
    network = load(f"onnx:{save(model or gemm_net(), folder / 'net')}", threads=1)
    assert isinstance(network, ImageNetwork)
    return network


@pytest.fixture(scope="module")
def timm_network(tmp_path_factory: pytest.TempPathFactory) -> ImageNetwork:
    path = tmp_path_factory.mktemp("timm") / "weights.pt"
    torch.manual_seed(0)
    torch.save(timm.create_model("mobilenetv3_small_050").state_dict(), path)
    network = load(
        f"timm:mobilenetv3_small_050?checkpoint={path}",
        preprocessing={"input_size": (3, 64, 64)},
        threads=1,
    )
    assert isinstance(network, ImageNetwork)
    return network


def equal_to_the_parts(network: ImageNetwork, head: Head, path: Path) -> None:
    images = probe_images(network.preprocessing, count=5, seed=2)
    expected = head.logits(network.backend.features(images))
    ours = run_onnx(path, threads=1)
    for n in (1, 5):
        scale = abs(expected).max()
        np.testing.assert_allclose(ours(images[:n]), expected[:n], atol=1e-5 * scale)
    assert check_predictions(ours, [images[:2], images[2:]], expected.argmax(1)) == 0


def conv_net() -> onnx.ModelProto:
    net, (w, b) = Net(), known_head()
    net.add("Conv", ["p", net.store("w", w[:, :, None, None]), net.store("b", b)], "logits")
    return net.model(net.add("Flatten", ["logits"], "out"))


def pooled_later() -> onnx.ModelProto:
    net, (w, b) = Net(), known_head()
    net.add("Conv", ["m", net.store("w", w[:, :, None, None]), net.store("b", b)], "cv")
    return net.model(net.add("GlobalAveragePool", ["cv"], "out"))


def names_taken() -> onnx.ModelProto:
    """The features carry the name that the exported output is to have."""
    net, (w, b) = Net(), known_head()
    net.add("Tanh", ["f"], "head_weight")
    net.add("Identity", ["head_weight"], "logits")
    return net.model(
        net.add("Gemm", ["logits", net.store("w", w), net.store("b", b)], "out", transB=1)
    )


@pytest.mark.parametrize(
    "model",
    [
        gemm_net(),
        gemm_net(batch=2),
        gemm_net(channels_last=True),
        conv_net(),
        pooled_later(),
        names_taken(),
    ],
    ids=["gemm", "fixed batch", "channels last", "conv", "pooled later", "names taken"],
)
def test_onnx_networks(model: onnx.ModelProto, tmp_path: Path) -> None:
    network, head = small(tmp_path, model), other_head(D)
    path = export_onnx(network, head, tmp_path / "new" / "hybrid.onnx")
    equal_to_the_parts(network, head, path)
    written = onnx.load(path)
    onnx.checker.check_model(written, full_check=True)
    assert [value.name for value in written.graph.output] == ["logits"]
    assert [p.name for p in path.parent.iterdir()] == ["hybrid.onnx"]


def test_torch_networks(timm_network: ImageNetwork, tmp_path: Path) -> None:
    head = other_head(timm_network.dim)
    path = export_onnx(timm_network, head, tmp_path / "hybrid.onnx")
    equal_to_the_parts(timm_network, head, path)
    written = onnx.load(path)
    assert written.graph.input[0].type.tensor_type.shape.dim[0].dim_param
    assert [value.name for value in written.graph.output] == ["logits"]
    data = path.read_bytes()
    for trace in (b"site-packages", b".py", str(Path.cwd()).encode(), b"stack"):
        assert trace not in data


def test_an_exported_hybrid_is_a_network_again(tmp_path: Path) -> None:
    network, head = small(tmp_path), other_head(D)
    path = export_onnx(network, head, tmp_path / "hybrid.onnx")
    again = load(f"onnx:{path}", preprocessing=network.preprocessing.as_dict())
    np.testing.assert_array_equal(again.head.weight, head.weight)
    np.testing.assert_array_equal(again.head.bias, head.bias)


def test_metadata(tmp_path: Path) -> None:
    network = small(tmp_path)
    given = {"samefeatures.target": "b", "samefeatures.method": "ols"}
    path = export_onnx(network, other_head(D), tmp_path / "h.onnx", metadata=given)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    entries = session.get_modelmeta().custom_metadata_map
    said = json.loads(entries["samefeatures.preprocessing"])
    assert said["input_size"] == [3, SIZE, SIZE]
    assert said["std"] == [0.25] * 3
    assert entries["samefeatures.target"] == "b"
    assert entries["samefeatures.method"] == "ols"
    assert entries["samefeatures.source_fingerprint"] == network.fingerprint


def names_in(path: Path) -> object:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return json.loads(session.get_modelmeta().custom_metadata_map.get(KEY, "null"))


def test_class_names_are_in_the_metadata(tmp_path: Path) -> None:
    network, head = small(tmp_path), other_head(D)
    names = ["T-shirt/top", "Straße <b>", *(f"class {i}" for i in range(head.classes - 2))]
    path = export_onnx(network, head, tmp_path / "named.onnx", class_names=names)
    assert names_in(path) == names
    assert names_in(export_onnx(network, head, tmp_path / "bare.onnx")) is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda names: names[1:], r"class names, and the head has .* classes. Give one name"),
        ("".join, "must be a list of texts"),
        (lambda names: [0, *names[1:]], "must be a list of texts"),
        (lambda names: ["x" * 2**20, *names[1:]], "take more than 1,048,576 bytes"),
    ],
)
def test_class_names_that_do_not_fit(
    tmp_path: Path, change: Callable[[list[str]], Any], says: str
) -> None:
    network, head = small(tmp_path), other_head(D)
    names = change([f"class {i}" for i in range(head.classes)])
    with pytest.raises(ExportError, match=says):
        export_onnx(network, head, tmp_path / "named.onnx", class_names=names)
    assert not (tmp_path / "named.onnx").exists()


def test_traces_of_the_first_exporter_are_taken_off(tmp_path: Path) -> None:
    model = gemm_net()
    model.graph.node[0].doc_string = 'File "/home/someone/net.py"'
    model.graph.node[1].metadata_props.add(key="stack", value="/home/someone")
    path = export_onnx(small(tmp_path, model), other_head(D), tmp_path / "h.onnx")
    assert b"/home/someone" not in path.read_bytes()


def test_module(timm_network: ImageNetwork) -> None:
    head = other_head(timm_network.dim)
    module = hybrid_module(timm_network, head)
    images = probe_images(timm_network.preprocessing, count=4, seed=2)
    expected = head.logits(timm_network.backend.features(images))
    with torch.no_grad():
        logits = module(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(logits, expected, atol=1e-5 * abs(expected).max())
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()  # the caller's own: the network keeps its weights
    np.testing.assert_array_equal(head.logits(timm_network.backend.features(images)), expected)


def test_networks_that_cant_be_exported(tmp_path: Path) -> None:
    network = small(tmp_path)
    with pytest.raises(ExportError, match=r"does not run as an nn\.Module.*export_onnx"):
        hybrid_module(network, other_head(D))
    with pytest.raises(ExportError, match=r"head takes 9 features, but net has 8.*fold"):
        export_onnx(network, other_head(D + 1), tmp_path / "h.onnx")
    np.savez(
        tmp_path / "x.npz",
        fit_features=np.ones((4, 3), np.float32),
        eval_features=np.ones((2, 3), np.float32),
        eval_labels=np.zeros(2, np.int64),
        head_weight=np.ones((5, 3), np.float32),
        head_bias=np.ones(5, np.float32),
    )
    outside = load(f"npz:{tmp_path / 'x.npz'}")
    for export in (hybrid_module, lambda n, h: export_onnx(n, h, tmp_path / "h.onnx")):
        with pytest.raises(ExportError, match="known by its features alone"):
            export(outside, other_head(3))
    assert not (tmp_path / "h.onnx").exists()


def test_a_place_that_cant_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match="Can't write"):
        export_onnx(small(tmp_path), other_head(D), tmp_path / "file" / "h.onnx")


def test_a_file_that_is_no_hybrid(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="does not run"):
        run_onnx(tmp_path / "none.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"bad")
    with pytest.raises(ExportError, match="does not run"):
        run_onnx(tmp_path / "bad.onnx")


LOGITS = np.array([[1, 5, 2], [4, 3.9999, 0], [0, 1, 9]], np.float32)


def check(expected: list[int], logits=LOGITS) -> int:
    images = [np.zeros((2, 3, 4, 4), np.float32), np.zeros((1, 3, 4, 4), np.float32)]
    rest = [logits[:2], logits[2:]]
    return check_predictions(lambda _: rest.pop(0), images, np.array(expected))


def test_predictions_are_compared() -> None:
    assert check([1, 0, 2]) == 0
    assert check([1, 1, 2]) == 1  # 4 and 3.9999 are equal up to rounding
    with pytest.raises(ExportError, match="for 1 of 3 images, the first of them number 2"):
        check([1, 1, 1])
    with pytest.raises(ExportError, match="for 2 of 3 images, the first of them number 0"):
        check([0, 0, 0])
    with pytest.raises(ExportError, match="for 3 of 3"):
        check([1, 0, 2], np.full((3, 3), np.nan, np.float32))


@pytest.mark.parametrize("expected", [[1, 0], [1, 0, 2, 2]])
def test_other_numbers_of_images_are_refused(expected: list[int]) -> None:
    with pytest.raises(ExportError, match="same images"):
        check(expected)


def test_a_head_of_an_ill_conditioned_map(timm_network: ImageNetwork) -> None:
    """Its terms cancel almost wholly, so its logits have few digits; that is no fault of ours."""
    images = probe_images(timm_network.preprocessing)
    features = timm_network.backend.features(images).astype(np.float64)
    _, _, basis = np.linalg.svd(features, full_matrices=False)  # what these images span
    big = 1e6 * np.random.default_rng(3).normal(size=(7, timm_network.dim))
    weight = (big - big @ basis.T @ basis).astype(np.float32)
    head = Head(weight, np.zeros(7, np.float32))
    logits = head.logits(features.astype(np.float32))
    terms = np.abs(features) @ np.abs(weight).T
    assert np.abs(logits).max() < 1e-4 * terms.max()
    module = hybrid_module(timm_network, head)
    with torch.no_grad():
        ours = module(torch.from_numpy(images)).numpy()
    assert np.abs(ours - logits).max() < 1e-5 * terms.max()
