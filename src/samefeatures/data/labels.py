"""From class names to class indices: by ImageNet synset, or by a class map."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt

from samefeatures.errors import LabelError

SORTED = "sorted"
"""The class map that numbers names in sorted order, as torchvision's ImageFolder does."""


@cache
def imagenet_index() -> Mapping[str, int]:
    """Index of each ImageNet-1k synset, e.g. ``n01440764`` → 0."""
    text = (files("samefeatures.data") / "imagenet_synsets.txt").read_text()
    return {synset: i for i, synset in enumerate(text.split())}


def class_indices(
    names: Sequence[str], class_map: Path | str | None, *, where: str
) -> npt.NDArray[np.int64]:
    """One class index per name.

    Without a class map the names must be ImageNet synsets, which get their ImageNet-1k index
    whatever other classes are there. Sort order is used only where ``class_map`` is ``sorted``.

    Args:
        names: One per image.
        class_map: A file (``.json``, ``.csv`` or ``.txt``), the word ``sorted``, or None.
        where: For messages.

    Raises:
        LabelError: when a name has no index.
    """
    kinds = sorted(set(names))
    if class_map is None:
        index = imagenet_index()
        unknown = [name for name in kinds if name not in index]
        if unknown:
            raise LabelError(
                f"{where}: {len(unknown)} of {len(kinds)} class names are not ImageNet synsets, "
                f"among them {', '.join(unknown[:5])}. Give a class map: a .json, .csv or .txt "
                "file, or the word 'sorted' to number them in sorted order."
            )
    elif str(class_map) == SORTED:
        index = {name: i for i, name in enumerate(kinds)}
    else:
        index = read_class_map(Path(class_map))
        unknown = [name for name in kinds if name not in index]
        if unknown:
            raise LabelError(
                f"{where}: the class map {class_map} lacks {len(unknown)} of {len(kinds)} names, "
                f"among them {', '.join(unknown[:5])}. Add them."
            )
    return np.array([index[name] for name in names], np.int64)


def read_class_map(path: Path) -> dict[str, int]:
    """Index by name: ``.json`` ({name: index}), ``.csv`` (name,index), ``.txt`` (line i names i).

    Raises:
        LabelError: when the file is missing, or an index is negative, doubled or not a number.
    """
    readers = {".json": _from_json, ".csv": _from_csv, ".txt": _from_txt}
    if path.suffix not in readers:
        raise LabelError(f"The class map {path} must end in .json, .csv or .txt.")
    try:
        pairs = readers[path.suffix](path.read_text(encoding="utf-8"))
        out = {name: int(index) for name, index in pairs}
    except FileNotFoundError:
        raise LabelError(f"There is no class map at {path}. Check the path.") from None
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise LabelError(
            f"The class map {path} can't be read ({error}). A .json holds {{name: index}}, a .csv "
            "has the columns name,index, line i of a .txt names class i."
        ) from None
    indices = list(out.values())
    if len(out) != len(pairs) or len(set(indices)) != len(indices) or min(indices, default=0) < 0:
        raise LabelError(
            f"The class map {path} has a name or an index twice, or a negative index. Every class "
            "needs one name and one index from 0."
        )
    return out


def _from_json(text: str) -> list[tuple[str, int]]:
    return list(json.loads(text).items())


def _from_csv(text: str) -> list[tuple[str, int]]:
    return [(row["name"], int(row["index"])) for row in csv.DictReader(text.splitlines())]


def _from_txt(text: str) -> list[tuple[str, int]]:
    return [(line.strip(), i) for i, line in enumerate(text.strip().splitlines())]


def read_labels(path: Path, *, class_map: Path | str | None) -> dict[str, int]:
    """Class index by image id, from a CSV with ``id`` (or ``filename``, ``file``, ``image``) and
    ``label`` (an index) or ``class`` (a name, see ``class_indices``).

    Raises:
        LabelError: when a column is missing, an id comes twice, or a label is not a number.
    """
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        raise LabelError(f"The labels file {path} can't be read ({error}). Check it.") from None
    columns = list(rows[0]) if rows else []
    key = next((c for c in ("id", "filename", "file", "image") if c in columns), None)
    value = next((c for c in ("label", "class") if c in columns), None)
    if key is None or value is None:
        raise LabelError(
            f"The labels file {path} has the columns {', '.join(columns) or '(none)'}. It needs "
            "'id' (or 'filename', 'file', 'image') and 'label' (an index) or 'class' (a name)."
        )
    ids = [row[key] for row in rows]
    if len(set(ids)) != len(ids):
        twice = next(i for i in ids if ids.count(i) > 1)
        raise LabelError(f"The labels file {path} has '{twice}' more than once. Keep one row each.")
    if value == "class":
        return dict(
            zip(
                ids,
                class_indices([r[value] for r in rows], class_map, where=str(path)).tolist(),
                strict=True,
            )
        )
    try:
        return {i: int(row[value]) for i, row in zip(ids, rows, strict=True)}
    except (TypeError, ValueError):
        bad = next(r[value] for r in rows if not str(r[value]).lstrip("-").isdigit())
        raise LabelError(
            f"The labels file {path} has the label {bad!r}, which is not a class index. Call the "
            "column 'class' if it holds names."
        ) from None
