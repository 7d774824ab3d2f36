"""Labels by image id, from a CSV."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from samefeatures.base.border import border
from samefeatures.base.errors import ConfigError, FileError, LabelError
from samefeatures.images.class_maps import MOST_CLASSES, as_written, text_of, whole_number
from samefeatures.images.labels import class_indices, in_order

ID_COLUMNS = ("id", "filename", "file", "image")
LABEL_COLUMNS = ("label", "class")


def read_labels(
    path: Path, *, class_map: Path | str | None
) -> tuple[dict[str, int], int | None, dict[int, str]]:
    """Class index by image id, from a CSV with ``id`` (or ``filename``, ``file``, ``image``) and
    ``label`` (an index) or ``class`` (a name, see ``class_indices``). Other columns do not matter.

    Returns:
        By id; how many names were numbered in sorted order, if any; and names by index.

    Raises:
        LabelError: when a column is missing or two would fit, an id comes twice, or a label is
            missing or not a number.
        ConfigError: for a class map where the CSV holds indices.
    """
    try:
        with border():
            rows = list(csv.DictReader(text_of(path).splitlines(), strict=True))
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
    values = [row[value[0]] for row in rows]
    ids = [as_written(row[key[0]] or "") for row in rows]
    image, count = Counter(ids).most_common(1)[0]
    if count > 1:
        raise LabelError(f"The labels file {path} has '{image}' {count} times. Keep one row each.")
    if not all(ids) or not all(values):
        raise LabelError(f"The labels file {path} has a row without an id or a label. Complete it.")
    if value[0] == "class":
        labels = class_indices(values, class_map, where=str(path)).tolist()
        names = dict(zip(labels, values, strict=True))
        return dict(zip(ids, labels, strict=True)), in_order(values, class_map), names
    if class_map is not None:
        raise ConfigError(
            f"class_map has no effect: {path} holds class indices. Leave it out, or call the "
            "column 'class' if it holds names."
        )
    return {image: _index(text, path) for image, text in zip(ids, values, strict=True)}, None, {}


def _index(text: str, path: Path) -> int:
    index = whole_number(text)
    if index is None or not 0 <= index < MOST_CLASSES:
        raise LabelError(
            f"The labels file {path} has the label {text!r}, which is not a class index: a whole "
            "number from 0. Call the column 'class' if it holds names."
        )
    return index
