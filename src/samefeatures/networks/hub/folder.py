"""The files of a model: a folder as ``save_pretrained`` wrote it, or one fetched from the Hub."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samefeatures.base.errors import NetworkError
from samefeatures.base.strict import SAFE_NAME
from samefeatures.networks.hub.client import Snapshot
from samefeatures.networks.settings import read_json
from samefeatures.networks.source import Source, resolve_path

WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
"""Names of weights, the preferred first; an index lists the parts of weights in several files."""
LONGEST = 255
"""Characters of a file's name."""
PROCESSORS = ("processor_config.json", "preprocessor_config.json")


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model whose files lie on this machine.

    Attributes:
        path: The folder.
        config: Its ``config.json``.
        weights: The file with the weights, or all of them where they are in parts.
    """

    path: Path
    config: Mapping[str, Any]
    weights: tuple[Path, ...]


def find_folder(source: Source, base: Path | None) -> ModelFolder:
    """The folder of a model: the one that was named, or the Hub's cache after fetching.

    Raises:
        NetworkError: when there is none, or a file is missing from it.
    """
    path = resolve_path(source.rest, base)
    if path.is_dir():
        if "revision" in source.query:
            raise NetworkError(
                f"'{source.text}': {path} is a folder; 'revision' has no effect. Leave it out."
            )
        return _complete(source, LocalFolder(path))
    if source.rest.startswith((".", "~", "/")) or source.rest.count("/") > 1:
        raise NetworkError(
            f"There is no folder at {path}. Give the folder that save_pretrained wrote, or a model "
            "on the Hugging Face Hub as hf:OWNER/NAME."
        )
    snapshot = Snapshot(source.rest, revision=source.query.get("revision"), source=source.text)
    folder = _complete(source, snapshot)
    # The image processor is then read from the folder, as if it had been given.
    if "architecture" not in folder.config:
        found = [snapshot.find(name) for name in PROCESSORS]
        if not any(found):
            snapshot.first(PROCESSORS)
    return folder


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """Files of a folder on this machine."""

    path: Path

    def find(self, name: str) -> Path | None:
        return self.path / name if (self.path / name).is_file() else None

    def first(self, names: Sequence[str]) -> Path | None:
        return next((path for path in map(self.find, names) if path), None)


Files = LocalFolder | Snapshot


def _complete(source: Source, files: Files) -> ModelFolder:
    """The folder, once ``config.json`` and all parts of the weights are in it."""
    config_file = files.first(["config.json"])
    if config_file is None:
        raise NetworkError(
            f"{source.text} has no config.json. It must be an image classifier as save_pretrained "
            "of transformers, or push_to_hf_hub of timm, writes it."
        )
    config = read_json(config_file, remedy="Fetch it again")
    weights = files.first(WEIGHTS)
    if weights is None:
        raise NetworkError(
            f"{source.text} has no PyTorch weights ({', '.join(WEIGHTS)}). Weights of TensorFlow "
            "or JAX must be converted first."
        )
    parts = _parts(source, files, weights) if weights.suffix == ".json" else (weights,)
    return ModelFolder(config_file.parent, config, parts)


def _parts(source: Source, files: Files, index: Path) -> tuple[Path, ...]:
    """The files that an index lists."""
    listed = read_json(index, remedy="Fetch it again").get("weight_map")
    names = list(listed.values()) if isinstance(listed, Mapping) else []
    # A name is part of a path, or of an address: it must not lead out of the folder.
    if not names or not all(map(_is_file_name, names)):
        raise NetworkError(f"{index} lists no parts of weights. Fetch it again.")
    out = []
    for name in sorted(set(names)):
        part = files.first([name])
        if part is None:
            raise NetworkError(f"{source.text}: {name}, a part of its weights, is missing.")
        out.append(part)
    return tuple(out)


def _is_file_name(name: object) -> bool:
    return isinstance(name, str) and len(name) <= LONGEST and bool(SAFE_NAME.fullmatch(name))


def class_names_of(labels: Mapping[Any, Any], classes: int) -> tuple[str, ...]:
    """Names by index; none where some lack, or all are ``LABEL_k`` or ``k``, which say nothing."""
    names = [labels.get(k, labels.get(str(k))) for k in range(classes)]
    plain = all(str(name) in (f"LABEL_{k}", str(k)) for k, name in enumerate(names))
    return () if plain or None in names else tuple(map(str, names))


def label_zero(labels: Mapping[Any, Any]) -> str | None:
    """The name of class 0, or None where the model has no names but ``LABEL_0``."""
    name = labels.get(0, labels.get("0"))
    return None if name is None or re.fullmatch(r"LABEL_0|0", str(name)) else str(name)
