"""Images in a folder: one folder per class, or flat with a labels CSV."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from samefeatures.base.arrays import Int64
from samefeatures.base.errors import DataError, LabelError, UnreadableImageError
from samefeatures.images.imageset import ImageSet
from samefeatures.images.labels import class_indices, read_labels
from samefeatures.images.listing import list_folder
from samefeatures.images.source import ImageSource


def open_folder(source: ImageSource, *, labelled: bool, base: Path) -> ImageSet:
    """All images below a folder, in the order of their paths, which are their ids.

    Labels come from the CSV, or the first folder of each path names the class; where they are not
    wanted, folder names are not looked at.

    Raises:
        DataError: when there is no folder, or no image.
        LabelError: when labels are wanted and an image has none.
    """
    path = source.path(base)
    if not path.is_dir():
        raise DataError(
            f"There is no folder at {path}. An image source is a folder, a .tar, a .npz, or "
            "hf:NAME, torchvision:CLASS, fashion-mnist:fit or fashion-mnist:eval."
        )
    listing = list_folder(path, relist=source.relist)
    if not listing.paths:
        raise DataError(f"There is no image below {path}. Check the path and the file endings.")
    labels = label_paths(listing.paths, source, base, where=str(path)) if labelled else None

    def read(i: int) -> bytes:
        file = path / listing.paths[i]
        return read_unchanged(file, int(listing.sizes[i]), int(listing.times[i]))

    return ImageSet.of(
        listing.fingerprint, name=source.set_name, ids=listing.paths, labels=labels, read=read
    )


def read_unchanged(path: Path, size: int, time: int) -> bytes:
    """A file's bytes, if it still is what was listed.

    Raises:
        DataError: when it is gone, or has another size or time than when it was listed.
        UnreadableImageError: when it can't be opened.
    """
    try:
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            data = file.read()
    except FileNotFoundError:
        raise DataError(
            f"{path} is gone since it was listed. Bring it back, or use 'relist: true'."
        ) from None
    except OSError as error:
        raise UnreadableImageError(f"it can't be opened ({error.strerror})") from None
    if (state.st_size, state.st_mtime_ns) != (size, time) or len(data) != size:
        raise DataError(
            f"{path} was rewritten after it was listed, so that the set is no longer what its "
            "fingerprint says. Run again with 'relist: true'."
        )
    return data


def label_paths(ids: Sequence[str], source: ImageSource, base: Path, *, where: str) -> Int64:
    """(n,) class indices of ids: from the source's CSV, or from the first folder of each id.

    Raises:
        LabelError: when an id has no label, or the CSV labels images that are not there.
    """
    labels_csv, class_map = source.labels_path(base), source.class_map_path(base)
    if labels_csv is None:
        bare = [i for i in ids if "/" not in i]
        if bare:
            raise LabelError(
                f"{where}: {len(bare)} of {len(ids)} images lie in no class folder, among them "
                f"{bare[0]}. Put "
                "each into a folder named by its class, or give a CSV with 'labels:'."
            )
        return class_indices([i.split("/", 1)[0] for i in ids], class_map, where=where)
    by_id = read_labels(labels_csv, class_map=class_map)
    missing = [i for i in ids if i not in by_id]
    absent = sorted(set(by_id) - set(ids))
    if missing or absent:
        raise LabelError(
            f"{labels_csv} and {where} do not fit: {len(missing)} images have no label "
            f"({', '.join(missing[:3])}), {len(absent)} labelled images are not there "
            f"({', '.join(absent[:3])}). Ids are paths below the folder, with '/'."
        )
    return np.array([by_id[i] for i in ids], np.int64)
