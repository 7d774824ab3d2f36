"""``timm:``, ``torchvision:`` and ``python:`` networks: build a module, then split it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from samefeatures.errors import require
from samefeatures.networks.network import ImageNetwork
from samefeatures.networks.settings import build_preprocessing
from samefeatures.networks.source import Source

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


def load_torch(
    source: Source,
    *,
    name: str,
    overrides: Mapping[str, object],
    threads: int | None,
    device: str,
    base: Path | None,
) -> ImageNetwork:
    """Build the module of a source, split it, and prove the split.

    Raises:
        MissingExtraError: when torch, timm or torchvision is not installed.
        NetworkError: when it can't be built, or has no linear head.
        CheckpointError: when the checkpoint does not fit.
    """
    extra = "torch" if source.kind == "python" else source.kind
    torch = require("torch", extra=extra, purpose=f"The network {source.text}")
    built = _build(source, base)

    from samefeatures.networks.torch_backend import TorchBackend, fingerprint_module

    preprocessing = build_preprocessing(built.preprocessing, overrides, source=source.text)
    fingerprint = fingerprint_module(built.model, *built.code)
    parameters = sum(p.numel() for p in built.model.parameters())
    runtime = ", ".join(filter(None, [f"torch {torch.__version__}", built.library]))
    backend = TorchBackend(
        built.model,
        preprocessing,
        runtime=runtime,
        threads=threads,
        device=device,
        source=source.text,
    )
    return ImageNetwork(
        name=name,
        source=source.text,
        head=backend.split.head,
        preprocessing=preprocessing,
        fingerprint=fingerprint,
        parameters=parameters,
        backend=backend,
        split=backend.prove(),
    )


def _build(source: Source, base: Path | None) -> Built:
    if source.kind == "timm":
        from samefeatures.networks.timm_source import build_timm

        return build_timm(source, base)
    if source.kind == "torchvision":
        from samefeatures.networks.torchvision_source import build_torchvision

        return build_torchvision(source, base)
    from samefeatures.networks.python_source import build_python

    return build_python(source, base)


def no_download(source: Source, error: Exception) -> str:
    """The message when pretrained weights can't be had."""
    said = (str(error).splitlines() or [""])[0][:160] or type(error).__name__
    return (
        f"The pretrained weights of {source.text} could not be loaded ({said}). Without internet "
        f"give a file: {source.kind}:{source.rest}?checkpoint=PATH"
    )
