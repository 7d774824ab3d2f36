"""From a source to an image set: one row of a table for every kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from samefeatures.base.digests import digest
from samefeatures.base.errors import ConfigError
from samefeatures.base.paths import PathLike, as_path
from samefeatures.images.arrays import open_arrays, open_packaged
from samefeatures.images.folder import open_folder
from samefeatures.images.huggingface import open_huggingface
from samefeatures.images.imageset import ImageSet
from samefeatures.images.source import ImageSource
from samefeatures.images.tar import open_tar
from samefeatures.images.thinning import thinned, thinned_by_class
from samefeatures.images.torchvision_sets import open_torchvision


class Opener(Protocol):
    """Makes the image set of a source; relative paths start at ``base``."""

    def __call__(self, source: ImageSource, *, labelled: bool, base: Path) -> ImageSet: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """How sources of a kind are opened, the settings that they take, and what reads them."""

    opener: Opener
    settings: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    "folder": Kind(open_folder, ("labels", "class_map", "relist", "exif", "per_class")),
    "tar": Kind(open_tar, ("labels", "class_map", "subdir", "relist", "exif", "per_class")),
    "npz": Kind(open_arrays),
    "hf": Kind(open_huggingface, ("class_map", "split", "options", "exif"), ("datasets",)),
    "torchvision": Kind(open_torchvision, ("class_map", "options", "exif"), ("torchvision",)),
    "fashion-mnist": Kind(open_packaged),
}
"""Every source takes ``source``, ``name`` and ``limit`` besides."""

SETTINGS = ("labels", "class_map", "subdir", "split", "options", "relist", "exif", "per_class")
"""Those that some kinds do not take."""


def open_images(spec: ImageSource, *, labelled: bool, base: PathLike | None = None) -> ImageSet:
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
    images = KINDS[spec.kind].opener(
        spec, labelled=labelled, base=Path() if base is None else as_path(base)
    )
    if spec.exif == "ignore":
        images = _as_they_lie(images)
    if spec.per_class is not None:
        images = thinned_by_class(images, spec.per_class)
    return images if spec.limit is None else thinned(images, spec.limit)


def _as_they_lie(images: ImageSet) -> ImageSet:
    """The same files; other images, where they have an EXIF orientation."""
    labelled = images.labelled_fingerprint
    return replace(
        images,
        upright=False,
        fingerprint=digest(images.fingerprint, "exif ignored"),
        labelled_fingerprint=labelled and digest(labelled, "exif ignored"),
    )


def _check_settings(spec: ImageSource, *, labelled: bool) -> None:
    known = KINDS[spec.kind].settings
    for name in SETTINGS:
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
