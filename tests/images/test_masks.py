"""Masks beside the images that they are of are passed over; what is only called so is taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from pictures import encoded, picture
from test_unpacking import tarred

from samefeatures.images.masks import MASKED, masks_among
from samefeatures.images.source import ImageSource
from samefeatures.images.sources import open_images

MASKS = {
    "a/x_mask.png": "a/x.jpg",
    "a/x-seg.png": "a/x.jpg",
    "a/x.depth.png": "a/x.jpg",
    "a/x_Mask.PNG": "a/x.JPG",
    "x_mask_01.png": "x.tif",
    "x_masks2.gif": "x.jpg",
    "masks/x.png": "images/x.jpg",
    "train/Masks/1/x_mask.png": "train/images/1/x.jpg",
    "SegmentationClass/x.png": "JPEGImages/x.jpg",
    "labels/1/x.png": "imgs/1/x.png",
    "a.b/masks/x.y.png": "a.b/images/x.y.png",
}
IMAGES = (
    ("a/x_mask.png", "b/x.jpg"),
    ("a/y_mask.png", "a/x.jpg"),
    ("mask/1.jpg", "face/1.jpg"),
    ("with_mask/1.jpg", "with/1.jpg"),
    ("face_mask/1.jpg", "face/1.jpg"),
    ("a/scan_normal.jpg", "a/scan.jpg"),
    ("a/x_2.jpg", "a/x.jpg"),
    ("a/unmask.jpg", "a/un.jpg"),
    ("a/mask.jpg", "a/_mask.jpg"),
    ("images/1.jpg", "images/2.jpg"),
    ("masks/1.jpg", "images/2.jpg"),
)
"""A data set of people with and without masks among them."""


@pytest.mark.parametrize(("mask", "image"), MASKS.items())
def test_a_mask_and_its_image(mask: str, image: str) -> None:
    assert masks_among([image, mask]) == {mask}
    assert masks_among([mask]) == set(), "nothing that it would be a mask of"


@pytest.mark.parametrize("paths", IMAGES)
def test_what_is_no_mask(paths: tuple[str, str]) -> None:
    assert masks_among(paths) == set()


@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_they_are_passed_over_and_counted(tmp_path: Path, kind: str) -> None:
    names = ("n15075141/b.png", "n15075141/b_mask.png", "n02123045/c.png", "n02123045/c-mask.png")
    files = {name: encoded(picture(k)) for k, name in enumerate(names)}
    if kind == "archive":
        (tmp_path / "set.tar").write_bytes(tarred(files))
    else:
        for name, data in files.items():
            (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "set" / name).write_bytes(data)
    source = "set.tar" if kind == "archive" else "set"
    images = open_images(ImageSource(source=source), labelled=True, base=tmp_path)
    assert sorted(images.ids) == ["n02123045/c.png", "n15075141/b.png"]
    assert images.listed is not None
    assert images.listed.passed == {MASKED: 2}
    assert str(images.listed) == "took 2 images; passed over 2 masks of images"
