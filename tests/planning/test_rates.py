"""Measured rates are those of work of known speed, by a clock that only the work moves."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from preps import imagenet
from samefeatures.base.arrays import Float32
from samefeatures.base.errors import OutOfMemoryError, UnreadableImageError
from samefeatures.features.stored import StoredFeatures
from samefeatures.images.imageset import ImageSet
from samefeatures.images.preprocess import Preprocessing
from samefeatures.images.views import Views
from samefeatures.networks.record import Head, ImageNetwork
from samefeatures.planning.decoding import decode_rate, photograph, photographs, pictures
from samefeatures.planning.rates import time_network
from samefeatures.planning.stores import measure_stores
from samefeatures.study.inputs import Part

SMALL = Preprocessing(input_size=(3, 8, 8), mean=(0.5,) * 3, std=(0.5,) * 3)
GREY = [Image.new("RGB", (9, 9), (i, i, i)) for i in range(32)]


class Clock:
    """Moves when it is told to, from any thread."""

    def __init__(self) -> None:
        self.now = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds


class Known:
    """A network of three features that takes so long an image; more than ``most`` do not fit."""

    runtime = "known"

    def __init__(self, clock: Clock, per_image: float, most: int = 999) -> None:
        self.clock, self.per_image, self.most = clock, per_image, most
        self.counts: list[int] = []

    def features(self, images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        if len(images) > self.most:
            raise OutOfMemoryError("The memory is full.")
        self.counts.append(len(images))
        self.clock.move(self.per_image * len(images))
        return images.mean((2, 3))


def network(backend: Known) -> ImageNetwork:
    return ImageNetwork(
        name="known",
        source="made",
        head=Head(np.zeros((2, 3), np.float32), np.zeros(2, np.float32)),
        preprocessing=SMALL,
        fingerprint="known",
        parameters=0,
        backend=backend,
    )


@pytest.mark.parametrize(("per_image", "largest"), [(0.002, 32), (0.03, 3), (0.25, 1)])
def test_a_network_of_known_speed(per_image: float, largest: int) -> None:
    clock = Clock()
    backend = Known(clock, per_image)
    timed = time_network(network(backend), GREY, 32, seconds=0.2, clock=clock)
    assert timed.rate == pytest.approx(1 / per_image)
    assert timed.batch_size == 32
    assert max(backend.counts[1:]) == largest, "batches are as large as the time allows"
    expected = np.arange(32)[:, None] / 127.5 - 1
    np.testing.assert_allclose(timed.features, np.repeat(expected, 3, axis=1), atol=1e-6)


def test_batches_are_halved_while_memory_runs_out() -> None:
    clock = Clock()
    timed = time_network(network(Known(clock, 0.001, 5)), GREY, 32, seconds=0.2, clock=clock)
    assert timed.batch_size == 4
    with pytest.raises(OutOfMemoryError, match="too small for known on one image"):
        time_network(network(Known(clock, 0.001, 0)), GREY, 32, seconds=0.2, clock=clock)


def test_decoding_counts_the_reading() -> None:
    clock, jpeg = Clock(), photograph()

    def read(_: int) -> bytes:
        clock.move(0.01)
        return jpeg

    part = Part(ImageSet("x", [str(i) for i in range(10)], None, "f", read), None)
    rate = decode_rate(part, [SMALL, SMALL], workers=3, seconds=0.5, clock=clock)
    assert rate == pytest.approx(100)


def test_images_are_decoded_side_by_side() -> None:
    """Each read waits for another one."""
    both, jpeg = threading.Barrier(2, timeout=600), photograph()

    def read(_: int) -> bytes:
        both.wait()
        return jpeg

    part = Part(ImageSet("x", [str(i) for i in range(8)], None, "f", read), None)
    assert decode_rate(part, [SMALL], workers=2, seconds=0.0) > 0


def test_every_shape_and_view_is_cropped_once(monkeypatch: pytest.MonkeyPatch) -> None:
    crops = []
    monkeypatch.setattr(Preprocessing, "pixels", lambda prep, *_: crops.append(prep.input_size))
    other = imagenet(input_size=(3, 9, 9))
    part = Part(photographs("made"), Views(count=3))
    decode_rate(part, [SMALL, other, SMALL], workers=1, seconds=0.0)
    assert len(crops) == (2 + 64) * 3 * 2
    assert crops.count((3, 8, 8)) == crops.count((3, 9, 9))


def test_images_that_cant_be_read_do_not_stop_it() -> None:
    def read(_: int) -> bytes:
        raise UnreadableImageError("gone")

    images = ImageSet("x", ["a"], None, "f", read)
    assert decode_rate(Part(images, None), [SMALL], workers=1, seconds=0.0) > 0
    assert [picture.size for picture in pictures(images)] == [(256, 256)]


def test_the_made_up_photograph_is_of_a_usual_size() -> None:
    assert 40_000 < len(photograph()) < 250_000  # ImageNet's mean is 115 kB
    assert {picture.size for picture in pictures(photographs("x"))} == {(500, 375)}


def test_reading_is_timed_from_the_disk_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read of a small store is held, and costs nothing to read again."""
    reads: list[int] = []
    really = StoredFeatures._readable

    def noted(self: StoredFeatures, start: int, stop: int) -> Float32:
        reads.append(stop - start)
        return really(self, start, stop)

    monkeypatch.setattr(StoredFeatures, "_readable", noted)
    measure_stores(tmp_path, {"a": np.ones((4, 3), np.float32)})
    assert len(reads) >= 2 * (1 + 3)  # two sizes, once to warm up and three times to be timed
