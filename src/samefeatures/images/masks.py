"""Images that are masks of other images: they lie beside these in data sets of segmentation.

A name alone says little (classes are called ``mask``, too): the image that it is a mask of must be
there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

MASKED = "masks of images"
"""Why they are passed over."""

WORDS = (
    "mask", "masks", "seg", "segmentation", "semantic", "instance", "instances", "panoptic", "gt",
    "groundtruth", "annotation", "annotations", "trimap", "matte", "depth",
)  # fmt: skip
"""At the end of names."""

FOLDERS = (
    "mask", "masks", "seg", "segmentation", "segmentations", "segmentationclass",
    "segmentationobject", "gt", "groundtruth", "annotations", "labels", "trimaps", "depth",
)  # fmt: skip
"""Beside folders of ``IMAGES``."""

IMAGES = ("images", "image", "imgs", "img", "jpegimages", "rgb", "photos", "pictures")

_LAST = re.compile(rf"(.+?)[._-](?:{'|'.join(WORDS)})(?:[._-]?\d{{1,3}})?", re.IGNORECASE)


def masks_among(paths: Sequence[str]) -> set[str]:
    """Those paths of images, with ``/``, that are masks of others among them.

    ``x_mask.png`` where ``x.jpg`` lies in the same folder, and ``masks/x.png`` or
    ``masks/x_mask.png`` where there is ``images/x.jpg``. Case of folders and words does not count.
    """
    said = "\0".join(paths).lower()
    words = [word for word in {*WORDS, *FOLDERS} if word in said]
    if not words:  # as nearly always
        return set()
    lowered = zip(paths, said.split("\0"), strict=True)
    likely = [path for path, low in lowered if any(word in low for word in words)]
    wanted = {path: set(_images_of(path)) for path in likely}
    images = {image for each in wanted.values() for image in each}
    names = {name for _, name in images}  # few, and most paths end here
    there = {found for p in paths if _bare(p) in names and (found := _stem(p)) in images}
    return {path for path, each in wanted.items() if each & there}


def _bare(path: str) -> str:
    """The file's name without its ending."""
    name = path.rpartition("/")[2]
    return name.rpartition(".")[0] or name


def _stem(path: str) -> tuple[str, str]:
    """Folders, those of images by one name, and the file's name without its ending."""
    parts = path.split("/")[:-1]
    return "/".join("images" if p.lower() in IMAGES else p for p in parts), _bare(path)


def _images_of(path: str) -> Iterator[tuple[str, str]]:
    """What it would be a mask of."""
    folder, stem = _stem(path)
    found = _LAST.fullmatch(stem)
    if found:
        yield folder, found[1]
    parts = folder.split("/")
    for i, part in enumerate(parts):
        if part.lower() in FOLDERS:
            beside = "/".join([*parts[:i], "images", *parts[i + 1 :]])
            yield beside, stem
            if found:
                yield beside, found[1]
