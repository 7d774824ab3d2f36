"""A small ImageNet and ten small networks under the thesis' names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import yaml
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from samefeatures.images.labels import imagenet_index

SIZE = 16
CLASSES = 1000
SYNSETS = tuple(sorted(imagenet_index()))[10:900:150]  # six, far apart
Array = npt.NDArray[np.float32]


def picture(kind: int, seed: int) -> Image.Image:
    """Class-coloured noise, large enough to be cropped."""
    rng = np.random.default_rng(1000 * kind + seed)
    colour = np.random.default_rng(kind).integers(30, 220, 3)
    pixels = np.clip(colour + 25 * rng.standard_normal((20, 24, 3)), 0, 255)
    return Image.fromarray(pixels.astype(np.uint8))


def write_imagenet(root: Path, *, train: int = 12, val: int = 8, flat: bool = False) -> Path:
    """``train/SYNSET/*.JPEG`` and ``val/SYNSET/*.JPEG``, or a flat ``val`` with ImageNet's names.

    In a flat ``val`` image ``i`` (from 1) is of the class ``(i - 1) % 6``.
    """
    for kind, synset in enumerate(SYNSETS):
        for i in range(train):
            save(picture(kind, i), root / "train" / synset / f"{synset}_{i}.JPEG")
        for i in range(val):
            number = 1 + i * len(SYNSETS) + kind
            name = f"ILSVRC2012_val_{number:08}.JPEG"
            folder = root / "val" if flat else root / "val" / synset
            save(picture(kind, 500 + i), folder / name)
    return root


def save(image: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, "jpeg", quality=95)


def write_networks(folder: Path, names: Sequence[str]) -> Path:
    """One ONNX network per name, each of another width; returns the file that maps the names."""
    mapping = {}
    for place, name in enumerate(names):
        path = folder / name / "model.onnx"
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(small_network(8 + place, seed=place), path)
        meta = {
            "input_size": [3, SIZE, SIZE],
            "mean": [0.5] * 3,
            "std": [0.5] * 3,
            "crop_pct": 0.875,
            "interpolation": "bilinear",
        }
        (path.parent / "meta.json").write_text(json.dumps(meta))
        mapping[name] = f"onnx:{name}/model.onnx"
    out = folder / "networks.yaml"
    out.write_text(yaml.safe_dump(mapping, sort_keys=False))
    return out


def small_network(dim: int, *, seed: int) -> onnx.ModelProto:
    """One random convolution, pooled, and a head that knows the six classes."""
    rng = np.random.default_rng(seed)
    kernel = rng.normal(size=(dim, 3, 3, 3)).astype(np.float32)
    shift = rng.normal(size=dim).astype(np.float32)
    weight, bias = _head(kernel, shift)
    weights = {"k": kernel, "kb": shift, "w": weight, "b": bias}
    nodes = [
        helper.make_node("Conv", ["x", "k", "kb"], ["c"], strides=[2, 2]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("GlobalAveragePool", ["r"], ["p"]),
        helper.make_node("Flatten", ["p"], ["f"], axis=1),
        helper.make_node("Gemm", ["f", "w", "b"], ["logits"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def _head(kernel: Array, shift: Array) -> tuple[Array, Array]:
    """Least squares onto the classes of plain pictures; the other 994 classes never win."""
    rows, kinds = [], []
    for kind in range(len(SYNSETS)):
        for i in range(20):
            pixels = np.asarray(picture(kind, 100 + i), np.float32)[2:18, 4:20] / 127.5 - 1
            windows = np.lib.stride_tricks.sliding_window_view(pixels, (3, 3), axis=(0, 1))
            maps = np.einsum("hwcij,dcij->dhw", windows[::2, ::2], kernel) + shift[:, None, None]
            rows.append(np.maximum(maps, 0).mean(axis=(1, 2)))
            kinds.append(kind)
    x = np.column_stack([rows, np.ones(len(rows))])
    solution, *_ = np.linalg.lstsq(x, np.eye(len(SYNSETS))[kinds], rcond=None)  # (d + 1, 6)
    weight = np.zeros((CLASSES, len(kernel)), np.float32)
    bias = np.full(CLASSES, -10, np.float32)
    places = [imagenet_index()[synset] for synset in SYNSETS]
    weight[places], bias[places] = solution[:-1].T, solution[-1]
    return weight, bias
