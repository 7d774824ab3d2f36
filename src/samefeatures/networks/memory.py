"""Memory of the device that networks run on: running out of it, moving in and out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from samefeatures.base.errors import NetworkError, OutOfMemoryError, first_line

TYPES = ("OutOfMemoryError", "ResourceExhaustedError")
"""Names of torch's and TensorFlow's errors; neither library is imported to ask."""
SIGNS = (
    "RESOURCE_EXHAUSTED",  # XLA, on which JAX runs
    "CUDA out of memory",
    "CUDA_ERROR_OUT_OF_MEMORY",
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "DefaultCPUAllocator: can't allocate memory",  # torch on the processor, a RuntimeError
    "DefaultCPUAllocator: not enough memory",
    "Failed to allocate memory for requested buffer",  # ONNX Runtime
    "bad_alloc",
)
"""What other errors say that mean the same."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a foreign error says that memory ran out."""
    if isinstance(error, MemoryError) or type(error).__name__ in TYPES:
        return True
    return any(sign in str(error) for sign in SIGNS)


def run_error(error: BaseException, shape: Sequence[int], *, source: str) -> NetworkError:
    """An error of a runtime as one of ours: ``OutOfMemoryError`` where memory ran out.

    Args:
        error: What the runtime raised.
        shape: Of the images that it had; empty where it had none.
        source: The network.
    """
    on = f" on images {tuple(shape)}" if shape else ""
    if is_out_of_memory(error):
        return OutOfMemoryError(
            f"{source} ran out of memory{on} ({first_line(error)}). Take a smaller batch_size."
        )
    return NetworkError(f"{source} failed{on} ({first_line(error)}).")


@runtime_checkable
class Movable(Protocol):
    """A backend whose weights can leave the device and come back."""

    @property
    def resident(self) -> bool:
        """Whether the weights are on the device."""
        ...

    @property
    def weights(self) -> int:
        """Bytes of the weights."""
        ...

    def activations(self, batch_size: int) -> int:
        """Bytes that a batch takes beside the weights, measured on one."""
        ...

    def free_memory(self) -> int | None:
        """Bytes of the device that are free now; None where it has no memory of its own."""
        ...

    def wake(self) -> None:
        """Put the weights onto the device."""
        ...

    def rest(self) -> None:
        """Put the weights into the processor's memory."""
        ...
