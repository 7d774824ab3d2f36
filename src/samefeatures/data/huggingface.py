"""Images from Hugging Face datasets: on the Hub, or saved to disk (extra ``hf``)."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from samefeatures.data.imageset import ImageSet, Raw, digest
from samefeatures.errors import DataError, LabelError, UnreadableImageError, require

OPTIONS = ("image_column", "label_column", "id_column", "config", "revision", "data_dir")


def open_huggingface(
    path: str,
    *,
    name: str,
    labelled: bool,
    base: Path,
    split: str | None,
    options: Mapping[str, Any],
) -> ImageSet:
    """One split of a dataset; images stay undecoded until they are read.

    Args:
        path: Name on the Hub, ``imagefolder`` with the option ``data_dir``, or a folder that
            ``save_to_disk`` wrote.
        name: Of the set.
        labelled: Whether labels are wanted.
        base: Where a relative folder starts.
        split: E.g. ``validation``; may be left out when there is only one.
        options: ``image_column``, ``label_column``, ``id_column``, ``config``, ``revision``,
            ``data_dir``.

    Raises:
        DataError: when it can't be loaded, or a column is missing.
        LabelError: when labels are wanted and the column is missing or has other values.
        MissingExtraError: when ``datasets`` is not installed.
    """
    datasets = require("datasets", extra="hf", purpose="hf: images")
    table = _one_split(_load(datasets, path, base, split, options), path, split)
    image_column = str(options.get("image_column", "image"))
    label_column = str(options.get("label_column", "label"))
    id_column = options.get("id_column")
    for column in (image_column, *([str(id_column)] if id_column else [])):
        if column not in table.column_names:
            raise DataError(
                f"hf:{path} has no column '{column}'; it has {', '.join(table.column_names)}. "
                "Name it in 'options'."
            )
    labels = None
    if labelled:
        if label_column not in table.column_names:
            raise LabelError(
                f"hf:{path} has no column '{label_column}'; it has "
                f"{', '.join(table.column_names)}. Name it with 'label_column' in 'options'."
            )
        column = table.with_format(None)[label_column]
        if not all(isinstance(v, int) for v in column):
            raise LabelError(f"hf:{path}: '{label_column}' does not hold class indices.")
        labels = np.array(list(column), np.int64)
    images = table.cast_column(image_column, datasets.Image(decode=False))
    ids = (
        [str(v) for v in table[id_column]]
        if id_column
        else [str(i).zfill(len(str(len(table) - 1))) for i in range(len(table))]
    )
    lock = threading.Lock()

    def read(i: int) -> Raw:
        with lock:  # Arrow tables opened from disk are not safe to index from many threads
            record = images[i][image_column]
        if record["bytes"] is not None:
            return bytes(record["bytes"])
        try:
            return Path(record["path"]).read_bytes()
        except OSError as error:
            raise UnreadableImageError(f"it can't be opened ({error.strerror})") from None

    return ImageSet(
        name=name,
        ids=ids,
        labels=labels,
        fingerprint=digest(
            # Changes with the data and with every transformation, and at worst too often.
            str(table._fingerprint),
            str(table.split),
            "\n".join(ids),
            b"" if labels is None else labels.tobytes(),
        ),
        read=read,
    )


def _load(
    datasets: Any, path: str, base: Path, split: str | None, options: Mapping[str, Any]
) -> Any:
    folder = base / path
    try:
        if (folder / "dataset_info.json").exists() or (folder / "dataset_dict.json").exists():
            return datasets.load_from_disk(str(folder))
        data_dir = options.get("data_dir")
        return datasets.load_dataset(
            path,
            options.get("config"),
            split=split,
            revision=options.get("revision"),
            data_dir=str(base / data_dir) if data_dir else None,
        )
    except Exception as error:  # the library raises dozens of kinds: network, parsing, hub
        raise DataError(
            f"hf:{path} can't be loaded ({' '.join(str(error).split())[:300]}). Check the name, "
            "the split and the connection; or give a folder written by save_to_disk."
        ) from None


def _one_split(loaded: Any, path: str, split: str | None) -> Any:
    if not isinstance(loaded, dict):
        return loaded
    if split is None and len(loaded) == 1:
        return next(iter(loaded.values()))
    if split not in loaded:
        raise DataError(
            f"hf:{path} has the splits {', '.join(loaded)}; '{split}' came. Give one as 'split:'."
        )
    return loaded[split]
