"""Labels of images by their paths: from a CSV, by the folder, or by a synset in the file's name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from samefeatures.base.arrays import Int64
from samefeatures.base.errors import LabelError
from samefeatures.images.class_maps import as_written
from samefeatures.images.label_files import read_labels
from samefeatures.images.labels import (
    SORTED,
    are_known,
    class_indices,
    imagenet_index,
    in_order,
    named_labels,
)
from samefeatures.images.source import ImageSource

SPLITS = {"train", "training", "fit", "val", "valid", "validation", "test", "testing", "eval"}
"""Folders that hold class folders, and are none."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Class indices, how many names were numbered in sorted order where that is their origin, and
    the names by index where there are any.

    ``indices`` are (n,), or None where labels are not wanted.
    """

    indices: Int64 | None = None
    in_order: int | None = None
    names: Mapping[int, str] = field(default_factory=dict)


def label_paths(
    ids: Sequence[str], source: ImageSource, base: Path, *, where: str, folders: Iterable[str] = ()
) -> Labels:
    """Class indices of ids: from the source's CSV, or by the class that each path names.

    The first folder names the class; of images in no folder, or in folders that are no classes, the
    synset that stands in every file's name, as in ``n01440764_10026.JPEG``.

    Args:
        ids: One per image.
        source: Says where the CSV and the class map are.
        base: Where relative paths start.
        where: For messages.
        folders: Directories there, in which class folders without an image are counted.

    Raises:
        LabelError: when an id has no label, or the CSV labels images that are not there.
    """
    csv, class_map = source.labels_path(base), source.class_map_path(base)
    if csv is not None:
        return _from_csv(ids, csv, class_map, where)
    names = first_folders(ids)
    there = {folder.split("/", 1)[0] for folder in folders} if class_map == SORTED else set()
    kinds = there | set(names)
    parts = {kind.lower() for kind in kinds} <= SPLITS
    if parts and (class_map == SORTED or (class_map is None and len(kinds) > 1)):
        raise LabelError(
            f"{where} holds the folders {', '.join(sorted(kinds))}, which are parts of a data set "
            "and no classes. Give one of them as the source."
        )
    if class_map is None and not are_known(set(names)):
        names = [synset_in(i) or name for i, name in zip(ids, names, strict=True)]
    bare = [i for i, name in zip(ids, names, strict=True) if not name]
    if bare:
        raise LabelError(
            f"{where}: {len(bare)} of {len(ids)} images lie in no class folder, among them "
            f"{bare[0]}, and no single synset stands in their names. Put each into a folder named "
            "by its class, or give a CSV with 'labels:'."
        )
    indices = class_indices(names, class_map, where=where, more=there)
    counted = len(kinds) if class_map == SORTED else None
    return Labels(indices, counted, dict(zip(indices.tolist(), names, strict=True)))


def numbered_labels(
    own: Int64, names: Sequence[str], class_map: Path | str | None, *, where: str
) -> Labels:
    """(n,) labels of a data set that numbers its own classes; see ``named_labels``."""
    indices = named_labels(own, names, class_map, where=where)
    pairs = zip(indices.tolist(), own.tolist(), strict=True)
    said = {i: names[k] for i, k in pairs if k < len(names)}
    return Labels(indices, in_order(names, class_map), said)


def first_folders(ids: Sequence[str]) -> list[str]:
    """The first folder of each path; of files in none the synset in the name, or nothing."""
    return [i.split("/", 1)[0] if "/" in i else synset_in(i) for i in ids]


def synset_in(path: str) -> str:
    """The ImageNet synset at the start or the end of a file's name, or nothing.

    Two different ones are none: which is meant is not known.
    """
    stem = path.rpartition("/")[2].rpartition(".")[0]
    found = {*re.findall(r"^n\d{8}(?=_)", stem), *re.findall(r"(?<=_)n\d{8}$", stem)}
    return found.pop() if len(found) == 1 and found <= imagenet_index().keys() else ""


def _from_csv(ids: Sequence[str], csv: Path, class_map: Path | str | None, where: str) -> Labels:
    by_id, counted, names = read_labels(csv, class_map=class_map)
    written = [as_written(i) for i in ids]
    missing = [i for i in written if i not in by_id]
    absent = sorted(by_id.keys() - set(written))
    if missing or absent:
        raise LabelError(
            f"{csv} and {where} do not fit: {len(missing)} images have no label "
            f"({', '.join(missing[:3])}), {len(absent)} labelled images are not there "
            f"({', '.join(absent[:3])}). Ids are paths below the folder, with '/'."
        )
    return Labels(np.array([by_id[i] for i in written], np.int64), counted, names)
