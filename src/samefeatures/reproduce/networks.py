"""The ten networks, as far as ``reproduce`` asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from samefeatures.base.errors import ConfigError
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.record import ImageNetwork
from samefeatures.networks.settings import build_preprocessing
from samefeatures.networks.slim.source import inception_preprocessing
from samefeatures.networks.thesis.catalogue import find_network
from samefeatures.networks.thesis.source import untrained
from samefeatures.networks.thesis.weights import default_weights_dir, locate, missing_message

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The published weights of a network of the thesis.

    Attributes:
        dim: Features of the network.
        found: Where they are on this machine; empty when they are not.
        missing: Which file is missing, where it is published, and where to put it.
        url: Where the file can be downloaded.
        size: Bytes to download: as published, or else four per parameter.
        published: Whether the size is.
        place: Where to put it: a folder to unpack an archive into, or the file itself.
        archive: Whether it is an archive.
    """

    dim: int
    found: str
    missing: str
    url: str
    size: int
    published: bool
    place: Path
    archive: bool


class Catalogue:
    """The ten networks that come with the package."""

    def weights(self, name: str, weights_dir: Path | None) -> Weights:
        """What serves a network, and where it is.

        Raises:
            NetworkError: when there is no such network.
            CheckpointError: when its folder holds something else.
        """
        network = find_network(name)
        folder = weights_dir or default_weights_dir()
        archive, file = network.timm is None, network.file
        return Weights(
            dim=network.dim,
            found=str(locate(network, weights_dir) or ""),
            missing=f"{missing_message(network, weights_dir)}.",
            url=file.url,
            size=4 * network.parameters if file.bytes is None else file.bytes,
            published=file.bytes is not None,
            place=folder / (name if archive else file.name),
            archive=archive,
        )

    def model(self, name: str) -> nn.Module:
        """A module of the same shape, in evaluation mode: (b, 3, h, w) to logits.

        Raises:
            MissingExtraError: when torch or timm is not installed.
        """
        return untrained(name)

    def stand_in(self, name: str, crop: int, *, device: str) -> ImageNetwork:
        """A network of the same shape with random weights, at a crop, for measuring.

        Raises:
            MissingExtraError: when torch or timm is not installed.
        """
        model = self.model(name)
        from samefeatures.networks.torch.backend import TorchBackend

        seen = preprocessing(crop)
        backend = TorchBackend(
            model, seen, runtime="untrained", threads=None, device=device, source=name
        )
        return ImageNetwork(
            name=name,
            source=f"thesis:{name}",
            head=backend.split.head,
            preprocessing=seen,
            fingerprint="untrained",
            parameters=0,
            backend=backend,
        )


def preprocessing(crop: int) -> Preprocessing:
    """How the ten see an image at a crop."""
    return build_preprocessing(inception_preprocessing(crop), {}, source="thesis:")


def source_of(name: str, *, crop: int, weights_dir: Path | None) -> str:
    """The source string of a network at a crop, with weights from a folder.

    Raises:
        ConfigError: when the folder's name can't stand in a source string.
    """
    if "&" in str(weights_dir):
        raise ConfigError(
            f"The weights folder {weights_dir} has '&' in its name, which parts the options of a "
            "network's source. Rename it, or link to it under another name."
        )
    folder = f"weights_dir={weights_dir}&" if weights_dir else ""
    return f"thesis:{name}?{folder}crop={crop}"
