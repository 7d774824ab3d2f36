"""Short measurements of this machine: networks, decoding, and the two kinds of products."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import UnreadableImageError
from samefeatures.images.decode import decode
from samefeatures.images.imageset import ImageSet, Raw
from samefeatures.images.preprocess import Preprocessing
from samefeatures.moments.record import Moments
from samefeatures.networks.record import Head
from samefeatures.scores.heads import score_heads

SECONDS = 2.0
"""How long one measurement goes on, beyond its first batch."""
SAMPLE = 64
"""Images that the decoding is measured on."""
TYPICAL = (500, 375)
"""Width and height of a usual ImageNet image."""

Run = Callable[[Float32], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Products:
    """Speed of the algebra.

    Attributes:
        multiply: Multiply-adds a second in float64, as moments are taken.
        score: Multiply-adds a second in float32 while heads are scored, counting included.
    """

    multiply: float
    score: float


def forward_rate(run: Run, preprocessing: Preprocessing, *, batch_size: int) -> float:
    """Images a second through a network; batches grow until they take a while."""
    rng = np.random.default_rng(0)

    def seconds(count: int) -> float:
        images = rng.standard_normal((count, *preprocessing.input_size), np.float32)
        start = time.perf_counter()
        run(images)
        return time.perf_counter() - start

    first = seconds(1)  # pays for whatever is made on first use
    first = min(first, seconds(1)) if first < SECONDS else first
    count = max(1, min(batch_size, int(SECONDS / first / 2)))
    if count > 1:
        seconds(count)  # a new shape is prepared for
    spent, done = 0.0, 0
    while spent < SECONDS:
        spent += seconds(count)
        done += count
    return done / spent


def decode_rate(
    images: ImageSet | None, shapes: Sequence[Preprocessing], *, workers: int | None
) -> float:
    """Images a second that are read, decoded and cropped once per shape, on all threads.

    Args:
        images: Images to sample; None stands for made-up photographs of a usual size.
        shapes: One per network; those that agree share their crops.
        workers: Threads; None takes the number of processors.
    """
    distinct = list({prep.geometry: prep for prep in shapes}.values())
    if images is None:
        jpeg = photograph()
        sample: list[Callable[[], Raw]] = [lambda: jpeg] * SAMPLE
    else:
        held = images
        rows = np.linspace(0, len(held) - 1, min(SAMPLE, len(held))).astype(int).tolist()
        sample = [lambda i=i: held.read(i) for i in rows]  # type: ignore[misc]

    def one(read: Callable[[], Raw]) -> None:
        try:
            image = decode(read())
        except UnreadableImageError:
            return
        for prep in distinct:
            prep.pixels(image)

    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        start, done = time.perf_counter(), 0
        while time.perf_counter() - start < SECONDS:
            list(pool.map(one, sample))
            done += len(sample)
        return done / (time.perf_counter() - start)


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


def product_rates(dim: int) -> Products:
    """Speed of moments and of scoring, at up to 4,096 features in all."""
    rng = np.random.default_rng(0)
    total, rows = min(dim, 4096), 1024
    block = rng.standard_normal((rows, total), np.float32)
    moments = Moments(["a"], [total])
    moments.update(block[:64])
    multiply = _rate(lambda: moments.update(block), rows * total * total / 2)
    features = block[:, : min(total, 2048)]
    width, classes, heads = features.shape[1], 1000, 4
    weight = rng.standard_normal((classes, width), np.float32)
    made = [Head(weight, np.zeros(classes, np.float32))] * heads
    labels = np.zeros(rows, np.int64)
    score = _rate(lambda: score_heads([(features, labels)], made), rows * heads * classes * width)
    return Products(multiply=multiply, score=score)


def _rate(work: Callable[[], object], units: float) -> float:
    start, rounds = time.perf_counter(), 0
    while time.perf_counter() - start < SECONDS / 2:
        work()
        rounds += 1
    return units * rounds / (time.perf_counter() - start)
