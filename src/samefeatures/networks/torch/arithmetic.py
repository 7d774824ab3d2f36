"""Mixed precision and compilation of torch modules, and bytes for them (needs torch)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import NetworkError
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.arithmetic import Arithmetic, Effect
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
