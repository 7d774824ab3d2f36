"""Run an ONNX model on batches of images, whatever its layout and batch size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import NetworkError
from samefeatures.networks.memory import is_out_of_memory, run_error


def open_session(
    model: onnx.ModelProto, *, threads: int | None, device: str = "cpu"
) -> onnxruntime.InferenceSession:
    """A session that prints nothing and uses all graph optimisations.

    Raises:
        NetworkError: when ONNX Runtime refuses the model, or has no such device.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.use_deterministic_compute = True
    if threads is not None:
        options.intra_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=_providers(device)
        )
    except NetworkError:
        raise
    except Exception as error:  # its exceptions share no base class but this
        raise NetworkError(f"ONNX Runtime can't run this network: {_first_line(error)}") from None


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


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


@dataclass(frozen=True, slots=True)
class ImageInput:
    """The image input of a graph.

    Attributes:
        name: Of the tensor.
        channels_last: Whether it is (b, h, w, 3) instead of (b, 3, h, w).
        batch: Images per run where the graph fixes it, else None.
        size: (height, width); None where the graph leaves a side open.
    """

    name: str
    channels_last: bool
    batch: int | None
    size: tuple[int | None, int | None]

    @classmethod
    def of(cls, values: list[onnx.ValueInfoProto], *, source: str) -> ImageInput:
        """Read the input from the graph.

        Channels are where the graph says 3; where it leaves both places open, they come first.

        Raises:
            NetworkError: when there is not exactly one float32 RGB input.
        """
        if len(values) != 1:
            names = ", ".join(value.name for value in values) or "none"
            raise NetworkError(f"{source} has {len(values)} inputs ({names}); one image is needed.")
        tensor = values[0].type.tensor_type
        if tensor.elem_type != onnx.TensorProto.FLOAT:
            kind = onnx.TensorProto.DataType.Name(tensor.elem_type)
            raise NetworkError(
                f"{source} takes {kind}; only float32 images are supported. Put a Cast in front, "
                "or export the network in float32."
            )
        dims = [d.dim_value or None for d in tensor.shape.dim]
        shape = f"({', '.join(d.dim_param or str(d.dim_value or '?') for d in tensor.shape.dim)})"
        if not tensor.HasField("shape"):
            dims = [None] * 4
        if len(dims) != 4:
            raise NetworkError(f"{source} takes an input {shape}; (b, 3, h, w) is needed.")
        first, last = dims[1] in (3, None), dims[3] == 3
        if dims[1] == 3 and last:
            raise NetworkError(
                f"{source} takes an input {shape}; channels could be first or last. Export it with "
                "other or open sides."
            )
        if not first and not last:
            raise NetworkError(
                f"{source} takes an input {shape}; it must have 3 channels, since images are "
                "turned into RGB."
            )
        size = (dims[1], dims[2]) if last else (dims[2], dims[3])
        return cls(values[0].name, last, dims[0], size)

    def check_size(self, height: int, width: int, *, source: str) -> None:
        """Raise a NetworkError if the preprocessing makes images of another size."""
        if any(
            own not in (None, came) for own, came in zip(self.size, (height, width), strict=True)
        ):
            own = " x ".join(str(side or "any") for side in self.size)
            raise NetworkError(
                f"{source} takes images of {own} pixels, but its preprocessing makes {height} x "
                f"{width}. Set input_size to "
                f"[3, {self.size[0] or height}, {self.size[1] or width}]."
            )


class Runner:
    """One output of a model, computed on (b, 3, h, w) images; the batch comes first in it.

    A graph with a fixed batch size runs in pieces of that size, the last one filled with zeros.
    """

    def __init__(
        self,
        model: onnx.ModelProto,
        images: ImageInput,
        output: str,
        *,
        threads: int | None,
        device: str = "cpu",
    ) -> None:
        self.input = images
        self.output = output
        self._session = open_session(model, threads=threads, device=device)

    def __call__(self, images: Float32) -> Float32:
        """(b, 3, h, w) to the output (b, …), float32.

        Raises:
            NetworkError: when ONNX Runtime fails.
        """
        if self.input.channels_last:
            images = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
        step = self.input.batch
        if step is None:
            return self._run(images)
        parts = []
        for start in range(0, len(images), step):
            piece = images[start : start + step]
            empty = np.zeros((step - len(piece), *piece.shape[1:]), np.float32)
            parts.append(self._run(np.concatenate([piece, empty]))[: len(piece)])
        return np.concatenate(parts)

    def _run(self, images: Float32) -> Float32:
        try:
            (out,) = self._session.run([self.output], {self.input.name: images})
        except Exception as error:
            if is_out_of_memory(error):
                raise run_error(error, images.shape, source="ONNX Runtime") from None
            raise NetworkError(
                f"ONNX Runtime failed on images {images.shape}: {_first_line(error)}"
            ) from None
        return np.asarray(out, np.float32)
