"""A part of an image set, spread evenly over it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from samefeatures.base.digests import digest
from samefeatures.base.errors import DataError
from samefeatures.images.imageset import ImageSet
from samefeatures.images.label_paths import first_folders


def thinned(images: ImageSet, limit: int) -> ImageSet:
    """At most ``limit`` images, spread evenly over the ordered set."""
    n = len(images)
    if n <= limit:
        return images
    return _chosen(images, _spread(n, limit), f"limit {limit}")


def thinned_by_class(images: ImageSet, per_class: int) -> ImageSet:
    """At most ``per_class`` images of each class folder, spread evenly over it; order is kept.

    Raises:
        DataError: when an image lies in no folder.
    """
    members: dict[str, list[int]] = {}
    folders = images.folders or first_folders(images.ids)
    for i, (name, folder) in enumerate(zip(images.ids, folders, strict=True)):
        if not folder:
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
        folders=None if images.folders is None else [images.folders[i] for i in rows],
        fingerprint=digest(images.fingerprint, how),
        labelled_fingerprint=labelled and digest(labelled, how),
        read=lambda i: images.read(rows[i]),
    )
