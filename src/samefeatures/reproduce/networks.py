"""The joint to the ten networks: what is asked of their catalogue, and nothing else."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast


class WeightsFile(Protocol):
    """A file or folder of weights that can serve a network.

    Attributes:
        name: File or folder below the weights folder.
        url: Where it can be downloaded.
        page: Where it is published.
        bytes: Its size, where known.
        sha256: Of the file, where known.
        note: One sentence, or nothing.
    """

    @property
    def name(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def page(self) -> str: ...
    @property
    def bytes(self) -> int | None: ...
    @property
    def sha256(self) -> str | None: ...
    @property
    def note(self) -> str: ...


class ThesisNetwork(Protocol):
    """A network of Table 5.1; any one of ``files`` serves."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def dim(self) -> int: ...
    @property
    def crop(self) -> int: ...
    @property
    def parameters(self) -> int: ...
    @property
    def files(self) -> Sequence[WeightsFile]: ...


class Catalogue(Protocol):
    """The ten networks, in the order of Table 5.1."""

    @property
    def NETWORKS(self) -> Mapping[str, ThesisNetwork]: ...
    def locate(self, name: str, weights_dir: Path | None) -> Path | str | None:
        """Where the weights are on this machine; None when they are not."""
        ...

    def missing_message(self, name: str, weights_dir: Path | None) -> str:
        """Which file is missing, where it is published, and where to put it."""
        ...

    def untrained(self, name: str) -> Any:
        """An ``nn.Module`` of the same shape, in evaluation mode: (b, 3, h, w) to logits."""
        ...


def catalogue() -> Catalogue:
    """The catalogue that ships with the package."""
    return cast(Catalogue, importlib.import_module("samefeatures.networks.thesis.catalogue"))


def source_of(name: str, *, crop: int, weights_dir: Path | None) -> str:
    """The source string of a network at a crop, with weights from a folder."""
    folder = f"weights_dir={weights_dir}&" if weights_dir else ""
    return f"thesis:{name}?{folder}crop={crop}"
