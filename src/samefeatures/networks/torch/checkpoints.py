"""Files of weights, read without running any code of theirs (needs torch)."""

from __future__ import annotations

import pickle
import re
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import torch
from torch import Tensor

from samefeatures.base.border import border
from samefeatures.base.errors import CheckpointError, FileError
from samefeatures.networks.misfits import unreadable

Weights = Mapping[str, Tensor]
"""Tensors by name; those of a state dict keep its ``_metadata``."""
DEPTH = 4
"""How deep weights are looked for in a file."""
PASSED_OVER = (
    "argparse.Namespace",
    "types.SimpleNamespace",
    "datetime.date",
    "datetime.datetime",
    "datetime.timedelta",
    "pathlib.Path",
    "pathlib.PosixPath",
    "pathlib.WindowsPath",
    "pathlib.PurePath",
    "pathlib.PurePosixPath",
    "pathlib.PureWindowsPath",
    "pathlib._local.PosixPath",
    "pathlib._local.WindowsPath",
    "numpy.dtype",
    "numpy.ndarray",
    *(
        f"numpy.{core}.multiarray.{name}"
        for core in ("core", "_core")
        for name in ("scalar", "_reconstruct")
    ),
    *(f"numpy.dtypes.{kind}{bits}DType" for kind in ("Int", "UInt") for bits in (8, 16, 32, 64)),
    *(f"numpy.dtypes.{name}DType" for name in ("Bool", "Float16", "Float32", "Float64", "Str")),
    "torch.torch_version.TorchVersion",
    *(f"builtins.{name}" for name in ("bool", "int", "float", "str", "list", "dict", "tuple")),
    "typing.Any",
    "omegaconf.dictconfig.DictConfig",
    "omegaconf.listconfig.ListConfig",
    "omegaconf.base.ContainerMetadata",
    "omegaconf.base.Metadata",
    *(f"omegaconf.nodes.{name}Node" for name in ("Any", "String", "Integer", "Float", "Boolean")),
)
"""What training scripts write beside weights: settings and numbers."""
DICTS = (
    "collections.defaultdict",
    "lightning_fabric.utilities.data.AttributeDict",
    "lightning.fabric.utilities.data.AttributeDict",
    "pytorch_lightning.utilities.parsing.AttributeDict",
    "yacs.config.CfgNode",
    "easydict.EasyDict",
)
LISTS = ("collections.deque",)
"""Dictionaries and lists that are filled after they are made: plain ones stand for them."""


class Unread:
    """Stands where a file has a value that is none of the weights; its class is never made."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def __setstate__(self, _: object) -> None: ...


class Plain:
    """Makes a dictionary instead of itself, to which torch lets attributes be given."""

    def __new__(cls, *_: object) -> Any:
        return OrderedDict()


class PlainList:
    """Makes a list instead of itself."""

    def __new__(cls, *_: object) -> Any:
        return []


def _named(kind: type, name: str) -> type:
    """A class of that kind which goes by the name of another, as torch looks classes up."""
    module, _, own = name.rpartition(".")
    return type(own, (kind,), {"__module__": module})


STAND_INS = (
    *(_named(Unread, name) for name in PASSED_OVER),
    *(_named(Plain, name) for name in DICTS),
    *(_named(PlainList, name) for name in LISTS),
)
_ONE_AT_A_TIME = Lock()


def read_checkpoint(path: Path) -> dict[str, Weights]:
    """All state dicts of a ``.safetensors`` file or one of ``torch.save``; not an optimizer's.

    They come by where they stand in the file: ``''``, ``model``, ``training.ema``, … Values of the
    kinds that training scripts write beside weights (``PASSED_OVER``) are not looked at.

    Raises:
        CheckpointError: when the file is missing, damaged, holds code, or no weights.
    """
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    found = dict(_states(content, "", DEPTH))
    if found:
        return found
    if isinstance(content, Mapping) and any(isinstance(v, Tensor) for v in content.values()):
        other = [str(name) for name, value in content.items() if not isinstance(value, Tensor)]
        raise CheckpointError(
            f"{path} holds more than weights: {', '.join(other[:5])}. Save model.state_dict() "
            "alone, or under a key such as 'state_dict' or 'model'."
        )
    keys = ", ".join(map(str, list(content)[:5])) if isinstance(content, Mapping) else ""
    kind = f"{type(content).__name__}{keys and f' of {keys}'}"
    raise CheckpointError(f"{path} holds {kind}, not a state dict. Save model.state_dict().")


def _states(content: object, at: str, depth: int) -> Iterator[tuple[str, Weights]]:
    if not isinstance(content, Mapping) or not content or not depth:
        return
    if all(isinstance(k, str) and isinstance(v, Tensor) for k, v in content.items()):
        yield at, content
        return
    for key, value in content.items():
        if isinstance(key, str) and "optim" not in key.lower():
            yield from _states(value, f"{at}.{key}" if at else key, depth - 1)


def _read_safetensors(path: Path) -> Any:
    from safetensors.torch import load_file

    try:
        with border():
            return load_file(path)
    except FileError as error:
        raise unreadable(path, "checkpoint", error) from None


def _read_torch(path: Path) -> Any:
    try:
        with warnings.catch_warnings(), _standing_in():
            # Said of foreign files before they are refused; the refusal says it better.
            warnings.filterwarnings(
                "ignore", message="Detected pickle protocol|.*TorchScript archive"
            )
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if not any(word in str(error) for word in ("GLOBAL", "global", "REDUCE")):
            raise unreadable(path, "checkpoint", pickle.UnpicklingError(_cause(error))) from None
        named = re.search(r"GLOBAL (\S+)", str(error))
        what = f" ({named[1]})" if named else ""
        raise CheckpointError(
            f"{path} holds more than weights{what}: loading it would run code from the file, "
            "which is never done. Load it where you trust it, and save model.state_dict() alone."
        ) from None
    except Exception as error:  # damaged bytes raise errors of any kind
        if "TorchScript" in str(error):
            raise CheckpointError(
                f"{path} is a TorchScript program, and programs of a file are never run. Load it "
                "where you trust it, and save its state_dict() alone."
            ) from None
        raise unreadable(path, "checkpoint", error) from None


def _cause(error: pickle.UnpicklingError) -> str:
    """What torch found; it says first how to run a file's code, which is never done here."""
    found = re.search(r"WeightsUnpickler error:\s*(.+)", str(error))
    return found[1] if found else str(error).split(". ")[0]


@contextmanager
def _standing_in() -> Iterator[None]:
    """While torch reads a file, the classes that it allows are ours too.

    ``torch.serialization.safe_globals`` came with torch 2.5, names beside classes with 2.7.
    """
    with _ONE_AT_A_TIME:
        before = list(torch.serialization.get_safe_globals())
        torch.serialization.add_safe_globals(list(STAND_INS))
        try:
            yield
        finally:
            torch.serialization.clear_safe_globals()
            torch.serialization.add_safe_globals(before)
