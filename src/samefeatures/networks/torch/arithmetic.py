"""Mixed precision, compilation and memory of torch modules (needs torch)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import NetworkError, first_line
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.arithmetic import Arithmetic, Effect
from samefeatures.networks.memory import run_error
from samefeatures.networks.proof import probe_images
from samefeatures.networks.record import Head

Call = Callable[[Tensor], Tensor]
EFFECT_PROBES = 16
EFFECT_BATCH = 4


def precision_context(arithmetic: Arithmetic, device: torch.device) -> AbstractContextManager[Any]:
    """Torch's autocast on the device; nothing for float32."""
    if arithmetic.precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=getattr(torch, arithmetic.precision))


def compiled(features: Call, arithmetic: Arithmetic) -> Call:
    """The same function through ``torch.compile`` if that is asked for; compiled when called."""
    if not arithmetic.compile:
        return features
    made: Call = torch.compile(features)
    return made


def torch_error(error: Exception, images: Tensor, arithmetic: Arithmetic, source: str) -> Exception:
    """What a module raised while it ran, as one of our errors; memory is given back.

    A failure of the compiler is said to be one, with what to do.
    """
    mapped = run_error(error, images.shape, source=source)
    if images.device.type == "cuda":
        torch.cuda.empty_cache()  # what the failed batch held would be missing for a smaller one
    if type(mapped) is NetworkError and _is_compiler(error) and arithmetic.compile:
        return NetworkError(
            f"{source} can't be compiled by torch.compile ({first_line(error)}). Leave 'compile' "
            "out; on the processor it needs a C++ compiler (g++), on a GPU Triton."
        )
    return mapped


def _is_compiler(error: Exception) -> bool:
    """Whether an error comes out of torch.compile rather than out of the module."""
    return type(error).__module__.startswith(("torch._dynamo", "torch._inductor"))


def measure_effect(
    ours: Callable[[Float32], Float32],
    plain: Callable[[Float32], Float32],
    head: Head,
    preprocessing: Preprocessing,
    *,
    arithmetic: Arithmetic,
    source: str,
) -> Effect:
    """Hold features against those of plain float32 on 16 probe images.

    Args:
        ours: (b, 3, h, w) images to (b, d) features, in the arithmetic.
        plain: The same in float32, not compiled.
        head: Makes the logits of both, in float32.
        preprocessing: For the probe images.
        arithmetic: Of ``ours``.
        source: For messages.

    Raises:
        NetworkError: when it gives NaN or infinite features where float32 does not.
    """
    probe = probe_images(preprocessing, count=EFFECT_PROBES)
    batches = np.split(probe, EFFECT_PROBES // EFFECT_BATCH)
    x = np.concatenate([ours(batch) for batch in batches])  # (16, d)
    y = np.concatenate([plain(batch) for batch in batches])  # (16, d)
    if not np.isfinite(x).all() and np.isfinite(y).all():
        raise NetworkError(
            f"{source} gives NaN or infinite features in {arithmetic.precision}, but not in "
            "float32. Its values leave the range of that type; take bfloat16 or float32."
        )
    p, q = head.logits(x), head.logits(y)  # (16, classes)
    return Effect(
        precision=arithmetic.precision,
        compile=arithmetic.compile,
        probes=len(probe),
        features_max=_difference(x, y, np.max),
        features_mean=_difference(x, y, np.mean),
        logits_max=_difference(p, q, np.max),
        logits_mean=_difference(p, q, np.mean),
        agreement=float((p.argmax(axis=1) == q.argmax(axis=1)).mean()),
    )


def _difference(ours: Float32, theirs: Float32, over: Callable[[Float32], Any]) -> float:
    return float(over(np.abs(ours - theirs))) / (float(np.abs(theirs).max(initial=0.0)) or 1.0)


def weight_bytes(model: nn.Module) -> int:
    """Bytes of parameters and buffers, shared ones counted once."""
    return sum(t.numel() * t.element_size() for t in (*model.parameters(), *model.buffers()))


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


class Feed:
    """Bytes of images onto the device, normalised there.

    The table of ``Preprocessing.levels`` is looked up, so that the values are those of
    ``Preprocessing.normalise`` to the bit, and a quarter of the bytes is moved.
    """

    def __init__(self, preprocessing: Preprocessing, device: torch.device) -> None:
        self._device = device
        self._levels = torch.from_numpy(preprocessing.levels()).to(device)  # (256, 3)

    def __call__(self, pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> Tensor:
        """(b, h, w, 3) bytes to (b, 3, h, w) float32, channels last, on the device."""
        raw = torch.from_numpy(pixels)
        if self._device.type == "cuda":
            # Only pinned memory is copied while the processor and the GPU go on.
            raw = raw.pin_memory().to(self._device, non_blocking=True)
        index = raw.to(torch.int64)  # (b, h, w, 3)
        out = torch.stack([self._levels[:, c][index[..., c]] for c in range(3)], dim=-1)
        return out.permute(0, 3, 1, 2)  # (b, 3, h, w), channels last in memory
