"""Weights that come onto a device and leave it, and the memory there (needs torch)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from samefeatures.base.errors import NetworkError, SamefeaturesError, first_line
from samefeatures.networks.memory import run_error

R = TypeVar("R")


class Resident:
    """A module on a device, or resting in the processor's memory.

    Args:
        device: Where it is now.
        modules: The module, and copies of it with weights of their own.
        source: For messages.
    """

    def __init__(self, device: torch.device, *modules: nn.Module, source: str) -> None:
        self.source = source
        self.resident = True
        self._device = device
        self._modules = modules

    @property
    def weights(self) -> int:
        """Bytes of parameters and buffers, shared ones counted once."""
        model = self._modules[0]
        tensors = (*model.parameters(), *model.buffers())
        return sum(t.numel() * t.element_size() for t in tensors)

    def free_memory(self) -> int | None:
        """Bytes of the GPU that are free; None on the processor."""
        if self._device.type == "cpu":
            return None
        torch.cuda.empty_cache()
        return int(torch.cuda.mem_get_info(self._device)[0])

    def wake(self) -> None:
        """Put the weights onto the device; features are computed only there.

        Raises:
            OutOfMemoryError: when they do not fit.
        """
        if not self.resident:
            self._guarded(lambda: self._move(self._device), shape=())
            self.resident = True

    def rest(self) -> None:
        """Put the weights into the processor's memory, until ``wake`` or the next features."""
        if self.resident:
            self._move(torch.device("cpu"))
            self.resident = self._device.type == "cpu"  # there they never leave it
            if self._device.type == "cuda":
                torch.cuda.empty_cache()

    def _move(self, device: torch.device) -> None:
        for module in self._modules:
            module.to(device)

    def _guarded(self, run: Callable[[], R], *, shape: Sequence[int], compiled: bool = False) -> R:
        """What a function gives for images of a shape; what it raises becomes one of our errors."""
        failed: Exception
        try:
            return run()
        except SamefeaturesError:
            raise
        except Exception as error:  # torch has its own kinds, and a module is foreign code
            failed = error.with_traceback(None)  # its frames would hold on to the memory
        if self._device.type == "cuda":
            torch.cuda.empty_cache()  # what it held would be missing for a smaller batch
        raise torch_error(failed, shape, source=self.source, compiled=compiled) from None


def torch_error(
    error: Exception, shape: Sequence[int], *, source: str, compiled: bool
) -> NetworkError:
    """What a module raised on images, as one of our errors; failures of the compiler are said."""
    mapped = run_error(error, shape, source=source)
    # It comes out of torch.compile rather than out of the module.
    compiler = type(error).__module__.startswith(("torch._dynamo", "torch._inductor"))
    if compiled and compiler and type(mapped) is NetworkError:
        return NetworkError(
            f"{source} can't be compiled by torch.compile ({first_line(error)}). Leave 'compile' "
            "out; on the processor it needs a C++ compiler (g++), on a GPU Triton."
        )
    return mapped


def activation_bytes(run: Callable[[], object], model: nn.Module, device: torch.device) -> int:
    """Bytes that a run takes beside the weights.

    On a GPU what its allocator saw at most. Elsewhere the largest input and output of one layer,
    which is less than the whole.
    """
    if device.type == "cuda":
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        run()
        return max(0, torch.cuda.max_memory_allocated(device) - before)
    largest = 0

    def note(_: nn.Module, given: tuple[object, ...], returned: object) -> None:
        nonlocal largest
        tensors = [t for t in (*given, returned) if isinstance(t, Tensor)]
        largest = max(largest, sum(t.numel() * t.element_size() for t in tensors))

    handles = [layer.register_forward_hook(note) for layer in model.modules()]
    try:
        run()
    finally:
        for handle in handles:
            handle.remove()
    return largest
