"""One network on one chunk of images: in batches, which halve where memory runs out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import FeatureError, OutOfMemoryError
from samefeatures.features.crops import Crops
from samefeatures.features.rates import Meter
from samefeatures.networks.record import ImageNetwork

Pixels = npt.NDArray[np.uint8]


@runtime_checkable
class PixelBackend(Protocol):
    """A backend that takes bytes, and overlaps copying and computing of its batches."""

    def features_of_pixels(self, pixels: Pixels, *, batch_size: int) -> Float32:
        """(n, h, w, 3) bytes to (n, d) features."""
        ...


class Batches:
    """Runs networks at the largest batch that fits.

    Args:
        batch_size: To begin with, unless ``meter`` knows a smaller one of an earlier set.
        meter: Keeps the batch sizes that were found, and the times.
        make_room: Asked first when memory runs out; says whether it freed some.
    """

    def __init__(
        self,
        batch_size: int,
        meter: Meter,
        *,
        make_room: Callable[[ImageNetwork], bool] = lambda _: False,
    ) -> None:
        self._batch_size = batch_size
        self._meter = meter
        self._make_room = make_room

    def run(self, network: ImageNetwork, crops: Crops) -> Float32:
        """(rows, d) features of a chunk; NaN in the rows of images with problems.

        Raises:
            OutOfMemoryError: when not even one image fits.
            FeatureError: when features are NaN, infinite, or of the wrong shape.
        """
        pixels = crops.pixels[network.preprocessing.geometry]
        while True:
            size = self._meter.batch_size(network.name, self._batch_size)
            try:
                with self._meter.timed(network.name, len(pixels)):
                    features = features_of(network, pixels, batch_size=size)
                break
            except OutOfMemoryError as error:
                if self._make_room(network):
                    continue
                if size == 1:
                    raise too_small(network, error) from None
            # A batch is never larger than the chunk: half of what was tried.
            self._meter.halved(network.name, max(1, min(size, len(pixels)) // 2))
        self._meter.ready(network, pixels[:size])
        return _checked(network, features, crops)


def features_of(network: ImageNetwork, pixels: Pixels, *, batch_size: int) -> Float32:
    """(n, h, w, 3) bytes to (n, d) features, in batches."""
    backend: object = network.backend
    if isinstance(backend, PixelBackend):
        return backend.features_of_pixels(pixels, batch_size=batch_size)
    normalise = network.preprocessing.normalise
    return np.concatenate(
        [
            network.backend.features(normalise(pixels[start : start + batch_size]))
            for start in range(0, len(pixels), batch_size)
        ]
    )


def too_small(network: ImageNetwork, error: OutOfMemoryError) -> OutOfMemoryError:
    """What to say when one image does not fit."""
    _, height, width = network.preprocessing.input_size
    return OutOfMemoryError(
        f"The memory of the device is too small for {network.name} on one image of "
        f"{height} x {width} pixels ({error}) End other programs that use the device, set "
        "'resident: one', take a narrower 'precision' or a smaller input_size, or use the device "
        "'cpu'."
    )


def _checked(network: ImageNetwork, features: Float32, crops: Crops) -> Float32:
    rows = len(crops.pixels[network.preprocessing.geometry])
    if features.shape != (rows, network.dim):
        raise FeatureError(
            f"{network.name} returned features of shape {features.shape} for {rows} images; "
            f"its head takes {network.dim}. The backend and the head do not belong together."
        )
    lacking = np.repeat([i in crops.problems for i in range(len(crops.ids))], crops.views)
    bad = np.flatnonzero(~np.isfinite(features).all(axis=1) & ~lacking)
    if len(bad):
        names = list(dict.fromkeys(crops.ids[int(row) // crops.views] for row in bad))
        raise FeatureError(
            f"{network.name} returned NaN or infinite features for {len(names)} images, among "
            f"them {', '.join(names[:5])}. Check its preprocessing and its weights; "
            "nothing of this chunk was stored."
        )
    features[lacking] = np.nan
    return np.ascontiguousarray(features, np.float32)
