"""``slim:NAME?checkpoint=PATH``: a network of TF-Slim with the weights of a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from samefeatures.base.errors import NetworkError
from samefeatures.networks.background import WITH_BACKGROUND, background_rows
from samefeatures.networks.slim.catalogue import DEFINITIONS, Definition
from samefeatures.networks.source import LoadOptions, Source, look_up, resolve_path
from samefeatures.networks.torch.source import Built, load_torch

if TYPE_CHECKING:
    from samefeatures.networks.slim.network import SlimNetwork

CAFFE_MEAN = (123.68 / 255, 116.779 / 255, 103.939 / 255)


def build_slim(source: Source, options: LoadOptions) -> Built:
    """Build a network and fill it.

    Class 0 of 1001, Slim's background, is dropped unless ``background=keep``, so that the classes
    are those of ImageNet.

    Raises:
        NetworkError: when Slim has no such network, or no checkpoint is named.
        CheckpointError: when the checkpoint does not fit.
    """
    definition = look_up(source.rest, DEFINITIONS, "slim: has no network")
    if "checkpoint" not in source.query:
        raise NetworkError(
            f"{source.text} names no weights. Write slim:{source.rest}?checkpoint=PATH; for the "
            "networks of the thesis, thesis:NAME finds or downloads Google's own."
        )
    from samefeatures.networks.slim.network import VERSION, drop_background, read_network

    path = resolve_path(source.query["checkpoint"], options.base)
    model = read_network(definition, path, source=source.text)
    classes = model.trained_classes
    name = "background" if classes == WITH_BACKGROUND else None
    dropped, note = background_rows(source, name, classes)
    if dropped:
        drop_background(model)
    return Built(
        model,
        preprocessing_of(definition, model),
        f"slim definitions {VERSION}",
        notes=(note,) if note else (),
    )


load_slim = partial(load_torch, build_slim)


def preprocessing_of(definition: Definition, model: SlimNetwork) -> Mapping[str, object]:
    """Slim's own evaluation: its Inception preprocessing, or its VGG one for weights from Caffe.

    ResNet v1 with 1000 classes is a conversion of the Caffe weights of He et al., which take
    pixels less a mean; networks that Google trained have 1001 classes and take [-1, 1].
    """
    if definition.name.startswith("resnet_v1") and model.trained_classes != 1001:
        return {
            "input_size": (3, definition.size, definition.size),
            "crop_pct": 0.875,
            "interpolation": "tf_bilinear",
            "mean": CAFFE_MEAN,
            "std": (1 / 255,) * 3,
        }
    return inception_preprocessing(definition.size)


def inception_preprocessing(size: int) -> Mapping[str, object]:
    """Google's evaluation of its ImageNet networks: 87.5 % of each side, bilinear, [-1, 1]."""
    return {
        "input_size": (3, size, size),
        "crop_pct": 0.875,
        "crop_mode": "fraction",
        "interpolation": "tf_bilinear",
        "mean": (0.5, 0.5, 0.5),
        "std": (0.5, 0.5, 0.5),
    }
