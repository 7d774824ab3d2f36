"""Images in a folder: one folder per class, or flat with a labels CSV."""

from __future__ import annotations

from pathlib import Path

from samefeatures.base.errors import DataError
from samefeatures.images.imageset import ImageSet
from samefeatures.images.label_paths import Labels, label_paths
from samefeatures.images.listing import list_folder
from samefeatures.images.reading import read_unchanged
from samefeatures.images.source import ImageSource


def open_folder(source: ImageSource, *, labelled: bool, base: Path) -> ImageSet:
    """All images below a folder, in the order of their paths, which are their ids.

    Labels come from the CSV, or each path names the class, see ``label_paths``; where they are not
    wanted, names are not looked at.

    Raises:
        DataError: when there is no folder, or no image.
        LabelError: when labels are wanted and an image has none.
    """
    path = source.path(base)
    if not path.is_dir():
        raise DataError(
            f"There is no folder at {path}. An image source is a folder, a .tar or .zip, a .npz, "
            "or hf:NAME, torchvision:CLASS, fashion-mnist:fit or fashion-mnist:eval."
        )
    listing = list_folder(path)
    if not listing.paths:
        raise DataError(
            f"There is no image below {path} ({listing.listed}). Check the path and the file "
            "endings."
        )
    labels = Labels()
    if labelled:
        folders = listing.folders
        labels = label_paths(listing.paths, source, base, where=str(path), folders=folders)

    def read(i: int) -> bytes:
        file = path / listing.paths[i]
        return read_unchanged(file, int(listing.sizes[i]), int(listing.times[i]))

    return ImageSet.of(
        listing.fingerprint,
        name=source.set_name,
        ids=listing.paths,
        labels=labels.indices,
        read=read,
        listed=listing.listed,
        in_order=labels.in_order,
        label_names=labels.names,
    )
