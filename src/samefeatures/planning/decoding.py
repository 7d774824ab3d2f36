"""Short measurements of images: some to look at, and how fast they are decoded."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from samefeatures.base.errors import UnreadableImageError
from samefeatures.images.decode import decoded
from samefeatures.images.imageset import ImageSet
from samefeatures.images.preprocess import Preprocessing
from samefeatures.images.views import regions_of
from samefeatures.planning.linear import Clock
from samefeatures.study.inputs import Part

SAMPLE = 32
"""Images that networks are measured on; twice as many for decoding."""
TYPICAL = (500, 375)
"""Width and height of a usual ImageNet image."""


def decode_rate(
    part: Part,
    shapes: Sequence[Preprocessing],
    *,
    workers: int | None,
    seconds: float,
    clock: Clock = time.perf_counter,
) -> float:
    """Images a second of one source, on all threads, each cropped once per shape and view.

    Args:
        part: Images that can't be read count as those that can.
        shapes: One per network; those that agree share their crops.
        workers: Threads; None takes the number of processors.
        seconds: How long at the least.
        clock: Seconds.
    """
    images = part.images
    distinct = {prep.geometry: prep for prep in shapes}.values()

    def one(i: int) -> None:
        try:
            image = decoded(images, i)
            for region in regions_of(part.views, images.ids[i], image.size):
                for prep in distinct:
                    prep.pixels(image, region)
        except UnreadableImageError:
            return

    rows = _spread(images, 2 * SAMPLE)
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        list(pool.map(one, rows[:2]))
        start, done = clock(), 0
        while done == 0 or clock() - start < seconds:
            list(pool.map(one, rows))
            done += len(rows)
        return done / (clock() - start)


def pictures(images: ImageSet) -> list[Image.Image]:
    """Some of a set, or a grey one where none can be read."""
    found = []
    for i in _spread(images, SAMPLE):
        try:
            found.append(decoded(images, i))
        except UnreadableImageError:
            continue
    return found or [Image.new("RGB", (256, 256))]


def _spread(images: ImageSet, count: int) -> list[int]:
    """Indices over the whole of a set."""
    return [int(i) for i in np.linspace(0, len(images) - 1, min(count, len(images)))]


def photographs(name: str) -> ImageSet:
    """A set of made-up ones, to measure on where there are none."""
    jpeg = photograph()
    ids = [str(i) for i in range(2 * SAMPLE)]
    return ImageSet(name=name, ids=ids, labels=None, fingerprint="made", read=lambda _: jpeg)


def photograph() -> bytes:
    """A JPEG with detail at every scale, as large as a usual one."""
    rng = np.random.default_rng(0)
    width, height = TYPICAL
    pixels = np.zeros((height, width, 3))
    for size in (4, 16, 64, 256):
        small = rng.integers(0, 256, (size, size, 3), dtype=np.uint8)
        grown = Image.fromarray(small).resize(TYPICAL, Image.Resampling.BICUBIC)
        pixels += np.asarray(grown, np.float64) / 4
    packed = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(packed, "jpeg", quality=90)
    return packed.getvalue()
