"""The joint to the ten networks: what is asked of them, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from samefeatures.base.errors import ConfigError
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.settings import build_preprocessing
from samefeatures.networks.slim.source import inception_preprocessing
from samefeatures.networks.thesis.catalogue import find_network
from samefeatures.networks.thesis.source import untrained
from samefeatures.networks.thesis.weights import default_weights_dir, locate, missing_message

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A network of the thesis, and the file that is published with its weights.

    Attributes:
        title: As the thesis prints it.
        dim: Features.
        parameters: Trained numbers.
        url: Where the file can be downloaded.
        page: Where it is described.
        bytes: Its size, where known.
        digest: ``sha256:…`` or another, where it was published.
        trained: Which training these weights come from.
        place: Where to put it: a folder to unpack an archive into, or the file itself.
        archive: Whether it is an archive.
    """

    name: str
    title: str
    dim: int
    parameters: int
    url: str
    page: str
    bytes: int | None
    digest: str | None
    trained: str
    place: Path
    archive: bool

    @property
    def size(self) -> int:
        """Bytes to download: as published, or else four per parameter."""
        return self.bytes if self.bytes is not None else 4 * self.parameters


class Catalogue(Protocol):
    """What ``reproduce`` asks of the networks."""

    def weights(self, name: str, weights_dir: Path | None) -> Weights:
        """What the network is, and what serves it."""
        ...

    def locate(self, name: str, weights_dir: Path | None) -> str | None:
        """Where the weights are on this machine; None when they are not."""
        ...

    def missing_message(self, name: str, weights_dir: Path | None) -> str:
        """Which file is missing, where it is published, and where to put it."""
        ...

    def preprocessing(self, crop: int) -> Preprocessing:
        """How the ten see an image at a crop."""
        ...

    def untrained(self, name: str) -> nn.Module:
        """An ``nn.Module`` of the same shape, in evaluation mode: (b, 3, h, w) to logits."""
        ...


class ShippedCatalogue:
    """The ten networks that come with the package."""

    def weights(self, name: str, weights_dir: Path | None) -> Weights:
        network = find_network(name)
        folder = weights_dir or default_weights_dir()
        archive = network.timm is None
        return Weights(
            name=name,
            title=network.title,
            dim=network.dim,
            parameters=network.parameters,
            url=network.file.url,
            page=network.file.page,
            bytes=network.file.bytes,
            digest=network.file.digest,
            trained=network.trained,
            place=folder / (name if archive else network.file.name),
            archive=archive,
        )

    def locate(self, name: str, weights_dir: Path | None) -> str | None:
        found = locate(find_network(name), weights_dir)
        return None if found is None else str(found)

    def missing_message(self, name: str, weights_dir: Path | None) -> str:
        return f"{missing_message(find_network(name), weights_dir)}."

    def preprocessing(self, crop: int) -> Preprocessing:
        return build_preprocessing(inception_preprocessing(crop), {}, source="thesis:")

    def untrained(self, name: str) -> nn.Module:
        return untrained(name)


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
