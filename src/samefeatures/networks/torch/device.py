"""Where a torch network runs, and how exactly (needs torch)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch

from samefeatures.base.errors import NetworkError


@contextmanager
def inference(device: torch.device, *, threads: int | None) -> Iterator[None]:
    """Inference in full float32; the number of threads is put back afterwards.

    Args:
        device: Of the network.
        threads: Of torch while it runs; None leaves them alone.
    """
    before = None if threads is None else torch.get_num_threads()
    exact = (
        torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        )
        if device.type == "cuda"
        else nullcontext()
    )
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        with torch.inference_mode(), exact:
            yield
    finally:
        if before is not None:
            torch.set_num_threads(before)


def check_device(device: str) -> None:
    """Raise a NetworkError unless torch has the device."""
    if device == "cpu":
        return
    if not torch.cuda.is_available():
        raise NetworkError(
            f"The device '{device}' is not available: torch finds no CUDA. Use 'cpu', or "
            "install a torch with CUDA on a machine that has a GPU."
        )
    if torch.cuda.device_count() <= int(device.partition(":")[2] or 0):
        raise NetworkError(
            f"The device '{device}' is not available: torch finds {torch.cuda.device_count()} "
            "GPUs, counted from 0. Name one of them."
        )
