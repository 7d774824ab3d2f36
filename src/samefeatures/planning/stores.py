"""Short measurements of the disk that features will be on."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from samefeatures.base.arrays import Float32
from samefeatures.base.files import writing
from samefeatures.features.key import FeatureKey
from samefeatures.features.opening import Wanted, open_store
from samefeatures.features.store import CHUNK_ROWS, FeatureStore
from samefeatures.features.stored import StoredFeatures
from samefeatures.images.imageset import ImageSet
from samefeatures.planning.linear import Clock, Linear, fitted
from samefeatures.planning.machine import standing


@dataclass(frozen=True, slots=True)
class StoreRates:
    """How features are stored.

    Attributes:
        write: Seconds of storing one chunk, by bytes.
        read: Seconds of reading, by bytes.
        shares: Bytes on disk per byte of features, by network.
    """

    write: Linear
    read: Linear
    shares: Mapping[str, float]


def measure_stores(
    folder: Path, features: Mapping[str, Float32], *, clock: Clock = time.perf_counter
) -> StoreRates:
    """Write and read chunks in a folder of their own, which is removed.

    Args:
        folder: On the disk that features will be on; need not be there.
        features: (n, d) of some images, by network.
        clock: Seconds.

    Raises:
        StoreError: when nothing can be written there.
    """
    folder = standing(folder)
    with writing(folder), tempfile.TemporaryDirectory(dir=folder, prefix=".plan-") as name:
        place = Path(name)
        shares = {network: _share(rows, place) for network, rows in features.items()}
        dims = (64, 2048)
        return StoreRates(
            fitted(_writing(place), dims, units=_bytes(1), clock=clock),
            fitted(_reading(place), dims, units=_bytes(4), calls=4, clock=clock),
            shares,
        )


def _share(features: Float32, place: Path) -> float:
    store, _ = _stored(place, len(features), features.shape[1])
    store.write_chunk(0, np.ascontiguousarray(features, np.float32), {})
    chunk = Path(str(store.place)) / "features" / "c" / "0" / "0"
    return float(chunk.stat().st_size / features.nbytes)


def _writing(place: Path) -> Callable[[int], Callable[[], object]]:
    def prepare(dim: int) -> Callable[[], object]:
        (store, _), features = _stored(place, CHUNK_ROWS, dim), _chunk(dim)
        return lambda: store.write_chunk(0, features, {})

    return prepare


def _reading(place: Path) -> Callable[[int], Callable[[], object]]:
    """Of four chunks."""

    def prepare(dim: int) -> Callable[[], object]:
        store, images = _stored(place, 4 * CHUNK_ROWS, dim)
        for k in range(4):
            store.write_chunk(k, _chunk(dim), {})
        # Opened each time: what was read of a small store is held.
        return lambda: [None for _ in StoredFeatures(store, images).chunks(4 * CHUNK_ROWS)]

    return prepare


def _bytes(chunks: int) -> Callable[[int], float]:
    return lambda dim: 4.0 * chunks * CHUNK_ROWS * dim


def _chunk(dim: int) -> Float32:
    """(CHUNK_ROWS, dim) as after a rectifier."""
    rng = np.random.default_rng(0)
    return np.maximum(rng.standard_normal((CHUNK_ROWS, dim), np.float32), 0)


def _stored(place: Path, rows: int, dim: int) -> tuple[FeatureStore, ImageSet]:
    """In an empty store of its own folder."""
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
    return store, images
