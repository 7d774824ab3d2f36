"""torchvision's networks as ONNX files, in the forms in which people have them.

Every network is exported by both of torch's exporters, for opsets 11 to 20; two of them in all
other forms too: a softmax behind, half precision, weights outside, quantised, fixed batches,
channels last, and as ONNX Runtime writes its optimised graph.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
import torchvision
from onnx import TensorProto, helper, numpy_helper

from benchmarks.coverage import ALLOWED, Case, Made
from benchmarks.random_module import spread
from samefeatures.base.arrays import Float32

PACKAGES = ("onnx", "onnxruntime", "torch", "torchvision", "onnxscript")
NETS = {
    "squeezenet1_1": 64,
    "shufflenet_v2_x0_5": 64,
    "mobilenet_v3_small": 64,
    "mobilenet_v2": 64,
    "mnasnet0_5": 64,
    "resnet18": 64,
    "regnet_y_400mf": 64,
    "efficientnet_b0": 64,
    "densenet121": 64,
    "inception_v3": 96,
    "efficientnet_v2_s": 64,
    "swin_t": 64,
    "convnext_tiny": 64,
    "alexnet": 224,
    "vgg11": 224,
    "vit_b_32": 224,
}
"""Networks, and the size of their images here."""
IN_ALL_FORMS = ("resnet18", "mobilenet_v2")
CLASSES = 10
HALF = 2e-3
TEMPERATURE = 1.5
Form = Callable[[Path], Path]
"""Another file of the same network."""


def cases() -> Iterator[Case]:
    """Forms, opsets of the older exporter, and those of the newer, which takes longer."""
    for name in IN_ALL_FORMS:
        for label, (form, options) in FORMS.items():
            yield Case(f"{name}, {label}", partial(_make, name, 17, form, options))
    for opset in (11, 13, 17, 18, 20):
        for name in NETS:
            yield Case(f"{name}, opset {opset}", partial(_make, name, opset, None, None))


def _make(
    name: str, opset: int, form: Form | None, options: dict[str, Any] | None, folder: Path
) -> Made:
    size = NETS[name]
    torch.manual_seed(0)
    more: dict[str, Any] = {"init_weights": False} if name == "inception_v3" else {}
    model = spread(torchvision.models.get_model(name, weights=None, num_classes=CLASSES, **more))
    options = dict(options or {})
    batch, allowed = options.pop("batch", None), options.pop("allowed", ALLOWED)
    own = options.pop("own", False)
    plain = _export(model, folder / "plain.onnx", size, opset, batch)
    path = plain if form is None else form(plain, **options)
    return Made(
        source=f"onnx:{path}",
        logits=_logits(path if own else plain, batch or 1, TEMPERATURE if form is _cooled else 1.0),
        preprocessing={"input_size": [3, size, size], "mean": [0.5] * 3, "std": [0.25] * 3},
        allowed=allowed,
    )


def _export(model: torch.nn.Module, path: Path, size: int, opset: int, batch: int | None) -> Path:
    """By TorchScript up to opset 17, by torch.export beyond."""
    given = torch.zeros(batch or 2, 3, size, size)
    free: dict[str, Any] = {}
    if batch is None and opset > 17:
        free = {"dynamic_shapes": ({0: torch.export.Dim("batch")},)}
    elif batch is None:
        free = {"dynamic_axes": {"images": {0: "batch"}, "logits": {0: "batch"}}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (given,),
            path,
            dynamo=opset > 17,
            opset_version=opset,
            input_names=["images"],
            output_names=["logits"],
            verbose=False,
            **free,
        )
    return path


def _logits(path: Path, batch: int, temperature: float) -> Callable[[Float32], Float32]:
    """(b, 3, h, w) images to (b, classes), by ONNX Runtime on the file itself."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    kind = np.float16 if given.type == "tensor(float16)" else np.float32

    def logits(images: Float32) -> Float32:
        filled = np.concatenate([images, np.zeros_like(images[:1]).repeat(batch, 0)])
        filled = filled[: -(-len(images) // batch) * batch].astype(kind)
        pieces = [filled[i : i + batch] for i in range(0, len(filled), batch)]
        out = np.concatenate([session.run(["logits"], {given.name: each})[0] for each in pieces])
        return np.asarray(out[: len(images)] / temperature, np.float32)

    return logits


# --- forms ----------------------------------------------------------------------------------------


def _behind(path: Path, op: str, **attributes: Any) -> Path:
    """With an operation behind the logits."""
    model = onnx.load(path)
    model.graph.node.append(helper.make_node(op, ["logits"], ["out"], **attributes))
    model.graph.output[0].name = "out"
    return _saved(model, path, op)


def _cooled(path: Path) -> Path:
    model = onnx.load(path)
    model.graph.initializer.append(numpy_helper.from_array(np.float32(TEMPERATURE), "t"))
    model.graph.node.append(helper.make_node("Div", ["logits", "t"], ["cool"]))
    model.graph.node.append(helper.make_node("Softmax", ["cool"], ["out"], axis=1))
    model.graph.output[0].name = "out"
    return _saved(model, path, "cooled")


def _halved(path: Path, *, ends: bool) -> Path:
    from onnxruntime.transformers.float16 import convert_float_to_float16

    model = convert_float_to_float16(onnx.load(path), keep_io_types=not ends)
    return _saved(model, path, "half")


def _outside(path: Path) -> Path:
    model, out = onnx.load(path), path.with_name("outside.onnx")
    onnx.save(model, out, save_as_external_data=True, location="all.data", size_threshold=0)
    return out


def _channels_last(path: Path) -> Path:
    """As tf2onnx writes networks: images (b, h, w, 3), transposed within."""
    model = onnx.load(path)
    (images,) = model.graph.input
    batch, _, height, width = (
        d.dim_param or d.dim_value for d in images.type.tensor_type.shape.dim
    )
    new = helper.make_tensor_value_info("last", TensorProto.FLOAT, [batch, height, width, 3])
    images.CopyFrom(new)
    node = helper.make_node("Transpose", ["last"], ["images"], perm=[0, 3, 1, 2])
    model.graph.node.insert(0, node)
    return _saved(model, path, "last")


def _optimised(path: Path, *, level: str) -> Path:
    """As ONNX Runtime writes it, with operations of its own."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    options.optimized_model_filepath = str(path.with_name("optimised.onnx"))
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return path.with_name("optimised.onnx")


def _quantised(path: Path, *, how: str, but: bool = False) -> Path:
    """Static (QDQ or QOperator) or dynamic quantisation; all of it, or all but the head."""
    from onnxruntime import quantization as q

    out, model = path.with_name("quantised.onnx"), onnx.load(path)
    head = [node.name for node in model.graph.node if node.op_type == "Gemm"]
    more = {"nodes_to_exclude": head if but else []}
    if how == "dynamic":
        q.quantize_dynamic(path, out, op_types_to_quantize=["MatMul", "Gemm"], **more)
        return out
    dims = [d.dim_value or 1 for d in model.graph.input[0].type.tensor_type.shape.dim]
    rng = np.random.default_rng(0)

    class Reader(q.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = [rng.normal(size=dims).astype(np.float32) for _ in range(3)]

        def get_next(self) -> dict[str, Float32] | None:
            return {"images": self.left.pop()} if self.left else None

    form = q.QuantFormat.QDQ if how == "QDQ" else q.QuantFormat.QOperator
    q.quantize_static(path, out, Reader(), quant_format=form, **more)
    return out


def _saved(model: onnx.ModelProto, path: Path, name: str) -> Path:
    onnx.save(model, path.with_name(f"{name}.onnx"))
    return path.with_name(f"{name}.onnx")


FORMS: dict[str, tuple[Any, dict[str, Any]]] = {
    "softmax behind": (partial(_behind, op="Softmax", axis=1), {}),
    "log softmax behind": (partial(_behind, op="LogSoftmax", axis=1), {}),
    "sigmoid behind": (partial(_behind, op="Sigmoid"), {}),
    "temperature and softmax": (_cooled, {}),
    "float16, float32 ends": (_halved, {"ends": False, "own": True, "allowed": HALF}),
    "float16 throughout": (_halved, {"ends": True, "own": True, "allowed": HALF}),
    "weights outside": (_outside, {}),
    "channels last": (_channels_last, {}),
    "a batch of 1": (None, {"batch": 1}),
    "a batch of 4": (None, {"batch": 4}),
    "optimised, basic": (_optimised, {"level": "ORT_ENABLE_BASIC", "own": True}),
    "optimised, extended": (_optimised, {"level": "ORT_ENABLE_EXTENDED", "own": True}),
    "QDQ but the head": (_quantised, {"how": "QDQ", "own": True, "but": True}),
    "QDQ": (_quantised, {"how": "QDQ", "own": True}),
    "QOperator": (_quantised, {"how": "QOperator", "own": True}),
    "dynamic quantisation": (_quantised, {"how": "dynamic", "own": True}),
}
"""What else is made of an export, and with which options; ``own`` is held against itself."""
