"""``timm:``, ``torchvision:`` and ``python:`` networks: build a module, then split it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from samefeatures.errors import require
from samefeatures.networks.network import ImageNetwork
from samefeatures.networks.settings import build_preprocessing
from samefeatures.networks.source import LoadOptions, Source

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """What an adapter hands over.

    Attributes:
        model: The whole network.
        preprocessing: Fields of ``Preprocessing`` that the source gives.
        library: Name and version of the library that defines the module, if there is one.
        code: Files that define it, where no version of a library stands for them.
    """

    model: nn.Module
    preprocessing: Mapping[str, object]
    library: str | None = None
    code: tuple[Path, ...] = field(default=())


def load_torch(source: Source, options: LoadOptions) -> ImageNetwork:
    """Build the module of a source, split it, and prove the split.

    Raises:
        MissingExtraError: when torch, timm or torchvision is not installed.
        NetworkError: when it can't be built, or has no linear head.
        CheckpointError: when the checkpoint does not fit.
    """
    extra = source.kind if source.kind in ("timm", "torchvision") else "torch"
    torch = require("torch", extra=extra, purpose=f"The network {source.text}")
    built = _build(source, options)

    from samefeatures.networks.torch_backend import TorchBackend, fingerprint_module

    preprocessing = build_preprocessing(built.preprocessing, options.overrides, source=source.text)
    fingerprint = fingerprint_module(built.model, *built.code)
    parameters = sum(p.numel() for p in built.model.parameters())
    runtime = ", ".join(filter(None, [f"torch {torch.__version__}", built.library]))
    backend = TorchBackend(
        built.model,
        preprocessing,
        runtime=runtime,
        threads=options.threads,
        device=options.device,
        source=source.text,
    )
    return ImageNetwork(
        name=options.name,
        source=source.text,
        head=backend.split.head,
        preprocessing=preprocessing,
        fingerprint=fingerprint,
        parameters=parameters,
        backend=backend,
        split=backend.prove(),
    )


BUILDERS: Mapping[str, str] = {
    "timm": "timm_source:build_timm",
    "torchvision": "torchvision_source:build_torchvision",
    "python": "python_source:build_python",
    "slim": "slim.source:build_slim",
    "thesis": "thesis.source:build_thesis",
}
"""Kind of source to the module and function that builds its ``nn.Module``; imported on use."""


def _build(source: Source, options: LoadOptions) -> Built:
    module, _, function = BUILDERS[source.kind].partition(":")
    build = getattr(importlib.import_module(f"samefeatures.networks.{module}"), function)
    built: Built = build(source, options)
    return built


def no_download(source: Source, error: Exception) -> str:
    """The message when pretrained weights can't be had."""
    said = (str(error).splitlines() or [""])[0][:160] or type(error).__name__
    return (
        f"The pretrained weights of {source.text} could not be loaded ({said}). Without internet "
        f"give a file: {source.kind}:{source.rest}?checkpoint=PATH"
    )
