"""What an ``nn.Module`` is known by: its weights, its structure, its code (needs torch)."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import Tensor, nn

from samefeatures.base.digests import digest


def fingerprint_module(model: nn.Module, *code: Path | bytes) -> str:
    """A digest over names, types, shapes and bytes of all weights, the structure, and code.

    Args:
        model: On any device.
        code: Python files that define it, where no version of a library stands for them, and code
            that stands in none.
    """
    kind = type(model)
    structure = re.sub(r" at 0x[0-9a-f]+", "", str(model))  # addresses differ from run to run
    parts: list[str | bytes] = [f"{kind.__module__}.{kind.__qualname__}", structure]
    for name, value in model.state_dict().items():
        if not isinstance(value, Tensor):
            parts += [name, repr(value)]
            continue
        raw = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        parts += [name, str(value.dtype), str(tuple(value.shape)), raw.numpy().tobytes()]
    return digest(
        *parts, *(each if isinstance(each, bytes) else each.read_bytes() for each in code)
    )
