"""Measured rates are those of work of known speed."""

from __future__ import annotations

import time

import numpy as np
import pytest

from samefeatures.base.errors import UnreadableImageError
from samefeatures.images.imageset import ImageSet
from samefeatures.images.preprocess import Preprocessing
from samefeatures.planning import measure
from samefeatures.planning.measure import decode_rate, forward_rate, product_rates

SMALL = Preprocessing(input_size=(3, 8, 8))


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "SECONDS", 0.2)


@pytest.mark.parametrize("per_image", [0.002, 0.03])
def test_a_network_that_sleeps(per_image: float) -> None:
    counts = []

    def run(images: np.ndarray) -> None:
        counts.append(len(images))
        time.sleep(per_image * len(images))

    rate = forward_rate(run, SMALL, batch_size=16)
    assert rate == pytest.approx(1 / per_image, rel=0.4)
    assert max(counts) == min(16, int(0.2 / per_image / 2))


def test_a_network_slower_than_the_time_that_is_given() -> None:
    rate = forward_rate(lambda images: time.sleep(0.25 * len(images)), SMALL, batch_size=16)
    assert rate == pytest.approx(4, rel=0.2)


def test_decoding_counts_the_reading() -> None:
    jpeg = measure.photograph()

    def read(_: int) -> bytes:
        time.sleep(0.01)
        return jpeg

    images = ImageSet("x", [str(i) for i in range(10)], None, "f", read)
    one = decode_rate(images, [SMALL, SMALL], workers=1)
    assert one < 100
    assert decode_rate(images, [SMALL], workers=4) > one
    assert decode_rate(None, [SMALL], workers=1) > one


def test_images_that_cant_be_read_do_not_stop_it() -> None:
    def read(_: int) -> bytes:
        raise UnreadableImageError("gone")

    assert decode_rate(ImageSet("x", ["a"], None, "f", read), [SMALL], workers=1) > 0


def test_the_made_up_photograph_is_of_a_usual_size() -> None:
    assert 40_000 < len(measure.photograph()) < 250_000  # ImageNet's mean is 115 kB


def test_products_are_measured() -> None:
    found = product_rates(256)
    assert found.multiply > 1e8
    assert found.score > 1e8
