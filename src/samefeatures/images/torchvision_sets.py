"""Images from ``torchvision.datasets`` (extra ``torchvision``)."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from samefeatures.base.errors import ConfigError, DataError, UnreadableImageError, require
from samefeatures.base.options import check_known
from samefeatures.base.paths import path_of
from samefeatures.images.decode import known_formats_alone
from samefeatures.images.imageset import ImageSet, numbered
from samefeatures.images.label_paths import Labels, numbered_labels
from samefeatures.images.labels import whole_labels
from samefeatures.images.source import ImageSource


def open_torchvision(source: ImageSource, *, labelled: bool, base: Path) -> ImageSet:
    """A data set class of torchvision that yields (PIL image, class index).

    What follows ``torchvision:`` names the class, e.g. ``CIFAR10``; ``options`` are its arguments
    (``root``, ``train``, ``split``, ``download``). It decodes the images itself, so that what
    ``decode`` does for files (EXIF orientation, 16-bit grey) is up to it. Class names that are
    ImageNet synsets give the ImageNet-1k index; a class map stands for the names of the folders.

    Raises:
        ConfigError: for an argument that the class does not take.
        DataError: when there is no such class, or it can't be opened.
        LabelError: when labels are wanted and are no class indices.
        MissingExtraError: when torchvision is not installed.
    """
    kind, options = source.rest, source.options
    sets = require("torchvision.datasets", extra="torchvision", purpose="torchvision: images")
    maker = getattr(sets, kind, None)
    if kind not in sets.__all__ or maker is None:
        raise DataError(f"torchvision.datasets has no '{kind}'. Check the name.")
    known = [arg for arg in inspect.signature(maker).parameters if "transform" not in arg]
    for option in options:
        check_known(option, known, f"{source.source}: unknown option", ConfigError)
    arguments = dict(options)
    if "root" in arguments:
        arguments["root"] = str(path_of(str(arguments["root"]), base))
    try:
        with known_formats_alone():
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
    labels = Labels()
    if labelled:
        own = whole_labels(_own_labels(dataset, count), where=source.source)
        class_map, names = source.class_map_path(base), _class_names(dataset)
        labels = numbered_labels(own, names, class_map, where=source.source)
    return ImageSet.of(
        *_content(dataset, kind, options, count),
        name=source.set_name,
        ids=numbered(count),
        labels=labels.indices,
        in_order=labels.in_order,
        label_names=labels.names,
        read=_Reader(dataset),
    )


class _Reader:
    """Image i of a data set, in one thread at a time: some of the classes share state."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self._lock = threading.Lock()

    def __call__(self, i: int) -> Image.Image:
        try:
            with self._lock, known_formats_alone():
                image: Image.Image = self._dataset[i][0]
                return image
        except MemoryError:
            raise
        except Exception as error:  # decoders raise many kinds
            reason = " ".join(str(error).split()) or type(error).__name__
            raise UnreadableImageError(f"torchvision can't read it ({reason[:120]})") from None


def _own_labels(dataset: Any, count: int) -> npt.NDArray[Any]:
    for attribute in ("targets", "labels", "_labels"):
        values = getattr(dataset, attribute, None)
        if values is not None and len(values) == count:
            return np.asarray(values)
    with known_formats_alone():
        return np.asarray([dataset[i][1] for i in range(count)])


def _class_names(dataset: Any) -> list[str]:
    """Folder names (``wnids`` where ``classes`` are words), or none."""
    for attribute in ("wnids", "classes"):
        names = getattr(dataset, attribute, None)
        if isinstance(names, list | tuple) and all(isinstance(name, str) for name in names):
            return list(names)
    return []


def _content(dataset: Any, kind: str, options: Mapping[str, Any], count: int) -> list[str | bytes]:
    """The pixels where the class holds them all, else the files below its root."""
    parts: list[str | bytes] = [kind, str(count), repr(sorted(options.items()))]
    data = getattr(dataset, "data", None)
    root = getattr(dataset, "root", None)
    if data is not None and hasattr(data, "__array__"):
        parts.append(np.ascontiguousarray(data).tobytes())
    elif root is not None and Path(root).is_dir():
        for path in sorted(Path(root).rglob("*")):
            if path.is_file():  # no broken link, pipe or device
                info = path.stat()
                parts.append(f"{path.relative_to(root)} {info.st_size} {info.st_mtime_ns}")
    return parts
