"""The kinds of network sources, one row each. A new kind is an adapter and a row.

Other packages register rows of their own as entry points of the group ``samefeatures.networks``:
the name of the kind, and where its ``Kind`` stands, e.g. ``toy = "toy_networks:KIND"``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from samefeatures.base.errors import ConfigError, NetworkError, did_you_mean
from samefeatures.base.paths import path_of
from samefeatures.base.plugins import load_plugin, plugins

GROUP = "samefeatures.networks"
GENERAL = ("background",)
"""Query keys that every kind takes; an adapter sees only those that its kind lists."""
KERAS_FILES = (".keras", ".h5", ".hdf5")
"""Endings of files that ``keras:`` takes instead of a name."""


def is_keras_file(rest: str) -> bool:
    """Whether what stands behind ``keras:`` is a path: by its ending, or a separator in it."""
    return rest.endswith(KERAS_FILES) or "/" in rest or "\\" in rest


def last_part(rest: str) -> str:
    """The short name of a model or callable: what stands behind the last ``:`` or ``/``."""
    return re.split("[:/]", rest.rstrip("/"))[-1]


def file_name(rest: str) -> str:
    """The name of a file without its ending; of ``…/NAME/model.onnx`` that of its folder."""
    path = Path(rest)
    return path.resolve().parent.name if path.name == "model.onnx" else path.stem


def folder_name(rest: str) -> str:
    """The name of a folder; of ``…/NAME/1``, a version, that of the one above."""
    path = Path(rest).resolve()
    return path.parent.name if path.name.isdecimal() else path.name


def keras_name(rest: str) -> str:
    """The short name of a file or of an application."""
    return file_name(rest) if rest.endswith(KERAS_FILES) else last_part(rest)


@dataclass(frozen=True, slots=True)
class Kind:
    """What is particular to a kind of source.

    Attributes:
        name: What stands before the colon.
        loader: ``module:function``, imported on use: ``(Source, LoadOptions) -> Network``.
        runtime: What computes its features; mixed precision and compilation are for ``torch``.
            None where features come from outside: no images, and no preprocessing.
        keys: Query keys that it takes.
        paths: Those of them whose values are paths.
        is_path: Whether what stands behind the colon is a path, by that and a base folder.
        short: From what stands behind the colon to a short name.
        extra: Of this package: what brings the packages that it needs; None where none does.
        packages: What is imported whose version can change its features.
    """

    name: str
    loader: str
    runtime: str | None
    keys: tuple[str, ...] = field(default=(), kw_only=True)
    paths: tuple[str, ...] = field(default=(), kw_only=True)
    is_path: Callable[[str, Path], bool] = field(default=lambda *_: False, kw_only=True)
    short: Callable[[str], str] = field(default=last_part, kw_only=True)
    extra: str | None = field(default=None, kw_only=True)
    packages: tuple[str, ...] = field(default=(), kw_only=True)


_HERE = __package__
# fmt: off
_ROWS = (
    Kind("mini", f"{_HERE}.miniatures.load:load_mini", "onnxruntime"),
    Kind("timm", f"{_HERE}.torch.timm:load_timm", "torch", extra="timm",
         keys=("checkpoint", "weights"), paths=("checkpoint",), packages=("torch", "timm")),
    Kind("torchvision", f"{_HERE}.torch.torchvision:load_torchvision", "torch", extra="torchvision",
         keys=("checkpoint", "weights"), paths=("checkpoint",), packages=("torch", "torchvision")),
    Kind("hf", f"{_HERE}.hub.source:load_hf", "torch", extra="hf-networks",
         is_path=lambda rest, base: path_of(rest, base).is_dir(),
         keys=("revision", "background"), packages=("torch", "transformers", "timm")),
    Kind("python", f"{_HERE}.torch.python:load_python", "torch", extra="torch",
         packages=("torch", "torchvision", "timm", "transformers")),
    Kind("slim", f"{_HERE}.slim.source:load_slim", "torch", extra="torch",
         keys=("checkpoint", "background"), paths=("checkpoint",), packages=("torch",)),
    Kind("thesis", f"{_HERE}.thesis.source:load_thesis", "torch", extra="timm",
         keys=("checkpoint", "weights_dir", "crop"), paths=("checkpoint", "weights_dir"),
         packages=("torch", "timm")),
    Kind("onnx", f"{_HERE}.onnx.source:load_onnx", "onnxruntime", keys=("output",),
         is_path=lambda *_: True, short=file_name),
    Kind("npz", f"{_HERE}.npz:load_npz", None, is_path=lambda *_: True, short=file_name),
    Kind("keras", f"{_HERE}.keras.source:load_keras", "keras", extra="keras",
         keys=("weights", "alpha", "depth_multiplier", "minimalistic", "classes"),
         paths=("weights",), is_path=lambda rest, _: is_keras_file(rest), short=keras_name,
         packages=("keras", "torch", "jax", "tensorflow")),
    Kind("savedmodel", f"{_HERE}.tensorflow.source:load_savedmodel", "tensorflow",
         keys=("signature", "output"), is_path=lambda *_: True, short=folder_name,
         extra="tensorflow", packages=("tensorflow",)),
)
# fmt: on
MODULE = Kind(
    "module",
    f"{_HERE}.torch.live:refuse_text",
    "torch",
    extra="torch",
    packages=("torch", "torchvision", "timm", "transformers"),
)
"""That of modules of the process that runs, which no text can name."""
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ROWS}
"""Those of this package, by name."""


WEIGHTS = (".pt", ".pth", ".ckpt", ".safetensors", ".bin", ".tar")
"""How files of weights end."""


def find_kind(name: str, *, text: str) -> Kind:
    """The kind of that name; ours win over those of other packages.

    Args:
        name: What stands before the colon.
        text: The whole source, for messages.

    Raises:
        NetworkError: when there is none; all are listed.
        ConfigError: when that of another package can't be used.
    """
    if name in KINDS:
        return KINDS[name]
    if name == MODULE.name:
        return MODULE
    others = plugins(GROUP)
    if name not in others:
        there = [*KINDS, *others]
        came = f"the unknown kind '{name}'" if name else "no kind"
        raise NetworkError(
            f"'{text}' has {came}. A network's source is kind:name. "
            f"{_of_weights(text) or did_you_mean(name or text, there)}"
            f"There are: {', '.join(f'{known}:' for known in there)}."
        )
    kind = load_plugin(others[name], Kind)
    if kind.name != name:
        raise ConfigError(
            f"'{name}' of {others[name].value} calls itself '{kind.name}'. Both names must be the "
            "same; mend the package that brings it."
        )
    return kind


def _of_weights(text: str) -> str:
    """What to write for a file of weights, which does not say what network they are of."""
    if not text.lower().endswith(WEIGHTS):
        return ""
    return (
        "A file of weights does not say their network: write timm:NAME?checkpoint=PATH or "
        "torchvision:NAME?checkpoint=PATH, or load it into your own nn.Module and give "
        "samefeatures.load() that. "
    )
