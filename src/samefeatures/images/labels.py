"""From class names to class indices: by ImageNet synset, or by a class map."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Int64
from samefeatures.base.border import MEBIBYTE, border, bytes_of
from samefeatures.base.documents import parse_json
from samefeatures.base.errors import ConfigError, FileError, LabelError, NoFileError

MOST_CLASSES = 2**31
SORTED = "sorted"
"""The class map that numbers names in sorted order, as torchvision's ImageFolder does."""

MOST = 1024 * MEBIBYTE
"""Bytes of a file with labels: some 10 million images."""

ID_COLUMNS = ("id", "filename", "file", "image")
LABEL_COLUMNS = ("label", "class")


@cache
def imagenet_index() -> Mapping[str, int]:
    """Index of each ImageNet-1k synset, e.g. ``n01440764`` → 0."""
    text = (files("samefeatures.images") / "imagenet_synsets.txt").read_text("ascii")
    return MappingProxyType({synset: i for i, synset in enumerate(text.split())})


def are_synsets(names: Sequence[str]) -> bool:
    """Whether all names are ImageNet-1k synsets, so that their indices are known."""
    return bool(names) and imagenet_index().keys() >= set(names)


def class_indices(names: Sequence[str], class_map: Path | str | None, *, where: str) -> Int64:
    """(n,) one class index per name.

    Without a class map the names must be ImageNet synsets, which get their ImageNet-1k index
    whatever other classes are there. Sort order is used only where ``class_map`` is ``sorted``.

    Args:
        names: One per image.
        class_map: A file (``.json``, ``.csv`` or ``.txt``, see ``read_class_map``), the word
            ``sorted``, or None. It may hold more names than these.
        where: For messages.

    Raises:
        LabelError: when a name has no index.
    """
    kinds = sorted(set(names))
    if class_map == SORTED:
        index: Mapping[str, int] = {name: i for i, name in enumerate(kinds)}
    else:
        index = imagenet_index() if class_map is None else read_class_map(Path(class_map))
    unknown = [name for name in kinds if name not in index]
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
    return np.array([index[name] for name in names], np.int64)


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
        raise LabelError(
            f"{where} has the label {labels.max()}. A class index is a whole number from 0, below "
            f"{MOST_CLASSES:,}; mend the labels."
        )
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


def read_class_map(path: Path) -> dict[str, int]:
    """Index by name: ``.json`` ({name: index}), ``.csv`` (name,index), ``.txt`` (line i names i).

    Raises:
        LabelError: when the file is missing, or a name or an index is missing, doubled or wrong.
    """
    readers: dict[str, Callable[[str], list[tuple[str, Any]]]] = {
        ".json": _from_json,
        ".csv": _from_csv,
        ".txt": _from_txt,
    }
    if path.suffix.lower() not in readers:
        raise LabelError(f"The class map {path} must end in .json, .csv or .txt.")
    try:
        with border():
            pairs = readers[path.suffix.lower()](_text_of(path))
    except NoFileError:
        raise LabelError(f"There is no class map at {path}. Check the path.") from None
    except FileError as error:
        raise LabelError(
            f"The class map {path} can't be read ({error}). A .json holds {{name: index}}, a .csv "
            "has the columns name,index, line i of a .txt names class i."
        ) from None
    for name, index in pairs:
        if not name or type(index) is not int or not 0 <= index < MOST_CLASSES:
            raise LabelError(
                f"The class map {path} gives the name {name!r} the index {index!r}. Every class "
                "needs a name and an index, a whole number from 0."
            )
    for what, values in (("name", [n for n, _ in pairs]), ("index", [i for _, i in pairs])):
        value, count = Counter(values).most_common(1)[0] if values else ("", 0)
        if count != 1:
            came = f"{what} {value!r} {count} times" if values else "no class"
            raise LabelError(f"The class map {path} has the {came}. Every class needs its own.")
    return dict(pairs)


def _text_of(path: Path) -> str:
    return bytes_of(path, most=MOST).decode("utf-8-sig")


def _from_json(text: str) -> list[tuple[str, Any]]:
    found = parse_json(text)
    if not isinstance(found, dict):
        raise FileError("it holds no object")
    return list(found.items())


def _from_csv(text: str) -> list[tuple[str, Any]]:
    rows = csv.DictReader(text.splitlines(), strict=True)
    if not {"name", "index"} <= set(rows.fieldnames or []):
        raise ValueError("its first line lacks 'name' or 'index'")
    return [(row["name"], int(row["index"])) for row in rows]


def _from_txt(text: str) -> list[tuple[str, Any]]:
    return [(line.strip(), i) for i, line in enumerate(text.rstrip().splitlines())]


def read_labels(path: Path, *, class_map: Path | str | None) -> dict[str, int]:
    """Class index by image id, from a CSV with ``id`` (or ``filename``, ``file``, ``image``) and
    ``label`` (an index) or ``class`` (a name, see ``class_indices``). Other columns do not matter.

    Raises:
        LabelError: when a column is missing or two would fit, an id comes twice, or a label is
            missing or not a number.
        ConfigError: for a class map where the CSV holds indices.
    """
    try:
        with border():
            rows = list(csv.DictReader(_text_of(path).splitlines(), strict=True))
    except FileError as error:
        raise LabelError(f"The labels file {path} can't be read ({error}). Check it.") from None
    columns = list(rows[0]) if rows else []
    key, value = (
        [name for name in kind if name in columns] for kind in (ID_COLUMNS, LABEL_COLUMNS)
    )
    if len(key) != 1 or len(value) != 1:
        raise LabelError(
            f"The labels file {path} has the columns {', '.join(map(str, columns)) or '(none)'}. "
            "It needs one of 'id', 'filename', 'file', 'image', and one of 'label' (an index) and "
            "'class' (a name)."
        )
    ids, values = [row[key[0]] for row in rows], [row[value[0]] for row in rows]
    image, count = Counter(ids).most_common(1)[0]
    if count > 1:
        raise LabelError(f"The labels file {path} has '{image}' {count} times. Keep one row each.")
    if not all(ids) or not all(values):
        raise LabelError(f"The labels file {path} has a row without an id or a label. Complete it.")
    if value[0] == "class":
        labels = class_indices(values, class_map, where=str(path)).tolist()
        return dict(zip(ids, labels, strict=True))
    if class_map is not None:
        raise ConfigError(
            f"class_map has no effect: {path} holds class indices. Leave it out, or call the "
            "column 'class' if it holds names."
        )
    return {image: _index(text, path) for image, text in zip(ids, values, strict=True)}


def _index(text: str, path: Path) -> int:
    try:
        index = int(text)
    except ValueError:
        index = -1
    if not 0 <= index < MOST_CLASSES:
        raise LabelError(
            f"The labels file {path} has the label {text!r}, which is not a class index: a whole "
            "number from 0. Call the column 'class' if it holds names."
        )
    return index
