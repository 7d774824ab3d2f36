"""From class names to class indices: by ImageNet synset, or by a class map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Int64
from samefeatures.base.errors import ConfigError, LabelError
from samefeatures.images.class_maps import MOST_CLASSES, as_written, is_whole, read_class_map

SORTED = "sorted"
"""The class map that numbers names in sorted order, as torchvision's ImageFolder does."""


@cache
def imagenet_index() -> Mapping[str, int]:
    """Index of each ImageNet-1k synset, e.g. ``n01440764`` → 0."""
    text = (files("samefeatures.images") / "imagenet_synsets.txt").read_text("ascii")
    return MappingProxyType({synset: i for i, synset in enumerate(text.split())})


def are_synsets(names: Collection[str]) -> bool:
    """Whether all names are ImageNet-1k synsets, so that their indices are known."""
    return bool(names) and imagenet_index().keys() >= set(names)


def by_imagenet(names: Mapping[int, str]) -> bool:
    """Whether labels are ImageNet-1k's: names by label, all of them synsets in their places."""
    index = imagenet_index()
    return bool(names) and all(index.get(name) == label for label, name in names.items())


def are_known(names: Collection[str]) -> bool:
    """Whether all names say their index: ImageNet-1k synsets, or whole numbers."""
    return are_synsets(names) or (bool(names) and all(map(is_whole, names)))


def class_indices(
    names: Sequence[str], class_map: Path | str | None, *, where: str, more: Iterable[str] = ()
) -> Int64:
    """(n,) one class index per name.

    Without a class map the names must be ImageNet synsets, which get their ImageNet-1k index
    whatever other classes are there, or whole numbers, which are indices. Sort order is used only
    where ``class_map`` is ``sorted``.

    Args:
        names: One per image.
        class_map: A file (``.json``, ``.csv`` or ``.txt``, see ``read_class_map``), the word
            ``sorted``, or None. It may hold more names than these.
        where: For messages.
        more: Names of classes without an image, which count in sorted order.

    Raises:
        LabelError: when a name has no index, or whole numbers would be sorted as text.
    """
    kinds = sorted(set(names))
    written = {name: as_written(name) for name in kinds}
    if class_map == SORTED:
        index = _in_order(sorted({*kinds, *more}), where)
        written = {name: name for name in kinds}
    elif class_map is not None:
        index = read_class_map(Path(class_map))
    elif all(map(is_whole, kinds)):
        index = _as_numbers(kinds, where)
    else:
        index = imagenet_index()
    unknown = [name for name in kinds if written[name] not in index]
    count, among = f"{len(unknown)} of {len(kinds)}", ", ".join(unknown[:5])
    if unknown and class_map is None:
        raise LabelError(
            f"{where}: {count} class names are not ImageNet synsets, among them {among}. Give a "
            "class map: a .json, .csv or .txt file, or the word 'sorted' to number them in sorted "
            "order."
        )
    if unknown:
        raise LabelError(
            f"{where}: the class map {class_map} lacks {count} names, among them {among}. Add them."
        )
    return np.array([index[written[name]] for name in names], np.int64)


def _in_order(kinds: Sequence[str], where: str) -> Mapping[str, int]:
    numbers = [int(name) for name in kinds if is_whole(name)]
    if len(numbers) == len(kinds) and numbers != sorted(numbers):
        late = next(b for a, b in pairwise(numbers) if b < a)
        raise LabelError(
            f"{where}: the class names are whole numbers, and 'sorted' would put {late} behind "
            f"{max(n for n in numbers if n > late)}, as text. Leave class_map out: whole numbers "
            "are class indices. For a network trained on the order of text give that order as a "
            ".txt, a name a line."
        )
    return {name: i for i, name in enumerate(kinds)}


def _as_numbers(kinds: Sequence[str], where: str) -> Mapping[str, int]:
    index = {name: int(name) for name in kinds}
    number, count = Counter(index.values()).most_common(1)[0]
    if count > 1:
        twins = ", ".join(name for name in kinds if index[name] == number)
        raise LabelError(f"{where}: the class names {twins} are one number. Rename them.")
    if max(index.values()) >= MOST_CLASSES:
        raise LabelError(f"{where}: the class name {max(kinds, key=len)} is too large an index.")
    return index


def whole_labels(values: npt.ArrayLike, *, where: str) -> Int64:
    """(n,) labels that came as numbers: checked, as int64.

    Raises:
        LabelError: when they are not whole numbers from 0.
    """
    labels = np.asarray(values)
    if labels.dtype.kind not in "iu":
        raise LabelError(
            f"{where} has labels of type {labels.dtype}. Give class indices: whole numbers from 0."
        )
    if labels.size and labels.min() < 0:
        raise LabelError(
            f"{where} has the label {labels.min()}. A class index is at least 0; leave images out "
            "whose class is not known."
        )
    if labels.size and labels.max() >= MOST_CLASSES:
        raise LabelError(f"{where} has the label {labels.max()}, which is too large an index.")
    return labels.astype(np.int64)


def named_labels(
    labels: Int64, names: Sequence[str], class_map: Path | str | None, *, where: str
) -> Int64:
    """(n,) labels of a data set that numbers its own classes, as the networks number them.

    Such sets number the classes that they have, often in sorted order: of ten ImageNet classes the
    labels are 0 to 9. Names that are synsets, or a class map, tell the true index. Otherwise the
    numbers stand as they are.

    Args:
        labels: (n,) numbers of the data set's own.
        names: The name of each of its classes; empty when it has none.
        class_map: See ``class_indices``.
        where: For messages.

    Raises:
        LabelError: when a name is not in the class map, or a label has no name.
        ConfigError: for a class map where there are no names.
    """
    if class_map is not None and not names:
        raise ConfigError(f"class_map has no effect: {where} has no class names. Leave it out.")
    if class_map is None and not are_synsets(names):
        return labels
    if labels.size and labels.max() >= len(names):
        raise LabelError(
            f"{where} has the label {labels.max()} but names for {len(names)} classes. Mend it."
        )
    return class_indices(names, class_map, where=where)[labels]


def in_order(names: Collection[str], class_map: Path | str | None) -> int | None:
    """How many names are numbered in sorted order; None where they are numbered otherwise."""
    return len(set(names)) if class_map == SORTED else None
