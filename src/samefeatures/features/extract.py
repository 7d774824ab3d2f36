"""The only loop over images: decode once, run every network, store chunk by chunk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL

from samefeatures.data.decode import decode
from samefeatures.data.imageset import ImageSet
from samefeatures.data.preprocess import Preprocessing
from samefeatures.data.views import Views
from samefeatures.errors import ConfigError, FeatureError, UnreadableImageError
from samefeatures.features.store import FeatureKey, StoredFeatures, open_features
from samefeatures.networks.network import Float32, ImageNetwork

EXTRACTOR_VERSION = 1
"""Raised whenever a change here or in ``data`` changes a feature's value."""

Pixels = npt.NDArray[np.uint8]
Geometry = tuple[object, ...]
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


def extract(
    networks: Sequence[ImageNetwork],
    images: ImageSet,
    root: Path,
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
    stores = [
        open_features(
            root, net.name, feature_key(net, images, views), images, dim=net.dim, views=views
        )
        for net in networks
    ]
    work = Work(networks, [set(store.missing()) for store in stores], images, views)
    if on_rows:
        for store, lacks in zip(stores, work.missing, strict=True):
            done = set(range(store.chunk_count)) - lacks
            on_rows(store.name, sum(_rows_in(store, k) for k in done))
    for each in compute(work, stores[0].images_per_chunk, options=options):
        store = stores[each.network]
        store.write_chunk(each.chunk, each.features, each.problems)
        if on_rows:
            on_rows(store.name, len(each.features))
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
    """Missing chunks in order, each for the networks that lack it, in theirs; nothing is stored.

    Raises:
        FeatureError: when a network returns NaN or infinite features.
        UnreadableImageError: in strict mode.
    """
    wanted = sorted(set().union(*work.missing))
    with ThreadPoolExecutor(options.workers or os.cpu_count() or 1) as pool:
        for k, crops in _decode_ahead(work, wanted, images_per_chunk, pool):
            if options.strict and crops.problems:
                index, reason = next(iter(crops.problems.items()))
                raise _unreadable(crops.ids[index], reason)
            for at, (network, lacks) in enumerate(zip(work.networks, work.missing, strict=True)):
                if k in lacks:
                    features = _run(network, crops, options.batch_size)
                    yield Computed(at, k, features, crops.problems)


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


def _rows_in(store: StoredFeatures, k: int) -> int:
    return min(store.images_per_chunk, store.images - k * store.images_per_chunk) * store.views


@dataclass(frozen=True, slots=True, eq=False)
class Crops:
    """One chunk of images, cropped once per geometry.

    Attributes:
        ids: Of the images.
        pixels: (images · views, h, w, 3) bytes by geometry; black where an image has a problem.
        problems: Why an image can't be used, by its index in the chunk.
        views: Rows per image.
    """

    ids: Sequence[str]
    pixels: Mapping[Geometry, Pixels]
    problems: Mapping[int, str]
    views: int


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What is to be done: chunks that each network lacks, on which images."""

    networks: Sequence[ImageNetwork]
    missing: Sequence[set[int]]
    images: ImageSet
    views: Views | None

    def shapes(self, k: int) -> dict[Geometry, Preprocessing]:
        """The geometries that some network still lacks for chunk ``k``."""
        return {
            net.preprocessing.geometry: net.preprocessing
            for net, lacks in zip(self.networks, self.missing, strict=True)
            if k in lacks
        }


def _decode_ahead(
    work: Work, wanted: Sequence[int], per_chunk: int, pool: ThreadPoolExecutor
) -> Iterator[tuple[int, Crops]]:
    """Chunks in order; the next one is decoded while the current one is computed."""

    def submit(k: int) -> list[Future[Decoded]]:
        shapes, rows = work.shapes(k), images_in(k)
        return [pool.submit(_decode_one, work.images, i, shapes, work.views) for i in rows]

    def images_in(k: int) -> range:
        return range(k * per_chunk, min((k + 1) * per_chunk, len(work.images)))

    ahead = submit(wanted[0]) if wanted else []
    for at, k in enumerate(wanted):
        current = ahead
        if at + 1 < len(wanted):
            ahead = submit(wanted[at + 1])
        try:
            decoded = [future.result() for future in current]
            yield k, _stack(decoded, work, k, [work.images.ids[i] for i in images_in(k)])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


Decoded = dict[Geometry, list[Pixels]] | str
"""One image's crops by geometry, or why there are none."""


def _decode_one(
    images: ImageSet, i: int, shapes: Mapping[Geometry, Preprocessing], views: Views | None
) -> Decoded:
    try:
        image = decode(images.read(i))
    except UnreadableImageError as error:
        return str(error)
    if views is None:
        return {key: [prep.pixels(image)] for key, prep in shapes.items()}
    regions = [views.region(images.ids[i], v, *image.size) for v in range(views.count)]
    return {key: [prep.pixels(image, r) for r in regions] for key, prep in shapes.items()}


def _stack(decoded: Sequence[Decoded], work: Work, k: int, ids: Sequence[str]) -> Crops:
    count = work.views.count if work.views else 1
    pixels = {}
    for key, prep in work.shapes(k).items():
        _, height, width = prep.input_size
        block = np.zeros((len(decoded) * count, height, width, 3), np.uint8)
        for i, item in enumerate(decoded):
            if not isinstance(item, str):
                block[i * count : (i + 1) * count] = item[key]
        pixels[key] = block
    problems = {i: item for i, item in enumerate(decoded) if isinstance(item, str)}
    return Crops(ids, pixels, problems, count)


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
