"""Load weights from a file into a module, without running any code of the file (needs torch)."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from samefeatures.base.errors import CheckpointError
from samefeatures.networks.misfits import differences, misfit, unreadable

WRAPPERS = ("state_dict", "model", "model_state_dict")


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Tensors by name, from a ``.safetensors`` file or what ``torch.save`` wrote.

    A state dict under ``state_dict`` or ``model`` is taken out, and a ``module.`` in front of all
    names (from DataParallel) is taken off.

    Raises:
        CheckpointError: when the file is missing, damaged, or holds code or anything but weights.
    """
    raw = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    for key in WRAPPERS:
        if isinstance(raw, Mapping) and isinstance(raw.get(key), Mapping):
            raw = raw[key]
            break
    if not isinstance(raw, Mapping) or not raw:
        raise CheckpointError(
            f"{path} holds {type(raw).__name__}, not a state dict. Save model.state_dict()."
        )
    other = [str(name) for name, value in raw.items() if not isinstance(value, Tensor)]
    if other:
        raise CheckpointError(
            f"{path} holds more than weights: {', '.join(other[:5])}. Save model.state_dict() "
            f"alone, or under one of the keys {', '.join(WRAPPERS)}."
        )
    if all(name.startswith("module.") for name in raw):
        raw = {name.removeprefix("module."): value for name, value in raw.items()}
    return dict(raw)


def _read_safetensors(path: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise unreadable(path, "checkpoint", error) from None


def _read_torch(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            # Said of foreign files before they are refused; the refusal says it better.
            warnings.filterwarnings("ignore", message="Detected pickle protocol")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if not any(word in str(error) for word in ("GLOBAL", "global", "REDUCE")):
            raise unreadable(path, "checkpoint", error) from None
        raise CheckpointError(
            f"{path} holds more than weights: loading it would run code from the file, which is "
            "never done. Load it where you trust it, and save model.state_dict() alone."
        ) from None
    except Exception as error:  # damaged bytes raise errors of any kind
        raise unreadable(path, "checkpoint", error) from None


def load_into(model: nn.Module, weights: Mapping[str, Tensor], *, path: Path, source: str) -> None:
    """Put weights into a module; every tensor of both must fit.

    Raises:
        CheckpointError: naming the first five tensors that do not, and their number.
    """
    own, came = (
        {name: tuple(tensor.shape) for name, tensor in state.items()}
        for state in (model.state_dict(), weights)
    )
    problems = differences(own, came)
    if problems:
        raise misfit(problems, path, source=source)
    model.load_state_dict(dict(weights))
