"""Images from ``torchvision.datasets`` (extra ``torchvision``)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from samefeatures.data.imageset import ImageSet, digest
from samefeatures.errors import DataError, require


def open_torchvision(
    kind: str, *, name: str, labelled: bool, base: Path, options: Mapping[str, Any]
) -> ImageSet:
    """A data set class of torchvision that yields (PIL image, class index).

    Args:
        kind: Name of the class, e.g. ``CIFAR10``.
        name: Of the set.
        labelled: Whether labels are wanted.
        base: Where a relative ``root`` starts.
        options: Arguments of the class, e.g. ``root``, ``train``, ``split``, ``download``.

    Raises:
        DataError: when there is no such class, or it can't be opened.
        MissingExtraError: when torchvision is not installed.
    """
    sets = require("torchvision.datasets", extra="torchvision", purpose="torchvision: images")
    maker = getattr(sets, kind, None)
    if kind not in sets.__all__ or maker is None:
        raise DataError(f"torchvision.datasets has no '{kind}'. Check the name.")
    arguments = dict(options)
    if "root" in arguments:
        arguments["root"] = str(base / Path(str(arguments["root"])).expanduser())
    try:
        dataset = maker(**arguments)
        count = len(dataset)
        first = dataset[0]
    except Exception as error:  # each class raises its own kinds
        raise DataError(
            f"torchvision.datasets.{kind} can't be opened with {dict(options)} "
            f"({' '.join(str(error).split())[:300]}). Check 'options'; 'download: true' fetches it."
        ) from None
    if not (isinstance(first, tuple) and len(first) >= 2 and hasattr(first[0], "convert")):
        raise DataError(
            f"torchvision.datasets.{kind} does not yield (image, label); it can't be used here."
        )
    labels = _labels(dataset, count, kind) if labelled else None
    return ImageSet(
        name=name,
        ids=[str(i).zfill(len(str(count - 1))) for i in range(count)],
        labels=labels,
        fingerprint=_fingerprint(dataset, kind, arguments, count, labels),
        read=lambda i: dataset[i][0],
    )


def _labels(dataset: Any, count: int, kind: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    for attribute in ("targets", "labels", "_labels"):
        values = getattr(dataset, attribute, None)
        if values is not None and len(values) == count:
            return np.asarray(values).astype(np.int64)
    labels = [dataset[i][1] for i in range(count)]
    if not all(isinstance(label, int | np.integer) for label in labels):
        raise DataError(f"torchvision.datasets.{kind} has labels that are not class indices.")
    return np.asarray(labels, np.int64)


def _fingerprint(
    dataset: Any, kind: str, arguments: Mapping[str, Any], count: int, labels: Any
) -> str:
    """Over the pixels where the class holds them, else over its arguments and file listing."""
    parts: list[str | bytes] = [kind, str(count), repr(sorted(arguments.items()))]
    data = getattr(dataset, "data", None)
    if data is not None and hasattr(data, "__array__"):
        parts.append(np.ascontiguousarray(data).tobytes())
    for path, *_ in getattr(dataset, "samples", None) or []:
        info = Path(path).stat()
        parts.append(f"{path} {info.st_size} {info.st_mtime_ns}")
    parts.append(b"" if labels is None else labels.tobytes())
    return digest(*parts)
