"""Short measurements of one study: its own images, its own networks, and algebra of its sizes."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import OutOfMemoryError, UnreadableImageError
from samefeatures.base.files import writing
from samefeatures.base.progress import Progress
from samefeatures.features.batches import too_small
from samefeatures.features.key import FeatureKey
from samefeatures.features.opening import Wanted, open_store
from samefeatures.features.residency import Residency
from samefeatures.features.store import CHUNK_ROWS
from samefeatures.features.stored import StoredFeatures
from samefeatures.images.decode import decode
from samefeatures.images.imageset import ImageSet
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.record import ImageNetwork
from samefeatures.planning.linear import Clock, Linear, fitted
from samefeatures.planning.machine import standing
from samefeatures.study.inputs import Part

SECONDS = 20.0
"""For the forward passes of all networks together, and a fifth of it for decoding."""
LEAST, MOST = 0.2, 2.0
"""Seconds for one network."""
T = TypeVar("T")
SAMPLE = 32
"""Images that are decoded for the measurement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureRates:
    """How fast rows of features are made and moved.

    Attributes:
        decode: Images a second by the name of the source, read, decoded and cropped for all
            networks, all views included.
        forward: Rows a second by network, normalising included.
        write: Seconds of storing one chunk, by bytes.
        read: Seconds of reading, by bytes.
        stored: Bytes on disk per byte of features, by network.
        halved: Rows of a batch, by network, where memory did not suffice for those of the study.
    """

    decode: Mapping[str, float]
    forward: Mapping[str, float]
    write: Linear
    read: Linear
    stored: Mapping[str, float]
    halved: Mapping[str, int] = field(default_factory=dict)


def measure_features(
    parts: Sequence[Part],
    networks: Sequence[ImageNetwork],
    *,
    folder: Path,
    batch_size: int,
    workers: int | None,
    progress: Progress,
    clock: Clock = time.perf_counter,
) -> FeatureRates:
    """Decode a few images of every source, run every network on some, store and read them.

    Args:
        parts: Sources of images, fit and eval.
        networks: That see images.
        folder: On the disk that features will be on; what is written there is removed. Need not be
            there.
        batch_size: As the study says.
        workers: Threads that decode.
        progress: Shows how far it is.
        clock: Seconds.

    Raises:
        OutOfMemoryError: when not even one image fits into the device's memory.
        StoreError: when nothing can be written there.
    """
    each = min(MOST, max(LEAST, SECONDS / max(len(networks), 1)))
    advance = progress.task("measure decoding and networks", len(parts) + len(networks))
    shapes = list({net.preprocessing.geometry: net.preprocessing for net in networks}.values())
    rates: dict[str, float] = {}
    for part in parts:
        rates[part.images.name] = decode_rate(
            part, shapes, workers=workers, seconds=SECONDS / 5 / len(parts), clock=clock
        )
        advance(1)
    sample = _sample(parts[0]) if parts else []
    forward: dict[str, float] = {}
    features: dict[str, Float32] = {}
    halved: dict[str, int] = {}
    turns = Residency(frozenset())  # one after another: together they may not fit
    for network in networks:
        pixels = np.stack([network.preprocessing.pixels(image) for image in sample])
        with turns.on_device(network):
            rate = partial(network_rate, network, pixels, seconds=each, clock=clock)
            forward[network.name], fits = fitting(network, batch_size, rate)
            features[network.name], _ = fitting(
                network, min(fits, 8), partial(_rows, network, pixels)
            )
        if fits < batch_size:
            halved[network.name] = fits
        advance(1)
    folder = standing(folder)
    with writing(folder), tempfile.TemporaryDirectory(dir=folder, prefix=".plan-") as place:
        stored = {name: _stored_share(rows, Path(place)) for name, rows in features.items()}
        write, read = _disk(Path(place), clock)
    return FeatureRates(
        decode=rates, forward=forward, write=write, read=read, stored=stored, halved=halved
    )


def fitting(network: ImageNetwork, batch_size: int, work: Callable[[int], T]) -> tuple[T, int]:
    """What ``work`` says of the largest batch that fits, halved as a run would, and that batch.

    Raises:
        OutOfMemoryError: when not even one image fits.
    """
    while True:
        try:
            return work(batch_size), batch_size
        except OutOfMemoryError as error:
            if batch_size == 1:
                raise too_small(network, error) from None
        batch_size //= 2


def decode_rate(
    part: Part,
    shapes: Sequence[Preprocessing],
    *,
    workers: int | None,
    seconds: float,
    clock: Clock = time.perf_counter,
) -> float:
    """Images a second of one source, on all threads, each cropped once per shape and view."""
    images, views = part.images, part.views

    def one(i: int) -> None:
        try:
            image = decode(images.read(i))
        except UnreadableImageError:
            return
        regions = [
            views.region(images.ids[i], v, *image.size) if views else None
            for v in range(views.count if views else 1)
        ]
        for prep in shapes:
            for region in regions:
                prep.pixels(image, region)

    rows = _spread(images, 2 * SAMPLE)
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        list(pool.map(one, rows[:2]))
        start, done = clock(), 0
        while done == 0 or clock() - start < seconds:
            list(pool.map(one, rows))
            done += len(rows)
        return done / (clock() - start)


def network_rate(
    network: ImageNetwork,
    pixels: npt.NDArray[np.uint8],
    batch_size: int,
    *,
    seconds: float,
    clock: Clock = time.perf_counter,
) -> float:
    """Rows a second from cropped bytes to features, in batches as large as time allows."""
    prep = network.preprocessing

    def run(count: int) -> float:
        batch = np.resize(pixels, (count, *pixels.shape[1:]))  # repeats images where they are few
        start = clock()
        network.backend.features(prep.normalise(batch))
        return clock() - start

    run(1)  # pays for whatever is made on first use
    first = run(1)
    count = max(1, min(batch_size, int(seconds / max(first, 1e-9) / 2)))
    if count > 1:
        run(count)  # a new shape is prepared for
    spent, done = 0.0, 0
    while spent < seconds:
        spent += run(count)
        done += count
    return done / spent


def _rows(network: ImageNetwork, pixels: npt.NDArray[np.uint8], batch: int) -> Float32:
    """(sample, d) features of the sample."""
    prep = network.preprocessing
    starts = range(0, len(pixels), batch)
    return np.concatenate(
        [network.backend.features(prep.normalise(pixels[i : i + batch])) for i in starts]
    )


def _sample(part: Part) -> list[Image.Image]:
    found = []
    for i in _spread(part.images, SAMPLE):
        try:
            found.append(decode(part.images.read(i)))
        except UnreadableImageError:
            continue
    return found or [Image.new("RGB", (256, 256))]


def _spread(images: ImageSet, count: int) -> list[int]:
    """Indices over the whole of a set."""
    return [int(i) for i in np.linspace(0, len(images) - 1, min(count, len(images)))]


def _stored_share(features: Float32, place: Path) -> float:
    """Bytes on disk per byte of these features."""
    store = _store(place, len(features), features.shape[1])
    store.store.write_chunk(0, np.ascontiguousarray(features, np.float32), {})
    chunk = Path(str(store.store.place)) / "features" / "c" / "0" / "0"
    return float(chunk.stat().st_size / features.nbytes)


def _disk(place: Path, clock: Clock) -> tuple[Linear, Linear]:
    """Writing a chunk, and reading several, of features after a rectifier."""
    rng = np.random.default_rng(0)

    def block(dim: int) -> Float32:
        return np.maximum(rng.standard_normal((CHUNK_ROWS, dim), np.float32), 0)

    def write(dim: int) -> Callable[[], object]:
        store, features = _store(place, CHUNK_ROWS, dim), block(dim)
        return lambda: store.store.write_chunk(0, features, {})

    def read(dim: int) -> Callable[[], object]:
        store, features = _store(place, 4 * CHUNK_ROWS, dim), block(dim)
        for k in range(4):
            store.store.write_chunk(k, features, {})
        return lambda: [None for _ in store.chunks(4 * CHUNK_ROWS)]

    def size(chunks: int) -> Callable[[int], float]:
        return lambda dim: 4.0 * chunks * CHUNK_ROWS * dim

    dims = (64, 2048)
    return (
        fitted(write, dims, units=size(1), clock=clock),
        fitted(read, dims, units=size(4), calls=4, clock=clock),
    )


def _store(place: Path, rows: int, dim: int) -> StoredFeatures:
    """An empty store of its own folder."""
    images = ImageSet(
        name="plan",
        ids=[str(i) for i in range(rows)],
        labels=None,
        fingerprint="plan",
        read=lambda _: Image.new("RGB", (2, 2)),
    )
    key = FeatureKey(
        network="plan",
        preprocessing={},
        images="plan",
        views=None,
        runtime="plan",
        decoder="plan",
        extractor=0,
    )
    root = Path(tempfile.mkdtemp(dir=place))
    store = open_store(root, Wanted(name="plan", dim=dim, key=key, images=images))
    return StoredFeatures(store, images)
