"""Where images come from, as a study file or a program says it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samefeatures.base.brief import brief, changed
from samefeatures.base.errors import ConfigError
from samefeatures.base.options import check_known
from samefeatures.base.paths import PathLike, as_path, path_of
from samefeatures.images.labels import SORTED

PREFIXES = ("hf", "torchvision", "fashion-mnist")
"""Kinds that a source names itself, before a colon."""

EXIF = ("apply", "ignore")

ARCHIVES = (
    ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tar.zst", ".tzst", ".zip",
)  # fmt: skip
"""Endings of archives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSource:
    """Where images come from.

    Attributes:
        source: A folder, an archive (``.tar``, ``.tar.gz``, ``.tar.xz``, ``.tar.zst``, ``.zip``;
            shards with ``*`` or ``{000..009}``), ``.npz``, ``hf:NAME``, ``torchvision:CLASS``, or
            ``fashion-mnist:fit`` or ``:eval``.
        name: Short name; otherwise that of the folder or file.
        labels: CSV with labels by id.
        class_map: File with class names and indices, or the word ``sorted``.
        subdir: Take only what lies below this folder of an archive.
        split: Of a Hugging Face dataset.
        options: Arguments of a Hugging Face or torchvision data set.
        relist: Go through archives anew, and unpack them anew. Folders are listed in every run.
        exif: ``apply`` turns images upright by their EXIF orientation, as is done without it;
            ``ignore`` takes them as they lie in the file, as timm and TensorFlow evaluate.
        per_class: At most this many images of each class, spread evenly over the class's images in
            their order. The class is the first folder of an image's path: it chooses images and
            goes no further, so that a fit set may have it too.
        limit: At most this many images, spread evenly over the ordered set.
    """

    source: str
    name: str | None = None
    labels: str | None = None
    class_map: str | None = None
    subdir: str | None = None
    split: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    relist: bool = False
    exif: str | None = None
    per_class: int | None = None
    limit: int | None = None

    def __repr__(self) -> str:
        return brief(self, **changed(self))

    def __post_init__(self) -> None:
        for name in ("source", "labels", "class_map"):
            given = getattr(self, name)
            if isinstance(given, os.PathLike):
                object.__setattr__(self, name, os.fspath(given))
        if self.exif is not None:
            check_known(self.exif, EXIF, f"{self.source}: exif is", ConfigError)
        for name, count in (("per_class", self.per_class), ("limit", self.limit)):
            if count is not None and count < 1:
                raise ConfigError(f"{self.source}: {name} is {count}; it must be at least 1.")

    @property
    def kind(self) -> str:
        """``hf``, ``torchvision``, ``fashion-mnist``, ``tar``, ``npz`` or ``folder``."""
        head, colon, _ = self.source.partition(":")
        if colon and head in PREFIXES:
            return head
        if self.source.endswith(ARCHIVES):
            return "tar"
        return "npz" if self.source.endswith(".npz") else "folder"

    @property
    def rest(self) -> str:
        """What follows the kind, where the source names it."""
        return self.source.partition(":")[2]

    @property
    def set_name(self) -> str:
        """The name, or that of the folder or file; of shards what stands before the pattern."""
        if self.name:
            return self.name
        if self.kind in PREFIXES:
            return self.source.replace(":", "-").replace("/", "-")
        name = Path(self.source).name
        for ending in (*sorted(ARCHIVES, key=len, reverse=True), ".npz"):
            name = name.removesuffix(ending)
        return re.split(r"[*{]", name)[0].rstrip("-_.") or "images"

    def path(self, base: PathLike) -> Path:
        """Of the folder or file; relative paths start at ``base``."""
        return path_of(self.source, as_path(base))

    def labels_path(self, base: PathLike) -> Path | None:
        """Of the CSV with labels."""
        return path_of(self.labels, as_path(base)) if self.labels else None

    def class_map_path(self, base: PathLike) -> Path | str | None:
        """Of the class map, or the word ``sorted``."""
        if self.class_map is None or self.class_map == SORTED:
            return self.class_map
        return path_of(self.class_map, as_path(base))
