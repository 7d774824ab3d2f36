"""Networks that are built as an ``nn.Module``, whatever the source; then split."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from samefeatures.base.digests import digest
from samefeatures.base.errors import NetworkError, said
from samefeatures.networks.record import Head, ImageNetwork
from samefeatures.networks.settings import FIELDS, build_preprocessing
from samefeatures.networks.source import LoadOptions, Source

if TYPE_CHECKING:
    from torch import nn


WISHES = ("ema", "raw")
"""Which weights of a checkpoint are wanted: their running average, or as they are."""


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """What an adapter hands over.

    Attributes:
        model: The whole network.
        preprocessing: Fields of ``Preprocessing`` that the source gives.
        library: Name and version of the library that defines the module, if there is one.
        code: Files that define it, where no version of a library stands for them, and code that
            stands in none.
        skip_rows: Rows that are cut off the top of the head: 1 leaves out a background class.
        notes: What a person should know about the network.
        class_names: Of all rows of the head, those that are cut off too; empty without names.
        loading: What was done to a checkpoint, by what it was done to.
        unclear: Why the source's own preprocessing can't be used; None when it can.
    """

    model: nn.Module
    preprocessing: Mapping[str, object]
    library: str | None = None
    code: tuple[Path | bytes, ...] = field(default=())
    skip_rows: int = 0
    notes: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    loading: Mapping[str, str] = field(default_factory=dict)
    unclear: str | None = None


Builder = Callable[[Source, LoadOptions], Built]


def load_torch(build: Builder, source: Source, options: LoadOptions) -> ImageNetwork:
    """Build the module of a source, split it, and prove the split.

    A kind that makes an ``nn.Module`` writes ``build`` alone; its loader is
    ``partial(load_torch, build)``.

    Raises:
        MissingExtraError: when torch, timm or torchvision is not installed.
        NetworkError: when it can't be built, has no linear head, or does not say how its input is
            made.
        CheckpointError: when the checkpoint does not fit.
    """
    torch = source.require("torch")
    built = build(source, options)

    from samefeatures.networks.torch.backend import TorchBackend
    from samefeatures.networks.torch.fingerprint import fingerprint_module

    _check_clear(built, source, options)
    preprocessing = build_preprocessing(built.preprocessing, options.overrides, source=source.text)
    fingerprint = fingerprint_module(built.model, *built.code)
    if built.skip_rows:
        fingerprint = digest(fingerprint, f"without the first {built.skip_rows} classes")
    parameters = sum(p.numel() for p in built.model.parameters())
    runtime = ", ".join(filter(None, [f"torch {torch.__version__}", built.library]))
    backend = TorchBackend(
        built.model,
        preprocessing,
        runtime=runtime,
        threads=options.threads,
        device=options.device,
        source=source.text,
        arithmetic=options.arithmetic,
    )
    split = backend.prove()
    effect = backend.effect()
    backend.rest()  # off the GPU until its turn: all networks at once may be more than it holds
    head, skip, beside = backend.split.head, built.skip_rows, backend.split.beside
    return ImageNetwork(
        name=options.name,
        source=source.text,
        head=Head(head.weight[skip:].copy(), head.bias[skip:].copy()) if skip else head,
        preprocessing=preprocessing,
        fingerprint=fingerprint,
        parameters=parameters,
        backend=backend,
        split=split,
        notes=(*built.notes, *([beside] if beside else []), *([effect.note] if effect else [])),
        effect=effect,
        loading=built.loading,
        class_names=built.class_names[skip:],
    )


def _check_clear(built: Built, source: Source, options: LoadOptions) -> None:
    """Preprocessing that could not be read must be given in full; nothing is guessed."""
    missing = [key for key in FIELDS if key not in options.overrides]
    if built.unclear and missing:
        raise NetworkError(
            f"{source.text}: {built.unclear}. Give {', '.join(missing)} with the network in the "
            "study file, or build it yourself: python:package.module:callable."
        )


def no_download(source: Source, error: Exception) -> str:
    """The message when pretrained weights can't be had."""
    return (
        f"The pretrained weights of {source.text} could not be loaded ({said(error)}). Without "
        f"internet give a file: {source.kind.name}:{source.rest}?checkpoint=PATH"
    )
