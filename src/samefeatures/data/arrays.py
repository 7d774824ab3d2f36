"""Images in a NumPy file: ``images`` (n, h, w) or (n, h, w, 3) bytes, ``labels`` and ``ids``."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from PIL import Image

from samefeatures.data.imageset import ImageSet, digest
from samefeatures.errors import DataError, LabelError


def open_arrays(path: Path, *, name: str, labelled: bool) -> ImageSet:
    """Images from a ``.npz``; never unpickles. Ids are row numbers where the file has none.

    Raises:
        DataError: when an array is missing, or of another shape or type.
        LabelError: when labels are wanted and there are none.
    """
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {key: file[key] for key in ("images", "labels", "ids") if key in file}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise DataError(
            f"{path} can't be read as a .npz of plain arrays ({error}). Write it with numpy.savez; "
            "pickled objects are not loaded."
        ) from None
    images = arrays.get("images")
    if images is None or images.dtype != np.uint8 or images.ndim not in (3, 4):
        came = "no 'images'" if images is None else f"'images' {images.dtype} {images.shape}"
        raise DataError(f"{path} holds {came}. It needs 'images' uint8, (n, h, w) or (n, h, w, 3).")
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
        if not np.issubdtype(arrays["labels"].dtype, np.integer):
            raise LabelError(f"{path} holds 'labels' {arrays['labels'].dtype}; give integers.")
        labels = arrays["labels"].astype(np.int64)
    width = len(str(n - 1))
    ids = (
        [str(i) for i in arrays["ids"]]
        if "ids" in arrays
        else [str(i).zfill(width) for i in range(n)]
    )
    return ImageSet(
        name=name,
        ids=ids,
        labels=labels,
        fingerprint=digest(
            images.tobytes(),
            str(images.shape),
            "\n".join(ids),
            b"" if labels is None else labels.tobytes(),
        ),
        read=lambda i: Image.fromarray(images[i]),
    )
