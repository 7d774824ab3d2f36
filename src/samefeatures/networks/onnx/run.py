"""Run an ONNX model by ONNX Runtime."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import NetworkError, OutOfMemoryError, said
from samefeatures.networks.graph_backend import ImageLayout, Run
from samefeatures.networks.memory import is_out_of_memory
from samefeatures.networks.onnx.pooling import fast_pooling

TAKEN = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)
"""Data types of images."""
FOLDER = "session.model_external_initializers_file_folder_path"


def open_session(
    model: onnx.ModelProto, *, threads: int | None, device: str = "cpu", folder: Path | None = None
) -> onnxruntime.InferenceSession:
    """A session that prints nothing and uses all graph optimisations.

    Args:
        model: What it runs.
        threads: Threads per operation; None leaves it to ONNX Runtime.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        folder: Where weights lie that stay in their files; None where there are none.

    Raises:
        NetworkError: when ONNX Runtime refuses the model, or has no such device.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.use_deterministic_compute = True
    if threads is not None:
        options.intra_op_num_threads = threads
    if folder is not None:
        options.add_session_config_entry(FOLDER, str(folder))
    providers = _providers(device)
    try:
        with fast_pooling(model) as plain:
            packed = plain.SerializeToString()
        # Its fallback would print, and run on another device than was asked for.
        return onnxruntime.InferenceSession(packed, options, providers=providers, enable_fallback=0)
    except Exception as error:  # its exceptions share no base class but this
        kind = OutOfMemoryError if is_out_of_memory(error) else NetworkError
        raise kind(f"ONNX Runtime can't run this network: {said(error)}") from None


def _providers(device: str) -> list[Any]:
    if device == "cpu":
        return ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise NetworkError(
            f"The installed ONNX Runtime has no CUDA, so that an ONNX network can't run on "
            f"'{device}'. Install onnxruntime-gpu instead of onnxruntime, or use the device 'cpu'."
        )
    index = int(device.partition(":")[2] or 0)
    # TF32 would cost float32 its precision.
    cuda = ("CUDAExecutionProvider", {"device_id": index, "use_tf32": 0})
    return [cuda, "CPUExecutionProvider"]


def open_run(
    model: onnx.ModelProto,
    given: str,
    wanted: str,
    *,
    threads: int | None,
    device: str = "cpu",
    folder: Path | None = None,
    seconds: float | None = None,
) -> Run:
    """One tensor of a model, computed from its image input.

    Args:
        model: Its only output is ``wanted``, or it has that among others.
        given: Name of the input.
        wanted: Name of the output.
        threads: Threads per operation; None leaves it to ONNX Runtime.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        folder: Where weights lie that stay in their files; None where there are none.
        seconds: After which a run is ended, between two operations; None never.

    Raises:
        NetworkError: when ONNX Runtime refuses the model, or has no such device.
    """
    session = open_session(model, threads=threads, device=device, folder=folder)
    kinds = {value.name: value.type for value in session.get_inputs()}
    kind = {"tensor(float16)": np.float16, "tensor(double)": np.float64}.get(kinds.get(given, ""))

    def run(images: Float32) -> Float32:
        came = images if kind is None else images.astype(kind)
        options = onnxruntime.RunOptions()
        with _ended_after(seconds, options, len(images)):
            (out,) = session.run([wanted], {given: came}, options)
        return np.asarray(out, np.float32)

    return run


@contextmanager
def _ended_after(
    seconds: float | None, options: onnxruntime.RunOptions, images: int
) -> Iterator[None]:
    """End a run that takes too long, between two operations."""
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, lambda: setattr(options, "terminate", True))
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception:
        if options.terminate:
            raise TimeoutError(f"{images} images took more than {seconds:g} seconds") from None
        raise
    finally:
        timer.cancel()


def lanes_of(layout: ImageLayout, *, threads: int | None, device: str) -> int:
    """How many pieces of a batch run at a time, each in one thread: as many as there are threads.

    One where the graph wants a whole batch at once, and on a GPU; there an operation takes all
    threads, as ``open_session`` says.
    """
    if device != "cpu" or layout.batch not in (None, 1):
        return 1
    return threads or os.cpu_count() or 1


def image_input(values: list[onnx.ValueInfoProto], *, source: str) -> tuple[str, ImageLayout]:
    """Name and layout of the image input of a graph; channels come first where it leaves it open.

    Raises:
        NetworkError: when there is not exactly one RGB input of floating point.
    """
    if len(values) != 1:
        names = ", ".join(value.name for value in values) or "none"
        raise NetworkError(f"{source} has {len(values)} inputs ({names}); one image is needed.")
    tensor = values[0].type.tensor_type
    if tensor.elem_type not in TAKEN:
        kinds = {number: name for name, number in onnx.TensorProto.DataType.items()}
        raise NetworkError(
            f"{source} takes {kinds.get(tensor.elem_type, 'no tensor')}; only float32, float16 and "
            "float64 images are supported. Put a Cast in front, or export the network in float32."
        )
    dims = [d.dim_value or None for d in tensor.shape.dim]
    shape = dims if tensor.HasField("shape") else None
    return values[0].name, ImageLayout.of(shape, source=source, last=False)
