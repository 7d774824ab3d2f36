"""Load weights from a file into a module, without running any code of the file (needs torch)."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from samefeatures.base.errors import CheckpointError

WRAPPERS = ("state_dict", "model", "model_state_dict")


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """The state dict of a ``.safetensors`` file or of what ``torch.save`` wrote.

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
        raise _unreadable(path, error) from None


def _read_torch(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            # Said of foreign files before they are refused; the refusal says it better.
            warnings.filterwarnings("ignore", message="Detected pickle protocol")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if not any(word in str(error) for word in ("GLOBAL", "global", "REDUCE")):
            raise _unreadable(path, error) from None
        raise CheckpointError(
            f"{path} holds more than weights: loading it would run code from the file, which is "
            "never done. Load it where you trust it, and save model.state_dict() alone."
        ) from None
    except Exception as error:  # damaged bytes raise errors of any kind
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> CheckpointError:
    if isinstance(error, FileNotFoundError):
        return CheckpointError(f"There is no checkpoint at {path}. Check the path.")
    first = (str(error).splitlines() or [""])[0][:120]
    said = f"{type(error).__name__}: {first}" if first else type(error).__name__
    return CheckpointError(
        f"{path} is cut short or is not a checkpoint ({said}). Copy or download it again."
    )


def load_into(model: nn.Module, weights: Mapping[str, Tensor], *, path: Path, source: str) -> None:
    """Put weights into a module; every tensor of both must fit.

    Raises:
        CheckpointError: naming the first five tensors that do not, and their number.
    """
    own = model.state_dict()
    problems = [f"{name} is missing" for name in own if name not in weights]
    problems += [f"{name} is not in the model" for name in weights if name not in own]
    problems += [
        f"{name} is {tuple(weights[name].shape)}, the model has {tuple(own[name].shape)}"
        for name in own
        if name in weights and weights[name].shape != own[name].shape
    ]
    if problems:
        refuse(problems, path=path, source=source)
    model.load_state_dict(dict(weights))


def refuse(problems: list[str], *, path: Path, source: str) -> NoReturn:
    """Say that a checkpoint is not that of a network.

    Args:
        problems: What does not fit, one sentence each.
        path: The checkpoint.
        source: The network.

    Raises:
        CheckpointError: with the first five problems and their number.
    """
    raise CheckpointError(
        f"{path} is not a checkpoint of {source}: {len(problems)} tensors do not fit. "
        f"{'; '.join(problems[:5])}{'; …' if len(problems) > 5 else ''}. Name the model that "
        "it was saved from; for other shapes build it yourself and use python:module:callable."
    )
