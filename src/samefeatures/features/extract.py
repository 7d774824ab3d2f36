"""The only loop over images: decode once, run every network, store chunk by chunk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import PIL

from samefeatures.data.imageset import ImageSet
from samefeatures.data.views import Views
from samefeatures.errors import ConfigError, FeatureError, UnreadableImageError
from samefeatures.features.crops import Crops, Work, decode_ahead
from samefeatures.features.opening import open_features
from samefeatures.features.place import Root
from samefeatures.features.store import FeatureKey, StoredFeatures
from samefeatures.networks.network import Float32, ImageNetwork

EXTRACTOR_VERSION = 1
"""Raised whenever a change here or in ``data`` changes a feature's value."""

OnRows = Callable[[str, int], None]
"""Told, after each chunk, the network's name and how many rows more are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractOptions:
    """How to run; none of it changes a feature beyond float32 rounding.

    Attributes:
        batch_size: Rows per forward pass.
        workers: Threads that read and decode; None takes the number of processors.
        strict: Stop at the first image that can't be read, instead of leaving it out.
    """

    batch_size: int = 32
    workers: int | None = None
    strict: bool = False

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ConfigError(f"batch_size is {self.batch_size}; it must be at least 1.")
        if self.workers is not None and self.workers < 1:
            raise ConfigError(f"workers is {self.workers}; it must be at least 1.")


def feature_key(network: ImageNetwork, images: ImageSet, views: Views | None) -> FeatureKey:
    """Everything that decides the features of a network on an image set."""
    return FeatureKey(
        network=network.fingerprint,
        preprocessing=network.preprocessing.as_dict(),
        images=images.fingerprint,
        views=views.as_dict() if views else None,
        runtime=network.backend.runtime,
        decoder=f"Pillow {PIL.__version__}",
        extractor=EXTRACTOR_VERSION,
    )


def open_stores(
    networks: Sequence[ImageNetwork], images: ImageSet, root: Root, *, views: Views | None
) -> list[StoredFeatures]:
    """The store of every network on an image set, created empty where there is none.

    Raises:
        StoreError: when one can't be read or written.
    """
    return [
        open_features(
            root, net.name, feature_key(net, images, views), images, dim=net.dim, views=views
        )
        for net in networks
    ]


def extract(
    networks: Sequence[ImageNetwork],
    images: ImageSet,
    root: Root,
    *,
    views: Views | None = None,
    options: ExtractOptions | None = None,
    on_rows: OnRows | None = None,
) -> list[StoredFeatures]:
    """Features of every network on every image, in stores below ``root``.

    Each image is read and decoded once for all networks. Chunks that are stored already are not
    computed again, so that a run that was stopped goes on where it was. Images that can't be read
    are left out for every network alike.

    Raises:
        FeatureError: when a network returns NaN or infinite features; networks and ids are named.
        UnreadableImageError: in strict mode.
        StoreError: when the store can't be written.
    """
    options = options or ExtractOptions()
    stores = open_stores(networks, images, root, views=views)
    missing = [set(store.missing()) for store in stores]
    if on_rows:
        for store, lacks in zip(stores, missing, strict=True):
            done = set(range(store.chunk_count)) - lacks
            on_rows(store.name, sum(store.rows_in(k) for k in done))
    work = Work(networks, missing, images, views)
    for name, rows in fill(work, stores, options=options):
        if on_rows:
            on_rows(name, rows)
    if options.strict:
        refuse_left_out(stores)
    return stores


@dataclass(frozen=True, slots=True, eq=False)
class Computed:
    """Features of one network on one chunk.

    Attributes:
        network: Its place in ``Work.networks``.
        chunk: Number of the chunk.
        features: (images · views, d); NaN in the rows of images that have a problem.
        problems: Why an image can't be used, by its index in the chunk.
    """

    network: int
    chunk: int
    features: Float32
    problems: Mapping[int, str]


def compute(work: Work, images_per_chunk: int, *, options: ExtractOptions) -> Iterator[Computed]:
    """Features of the chunks that ``work`` says are missing: chunk by chunk, network by network.

    Raises:
        FeatureError: when a network returns NaN or infinite features; network and ids are named.
        UnreadableImageError: in strict mode.
    """
    wanted = sorted(set().union(*work.missing))
    with ThreadPoolExecutor(options.workers or os.cpu_count() or 1) as pool:
        for k, crops in decode_ahead(work, wanted, images_per_chunk, pool):
            if options.strict and crops.problems:
                index, reason = next(iter(crops.problems.items()))
                raise _unreadable(crops.ids[index], reason)
            for at, (network, lacks) in enumerate(zip(work.networks, work.missing, strict=True)):
                if k in lacks:
                    features = _run(network, crops, options.batch_size)
                    yield Computed(at, k, features, crops.problems)


def fill(
    work: Work, stores: Sequence[StoredFeatures], *, options: ExtractOptions
) -> Iterator[tuple[str, int]]:
    """Compute and store the chunks that ``work`` says are missing.

    Yields:
        After each chunk of a network its name, and how many rows were stored.
    """
    for done in compute(work, stores[0].images_per_chunk, options=options):
        stores[done.network].write_chunk(done.chunk, done.features, done.problems)
        yield stores[done.network].name, len(done.features)


def refuse_left_out(stores: Sequence[StoredFeatures]) -> None:
    """Chunks of an earlier run that was not strict may lack images too."""
    for store in stores:
        for name, reason in store.left_out.items():
            raise _unreadable(name, reason)


def _unreadable(name: str, reason: str) -> UnreadableImageError:
    return UnreadableImageError(
        f"{name} can't be read: {reason}. Mend or remove it, or run without --strict to leave it "
        "out."
    )


def _run(network: ImageNetwork, crops: Crops, batch_size: int) -> Float32:
    """(rows, d) features of a chunk; NaN in the rows of images with problems."""
    prep = network.preprocessing
    pixels = crops.pixels[prep.geometry]
    features = np.concatenate(
        [
            network.backend.features(prep.normalise(pixels[start : start + batch_size]))
            for start in range(0, len(pixels), batch_size)
        ]
    )
    if features.shape != (len(pixels), network.dim):
        raise FeatureError(
            f"{network.name} returned features of shape {features.shape} for {len(pixels)} images; "
            f"its head takes {network.dim}. The backend and the head do not belong together."
        )
    for i in crops.problems:
        features[i * crops.views : (i + 1) * crops.views] = 0
    bad = np.flatnonzero(~np.isfinite(features).all(axis=1))
    if len(bad):
        names = list(dict.fromkeys(crops.ids[int(row) // crops.views] for row in bad))
        raise FeatureError(
            f"{network.name} returned NaN or infinite features for {len(names)} images, among "
            f"them {', '.join(names[:5])}. Check its preprocessing and its weights; "
            "nothing of this chunk was stored."
        )
    for i in crops.problems:
        features[i * crops.views : (i + 1) * crops.views] = np.nan
    return np.ascontiguousarray(features, np.float32)
