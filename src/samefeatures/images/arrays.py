"""Images in a NumPy file: ``images`` (n, h, w) or (n, h, w, 3) bytes, ``labels`` and ``ids``."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
from PIL import Image

from samefeatures.base.errors import DataError, LabelError
from samefeatures.base.npz import read_npz
from samefeatures.images.imageset import ImageSet, numbered
from samefeatures.images.labels import whole_labels
from samefeatures.images.source import ImageSource

PACKAGED = ("fit", "eval")


def open_packaged(source: ImageSource, *, labelled: bool, base: Path) -> ImageSet:
    """A part of Fashion-MNIST that comes with the package; ``base`` has no effect.

    Raises:
        DataError: when there is no such part.
        LabelError: when labels are wanted and it has none.
    """
    if source.rest not in PACKAGED:
        raise DataError(f"{source.source} does not exist. There are: {' and '.join(PACKAGED)}.")
    place = files("samefeatures.images") / "fashion_mnist" / f"{source.rest}.npz"
    with as_file(place) as path:
        packaged = replace(source, name=source.set_name, source=str(path))
        return open_arrays(packaged, labelled=labelled, base=base)


def open_arrays(source: ImageSource, *, labelled: bool, base: Path) -> ImageSet:
    """Images from a ``.npz``; never unpickles. Ids are row numbers where the file has none.

    It holds ``images`` (n, h, w) grey or (n, h, w, 3) RGB, uint8; optionally ``labels`` (n,) whole
    numbers and ``ids`` (n,) strings.

    Raises:
        DataError: when an array is missing, unknown, or of another shape or type.
        LabelError: when labels are wanted and there are none, or they are no class indices.
    """
    path = source.path(base)
    more = ("labels", "ids")
    arrays = read_npz(path, ("images",), optional=more, refused=DataError, damaged=DataError)
    images = arrays["images"]
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise DataError(
            f"{path} holds 'images' {images.dtype} {images.shape}. It needs 'images' uint8, "
            "(n, h, w) or (n, h, w, 3)."
        )
    if images.ndim == 4 and images.shape[3] != 3:
        raise DataError(f"{path} holds 'images' {images.shape}; the last axis must be RGB.")
    n = len(images)
    for key in ("labels", "ids"):
        if key in arrays and arrays[key].shape != (n,):
            raise DataError(f"{path} holds {n} images but '{key}' {arrays[key].shape}.")
    labels = None
    if labelled:
        if "labels" not in arrays:
            raise LabelError(f"{path} holds no 'labels'. Add them: one class index per image.")
        labels = whole_labels(arrays["labels"], where=str(path))
    if "ids" in arrays and arrays["ids"].dtype.kind != "U":
        raise DataError(f"{path} holds 'ids' {arrays['ids'].dtype}; ids are strings.")
    ids = [str(i) for i in arrays["ids"]] if "ids" in arrays else numbered(n)
    return ImageSet.of(
        images.tobytes(),
        str(images.shape),
        "\0".join(ids),
        name=source.set_name,
        ids=ids,
        labels=labels,
        read=lambda i: Image.fromarray(images[i]),
    )
