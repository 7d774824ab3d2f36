"""Sets of real pictures that others made, where they lie beside the project."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from samefeatures.images.decode import decode
from samefeatures.images.imageset import ImageSet
from samefeatures.images.sources import ImageSource, open_images


@pytest.fixture(scope="session")
def pictures(shared_data: Path) -> Path:
    return shared_data / "images"


def opened(base: Path, **settings: Any) -> ImageSet:
    return open_images(ImageSource(**settings), labelled=True, base=base)


def labels(images: ImageSet) -> np.ndarray:
    assert images.labels is not None
    return images.labels


def test_nips17_by_synset(pictures: Path) -> None:
    images = opened(pictures, source="nips17-1000")
    assert len(images) == 1000
    assert len(set(labels(images).tolist())) == 430
    # The CSV of the set's makers counts classes from 1.
    rows = (pictures / "nips17-1000.csv").read_text().splitlines()[1:]
    truth = {row.split(",")[0]: int(row.split(",")[6]) - 1 for row in rows}
    for image, label in zip(images.ids, labels(images).tolist(), strict=True):
        assert truth[Path(image).stem] == label
    assert decode(images.read(0)).size == (256, 256)


def test_the_sample_has_one_image_per_class(pictures: Path) -> None:
    images = opened(pictures, source="imagenet-sample")
    assert labels(images).tolist() == list(range(1000))


@pytest.mark.parametrize(
    ("source", "count", "classes"),
    [("imagenette-4000.tar", 4000, 10), ("tiny-imagenet-10000.tar", 10_100, 202)],
)
def test_real_archives(pictures: Path, source: str, count: int, classes: int) -> None:
    images = opened(pictures, source=source)
    assert len(images) == count
    assert len(np.unique(labels(images))) == classes
    with tarfile.open(pictures / source) as archive:
        for i in (0, count // 2, count - 1):
            member = archive.extractfile(images.ids[i])
            assert member is not None
            assert images.read(i) == member.read()
            assert decode(images.read(i)).mode == "RGB"


def test_imagenette_is_labelled_as_its_makers_say(pictures: Path) -> None:
    images = opened(pictures, source="imagenette-4000.tar")
    tench, springer, player, saw, church, horn, truck, pump, ball, parachute = np.unique(
        labels(images)
    ).tolist()
    assert (tench, springer, player, saw, church) == (0, 217, 482, 491, 497)
    assert (horn, truck, pump, ball, parachute) == (566, 569, 571, 574, 701)


def test_cifar10_compressed_with_subdir(pictures: Path) -> None:
    """The one test that unpacks a large archive: about two seconds."""
    test = opened(pictures, source="cifar10.tar.gz", subdir="test", class_map="sorted")
    assert np.bincount(labels(test)).tolist() == [1000] * 10
    assert test.ids[0].startswith("airplane/")
    train = opened(pictures, source="cifar10.tar.gz", subdir="train", class_map="sorted", limit=50)
    assert np.bincount(labels(train)).tolist() == [5] * 10
    image = decode(train.read(3))
    assert isinstance(image, Image.Image)
    assert image.size == (32, 32)
