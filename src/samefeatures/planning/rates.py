"""Short measurements of one study: its own images and its own networks."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import OutOfMemoryError
from samefeatures.base.progress import Progress
from samefeatures.features.batches import too_small
from samefeatures.features.residency import Residency
from samefeatures.networks.record import ImageNetwork
from samefeatures.planning.decoding import decode_rate, pictures
from samefeatures.planning.linear import Clock
from samefeatures.planning.stores import StoreRates, measure_stores
from samefeatures.study.inputs import Part

SECONDS = 20.0
"""For the forward passes of all networks together, and a fifth of it for decoding."""
LEAST, MOST = 0.2, 2.0
"""Seconds for one network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureRates:
    """How fast rows of features are made and moved.

    Attributes:
        decode: Images a second by the name of the source, read, decoded and cropped for all
            networks, all views included.
        forward: Rows a second by network, normalising included; NaN where it could not be run.
        store: The disk that they will be on.
        halved: Rows of a batch, by network, where memory did not suffice for those of the study.
    """

    decode: Mapping[str, float]
    forward: Mapping[str, float]
    store: StoreRates
    halved: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Timed:
    """A network that was run for a moment.

    Attributes:
        rate: Rows a second.
        batch_size: The largest tried that fits.
        features: (sample, d) float32.
    """

    rate: float
    batch_size: int
    features: Float32


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
    shapes = [net.preprocessing for net in networks]
    decoded = {}
    for part in parts:
        decoded[part.images.name] = decode_rate(
            part, shapes, workers=workers, seconds=SECONDS / 5 / len(parts), clock=clock
        )
        advance(1)
    sample = pictures(parts[0].images) if parts else []
    timed = {}
    turns = Residency(frozenset())  # one after another: together they may not fit
    for network in networks:
        with turns.on_device(network):
            timed[network.name] = time_network(
                network, sample, batch_size, seconds=each, clock=clock
            )
        advance(1)
    return FeatureRates(
        decode=decoded,
        forward={n: t.rate for n, t in timed.items()},
        store=measure_stores(folder, {n: t.features for n, t in timed.items()}, clock=clock),
        halved={n: t.batch_size for n, t in timed.items() if t.batch_size < batch_size},
    )


def time_network(
    network: ImageNetwork,
    sample: Sequence[Image.Image],
    batch_size: int,
    *,
    seconds: float,
    clock: Clock = time.perf_counter,
) -> Timed:
    """Run a network on some pictures, in batches that are halved while memory runs out.

    Args:
        network: Where it will run.
        sample: At least one.
        batch_size: Tried first.
        seconds: How long at the least, beyond the first batches.
        clock: Seconds.

    Raises:
        OutOfMemoryError: when not even one image fits.
    """
    prep = network.preprocessing
    pixels = np.stack([prep.pixels(image) for image in sample])  # (sample, h, w, 3)

    def features(batch: int) -> Float32:
        starts = range(0, len(pixels), batch)
        return np.concatenate([_forward(network, pixels[i : i + batch]) for i in starts])

    while True:
        try:
            found = features(batch_size)
            rate = network_rate(network, pixels, batch_size, seconds=seconds, clock=clock)
            return Timed(rate, batch_size, found)
        except OutOfMemoryError as error:
            if batch_size == 1:
                raise too_small(network, error) from None
        batch_size //= 2


def network_rate(
    network: ImageNetwork,
    pixels: npt.NDArray[np.uint8],
    batch_size: int,
    *,
    seconds: float,
    clock: Clock = time.perf_counter,
) -> float:
    """Rows a second from (n, h, w, 3) uint8 crops to features, in batches that time allows."""

    def run(count: int) -> float:
        batch = np.resize(pixels, (count, *pixels.shape[1:]))  # repeats images where they are few
        start = clock()
        _forward(network, batch)
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


def _forward(network: ImageNetwork, pixels: npt.NDArray[np.uint8]) -> Float32:
    """(n, h, w, 3) crops to (n, d) features."""
    return network.backend.features(network.preprocessing.normalise(pixels))
