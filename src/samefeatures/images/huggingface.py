"""Images from Hugging Face datasets: on the Hub, or saved to disk (extra ``hf``)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from samefeatures.base.errors import (
    ConfigError,
    DataError,
    LabelError,
    UnreadableImageError,
    require,
)
from samefeatures.base.options import check_known
from samefeatures.base.paths import path_of
from samefeatures.images.imageset import ImageSet, Raw, numbered
from samefeatures.images.label_paths import Labels, numbered_labels
from samefeatures.images.labels import class_indices, in_order, whole_labels
from samefeatures.images.reading import read_image
from samefeatures.images.source import ImageSource

OPTIONS = ("image_column", "label_column", "id_column", "config", "revision", "data_dir")


def open_huggingface(source: ImageSource, *, labelled: bool, base: Path) -> ImageSet:
    """One split of a dataset; images stay undecoded until they are read.

    What follows ``hf:`` is a name on the Hub, ``imagefolder`` with the option ``data_dir``, or a
    folder that ``save_to_disk`` wrote or ``load_dataset`` reads. A split need not be said where
    there is only one.

    Labels that are names, or numbers with names beside them (``ClassLabel``), get their index from
    the class map, else by ImageNet synset. Numbers whose names are no synsets stand as they are.

    Raises:
        ConfigError: for an option that does not exist or has no effect.
        DataError: when it can't be loaded, or a column is missing.
        LabelError: when labels are wanted and the column is missing or has other values.
        MissingExtraError: when ``datasets`` is not installed.
    """
    path, split, options = source.rest, source.split, source.options
    for option in options:
        check_known(option, OPTIONS, f"{source.source}: unknown option", ConfigError)
    datasets = require("datasets", extra="hf", purpose="hf: images")
    table = _one_split(_load(datasets, path, base, split, options), path, split)
    image_column = str(options.get("image_column", "image"))
    label_column = str(options.get("label_column", "label"))
    id_column = options.get("id_column")
    _check_columns(datasets, table, path, image_column, id_column)
    class_map = source.class_map_path(base)
    labels = _labels(datasets, table, label_column, class_map, path) if labelled else Labels()
    ids = [str(i) for i in table[str(id_column)]] if id_column else numbered(len(table))
    files = [Path(file["filename"]).stat() for file in table.cache_files]
    return ImageSet.of(
        # Changes with the data and with every transformation, and at worst too often; the files'
        # sizes and times show what was rewritten under the same fingerprint.
        str(table._fingerprint),
        str(table.split),
        *(f"{info.st_size} {info.st_mtime_ns}" for info in files),
        "\0".join(ids),
        name=source.set_name,
        ids=ids,
        labels=labels.indices,
        in_order=labels.in_order,
        label_names=labels.names,
        read=_reader(table.cast_column(image_column, datasets.Image(decode=False)), image_column),
    )


def _check_columns(
    datasets: Any, table: Any, path: str, image_column: str, id_column: object
) -> None:
    """The columns that were named must be there, and hold images."""
    for column in (image_column, *([str(id_column)] if id_column else [])):
        _check_column(table, column, path, "Name it in 'options'", DataError)
    if not isinstance(table.features[image_column], datasets.Image):
        raise DataError(
            f"hf:{path}: the column '{image_column}' holds {table.features[image_column]}, not "
            "images. Name another with 'image_column' in 'options'."
        )


def _check_column(table: Any, column: str, path: str, remedy: str, error: type[DataError]) -> None:
    if column not in table.column_names:
        raise error(
            f"hf:{path} has no column '{column}'; it has {', '.join(table.column_names)}. {remedy}."
        )


def _reader(images: Any, column: str) -> Callable[[int], Raw]:
    """Reads the undecoded image of a row."""
    lock = threading.Lock()

    def read(i: int) -> Raw:
        with lock:  # Arrow tables opened from disk are not safe to index from many threads
            record = images[i][column]
        if record is None or (record["bytes"] is None and not record["path"]):
            raise UnreadableImageError("the row holds no image")
        if record["bytes"] is not None:
            return bytes(record["bytes"])
        return read_image(Path(record["path"]))

    return read


def _labels(
    datasets: Any, table: Any, column: str, class_map: Path | str | None, path: str
) -> Labels:
    _check_column(table, column, path, "Name it with 'label_column' in 'options'", LabelError)
    where = f"hf:{path}: '{column}'"
    values = list(table.with_format(None)[column])
    if any(value is None for value in values):
        raise LabelError(
            f"{where} has {values.count(None)} images without a label. Leave them out."
        )
    if all(isinstance(value, str) for value in values):
        indices = class_indices(values, class_map, where=where)
        named = dict(zip(indices.tolist(), values, strict=True))
        return Labels(indices, in_order(values, class_map), named)
    labels = whole_labels(values, where=where)
    feature = table.features[column]
    names = feature.names if isinstance(feature, datasets.ClassLabel) else []
    return numbered_labels(labels, names, class_map, where=where)


def _load(
    datasets: Any, path: str, base: Path, split: str | None, options: Mapping[str, Any]
) -> Any:
    folder = path_of(path, base)
    one_split = (folder / "dataset_info.json").exists()
    saved = one_split or (folder / "dataset_dict.json").exists()
    without = ["split"] if one_split and split else []
    without += [name for name in ("config", "revision", "data_dir") if name in options]
    if saved and without:
        raise ConfigError(
            f"hf:{path}: '{without[0]}' has no effect on a dataset written by save_to_disk. Leave "
            "it out."
        )
    data_dir = options.get("data_dir")
    try:
        if saved:
            return datasets.load_from_disk(str(folder))
        return datasets.load_dataset(
            str(folder.resolve()) if folder.is_dir() else path,
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
