"""``thesis:NAME``: the ten networks as the thesis had them: Google's weights, its crop."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from samefeatures.base.errors import CheckpointError, ConfigError, NetworkError, require
from samefeatures.networks.background import WITH_BACKGROUND
from samefeatures.networks.kinds import KINDS
from samefeatures.networks.slim.catalogue import DEFINITIONS
from samefeatures.networks.slim.source import inception_preprocessing
from samefeatures.networks.source import LoadOptions, Source, resolve_path
from samefeatures.networks.thesis.catalogue import ThesisNetwork, find_network
from samefeatures.networks.thesis.weights import fetch, locate, missing_message
from samefeatures.networks.torch.source import Built, load_torch

if TYPE_CHECKING:
    from torch import nn

SMALLEST = 32
CLASSES = 1000


def build_thesis(source: Source, options: LoadOptions) -> Built:
    """Build one of the ten in evaluation mode, with 1000 classes.

    Weights come from ``checkpoint=``, or are looked for in ``weights_dir=``, or are downloaded: to
    there, but by timm to its own cache. Input is Google's evaluation at the thesis' crop, or that
    of ``crop=``.

    Raises:
        NetworkError: when there is no such network, or its weights can't be had.
        CheckpointError: when the weights are those of another network.
        ConfigError: when the crop is no number of pixels.
    """
    network = find_network(source.rest)
    preprocessing = inception_preprocessing(_crop(source, network))
    folder = source.query.get("weights_dir")
    weights_dir = resolve_path(folder, options.base) if folder else None
    named = source.query.get("checkpoint")
    path = resolve_path(named, options.base) if named else locate(network, weights_dir)
    if network.timm is not None:
        library, model = _with_timm(network, path, source, options, weights_dir)
        return Built(model, preprocessing, library)
    from samefeatures.networks.slim.network import VERSION, drop_background, read_network

    definition = DEFINITIONS[str(network.slim)]
    if path is None:
        path = fetch(network, weights_dir, progress=options.progress)
    model = read_network(definition, path, source=source.text)
    if model.trained_classes != WITH_BACKGROUND:
        raise CheckpointError(
            f"{path} has {model.trained_classes} classes; the networks of the thesis have 1001, "
            "the first of them background. Slim's own resnet_v1_152 with 1000 is another training; "
            f"for it use slim:{network.slim}?checkpoint={path}"
        )
    drop_background(model)
    return Built(model, preprocessing, f"slim definitions {VERSION}")


load_thesis = partial(load_torch, build_thesis)


def untrained(name: str) -> nn.Module:
    """One of the ten with random weights, in evaluation mode: (b, 3, h, w) to (b, 1000).

    For measuring how fast it is. The weights are torch's own draws, or all equal.

    Raises:
        NetworkError: when there is no such network.
        MissingExtraError: when torch or timm is not installed.
    """
    network = find_network(name)
    if network.timm is not None:
        timm = require("timm", extra="timm", purpose=f"The network thesis:{name}")
        model: nn.Module = timm.create_model(network.timm, pretrained=False)
        return model.eval()
    require("torch", extra="torch", purpose=f"The network thesis:{name}")
    from samefeatures.networks.slim.network import SlimNetwork

    return SlimNetwork(DEFINITIONS[str(network.slim)], CLASSES).eval()


def _crop(source: Source, network: ThesisNetwork) -> int:
    raw = source.query.get("crop", str(network.crop))
    if not raw.isdecimal() or int(raw) < SMALLEST:
        raise ConfigError(
            f"{source.text}: crop is '{raw}'; it must be a number of pixels, at least {SMALLEST}. "
            f"The thesis has {network.crop} for this network; the paper 299 for its two."
        )
    return int(raw)


def _with_timm(
    network: ThesisNetwork,
    path: Path | None,
    source: Source,
    options: LoadOptions,
    weights_dir: Path | None,
) -> tuple[str | None, nn.Module]:
    source.require("timm")
    from samefeatures.networks.torch.timm import build_timm

    query = {} if path is None else {"checkpoint": str(path)}
    inner = replace(source, kind=KINDS["timm"], rest=str(network.timm), query=query)
    try:
        built = build_timm(inner, replace(options, base=None))
    except NetworkError as error:
        if path is not None:
            raise
        raise NetworkError(f"{missing_message(network, weights_dir)}. {error}") from None
    classes = getattr(built.model, "num_classes", CLASSES)
    if classes != CLASSES:
        raise CheckpointError(
            f"{path} has {classes} classes; the networks of the thesis have {CLASSES}. For this "
            f"one use timm:{network.timm}?checkpoint={path}"
        )
    return built.library, built.model
