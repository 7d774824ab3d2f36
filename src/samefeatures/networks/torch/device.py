"""Where a torch network runs, and how exactly (needs torch)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch


@contextmanager
def inference(device: torch.device, *, threads: int | None) -> Iterator[None]:
    """Inference in full float32; the number of threads is put back afterwards.

    Args:
        device: Of the network.
        threads: Of torch while it runs; None leaves them alone.
    """
    with torch.inference_mode(), full_float32(device.type), torch_threads(threads):
        yield


def full_float32(kind: str) -> AbstractContextManager[Any]:
    """Without TF32, which would cost float32 its precision, on a device ``cuda``."""
    if kind != "cuda":
        return nullcontext()
    flags: AbstractContextManager[Any] = torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True, allow_tf32=False
    )
    return flags


@contextmanager
def torch_threads(threads: int | None) -> Iterator[None]:
    """That many threads for a while; None leaves them alone."""
    before = torch.get_num_threads()
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        yield
    finally:
        if threads is not None:
            torch.set_num_threads(before)


def count_gpus() -> int:
    """GPUs that torch finds."""
    return torch.cuda.device_count() if torch.cuda.is_available() else 0
