"""From a source string to an image set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np

from samefeatures.base.digests import digest
from samefeatures.base.errors import ConfigError, DataError
from samefeatures.images.imageset import ImageSet

PACKAGED = ("fit", "eval")
KNOWN: Mapping[str, tuple[str, ...]] = {
    "folder": ("labels", "class_map", "relist", "per_class"),
    "tar": ("labels", "class_map", "subdir", "relist", "per_class"),
    "npz": (),
    "hf": ("class_map", "split", "options"),
    "torchvision": ("class_map", "options"),
    "fashion-mnist": (),
}
"""Settings that each kind of source takes, beside ``source``, ``name`` and ``limit``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSource:
    """Where images come from.

    Attributes:
        source: A folder, ``.tar`` (``.tar.gz``, ``.tgz``, shards with ``*`` or ``{000..009}``),
            ``.npz``, ``hf:NAME``, ``torchvision:CLASS``, or ``fashion-mnist:fit`` or ``:eval``.
        name: Short name; otherwise that of the folder or file.
        labels: CSV with labels by id.
        class_map: File with class names and indices, or the word ``sorted``.
        subdir: Take only what lies below this folder of an archive.
        split: Of a Hugging Face dataset.
        options: Arguments of a Hugging Face or torchvision data set.
        relist: List files anew.
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
    per_class: int | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        for name, count in (("per_class", self.per_class), ("limit", self.limit)):
            if count is not None and count < 1:
                raise ConfigError(f"{self.source}: {name} is {count}; it must be at least 1.")

    @property
    def kind(self) -> str:
        """One of ``KNOWN``."""
        head, colon, _ = self.source.partition(":")
        if colon and head in ("hf", "torchvision", "fashion-mnist"):
            return head
        if self.source.endswith((".tar", ".tar.gz", ".tgz")):
            return "tar"
        return "npz" if self.source.endswith(".npz") else "folder"


def open_images(spec: ImageSource, *, labelled: bool, base: Path | None = None) -> ImageSet:
    """Open an image set.

    Args:
        spec: The source and its settings.
        labelled: Whether labels are wanted; if not, none are looked at.
        base: Where relative paths start; the current folder by default.

    Raises:
        ConfigError: when a setting has no effect on this kind of source.
        DataError: when it does not exist or can't be read.
        LabelError: when labels are wanted and are not there or do not fit.
    """
    _check_settings(spec, labelled=labelled)
    base = base or Path()
    images = _open(spec, labelled=labelled, base=base)
    if spec.per_class is not None:
        images = thinned_by_class(images, spec.per_class)
    return images if spec.limit is None else thinned(images, spec.limit)


def _check_settings(spec: ImageSource, *, labelled: bool) -> None:
    known = KNOWN[spec.kind]
    for name in ("labels", "class_map", "subdir", "split", "options", "relist", "per_class"):
        if getattr(spec, name) and name not in known:
            takes = f"It takes {', '.join(known)}." if known else "It takes none."
            raise ConfigError(
                f"{spec.source}: the setting '{name}' has no effect on a source of the kind "
                f"'{spec.kind}'. {takes}"
            )
        if getattr(spec, name) and name in ("labels", "class_map") and not labelled:
            raise ConfigError(
                f"{spec.source}: the setting '{name}' has no effect where labels are not read, as "
                "on a fit set. Leave it out."
            )


def _open(spec: ImageSource, *, labelled: bool, base: Path) -> ImageSet:
    name = spec.name or default_name(spec)
    rest = spec.source.partition(":")[2]
    if spec.kind == "fashion-mnist":
        return _packaged(rest, name=name, labelled=labelled)
    if spec.kind == "hf":
        from samefeatures.images.huggingface import open_huggingface

        return open_huggingface(
            rest,
            name=name,
            labelled=labelled,
            base=base,
            split=spec.split,
            options=spec.options,
            class_map=_class_map(spec, base),
        )
    if spec.kind == "torchvision":
        from samefeatures.images.torchvision_sets import open_torchvision

        return open_torchvision(
            rest,
            name=name,
            labelled=labelled,
            base=base,
            options=spec.options,
            class_map=_class_map(spec, base),
        )
    labels_csv = base / Path(spec.labels).expanduser() if spec.labels else None
    class_map = _class_map(spec, base)
    if spec.kind == "tar":
        from samefeatures.images.tar import open_tar

        return open_tar(
            spec.source,
            name=name,
            labelled=labelled,
            base=base,
            subdir=spec.subdir,
            labels_csv=labels_csv,
            class_map=class_map,
            relist=spec.relist,
        )
    path = base / Path(spec.source).expanduser()
    if spec.kind == "npz":
        from samefeatures.images.arrays import open_arrays

        return open_arrays(path, name=name, labelled=labelled)
    if not path.is_dir():
        raise DataError(
            f"There is no folder at {path}. An image source is a folder, a .tar, a .npz, or "
            "hf:NAME, torchvision:CLASS, fashion-mnist:fit or fashion-mnist:eval."
        )
    from samefeatures.images.folder import open_folder

    return open_folder(
        path,
        name=name,
        labelled=labelled,
        labels_csv=labels_csv,
        class_map=class_map,
        relist=spec.relist,
    )


def default_name(spec: ImageSource) -> str:
    """Name of the folder or file without its ending; of shards what stands before the pattern."""
    if spec.kind in ("hf", "torchvision", "fashion-mnist"):
        return spec.source.replace(":", "-").replace("/", "-")
    name = Path(spec.source).name
    for ending in (".tar.gz", ".tgz", ".tar", ".npz"):
        name = name.removesuffix(ending)
    return re.split(r"[*{]", name)[0].rstrip("-_.") or "images"


def _class_map(spec: ImageSource, base: Path) -> Path | str | None:
    if spec.class_map is None or spec.class_map == "sorted":
        return spec.class_map
    return base / Path(spec.class_map).expanduser()


def _packaged(part: str, *, name: str, labelled: bool) -> ImageSet:
    from samefeatures.images.arrays import open_arrays

    if part not in PACKAGED:
        raise DataError(f"fashion-mnist:{part} does not exist. There are: fit and eval.")
    with as_file(files("samefeatures.images") / "fashion_mnist" / f"{part}.npz") as path:
        return open_arrays(path, name=name, labelled=labelled)


def thinned(images: ImageSet, limit: int) -> ImageSet:
    """At most ``limit`` images, spread evenly over the ordered set."""
    n = len(images)
    if n <= limit:
        return images
    return _chosen(images, _spread(n, limit), f"limit {limit}")


def thinned_by_class(images: ImageSet, per_class: int) -> ImageSet:
    """At most ``per_class`` images of each first folder, spread evenly over it; order is kept.

    Raises:
        DataError: when an image lies in no folder.
    """
    members: dict[str, list[int]] = {}
    for i, name in enumerate(images.ids):
        folder, slash, _ = name.partition("/")
        if not slash:
            raise DataError(
                f"per_class takes images by the folders of '{images.name}', but {name} lies in "
                "none. Put images into one folder per class, or use 'limit'."
            )
        members.setdefault(folder, []).append(i)
    chosen = sorted(
        rows[k] for rows in members.values() for k in _spread(len(rows), min(per_class, len(rows)))
    )
    if len(chosen) == len(images):
        return images
    return _chosen(images, chosen, f"per class {per_class}")


def _spread(n: int, count: int) -> list[int]:
    """``count`` of the numbers from 0 to n - 1, evenly spread."""
    out: list[int] = (np.arange(count) * n // count).tolist()
    return out


def _chosen(images: ImageSet, rows: list[int], how: str) -> ImageSet:
    labelled = images.labelled_fingerprint
    return replace(
        images,
        ids=[images.ids[i] for i in rows],
        labels=None if images.labels is None else images.labels[rows],
        fingerprint=digest(images.fingerprint, how),
        labelled_fingerprint=labelled and digest(labelled, how),
        read=lambda i: images.read(rows[i]),
    )
