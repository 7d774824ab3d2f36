"""The only loop over images: decode once, run every network, store chunk by chunk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from samefeatures.base.arrays import Float32
from samefeatures.base.display import Display, ProgressChoice
from samefeatures.base.errors import ConfigError
from samefeatures.base.options import check_known, check_whole
from samefeatures.base.paths import PathLike
from samefeatures.base.progress import Progress
from samefeatures.features.agreement import agree, tell_others, unreadable
from samefeatures.features.batches import Batches
from samefeatures.features.crops import Work, decode_ahead
from samefeatures.features.key import feature_key
from samefeatures.features.opening import Wanted, open_store
from samefeatures.features.place import Root, root_of
from samefeatures.features.prints import rounding_of
from samefeatures.features.rates import Meter
from samefeatures.features.residency import RESIDENT, Residency
from samefeatures.features.store import FeatureStore
from samefeatures.features.stored import StoredFeatures
from samefeatures.images.imageset import ImageSet
from samefeatures.images.views import Views
from samefeatures.networks.record import ImageNetwork

OnRows = Callable[[str, int], None]
"""Told, after each chunk, the network's name and how many rows more are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractOptions:
    """How to run; none of it changes a feature beyond float32 rounding.

    Attributes:
        batch_size: Rows per forward pass.
        workers: Threads that read and decode; None takes the number of processors.
        strict: Stop at the first image that can't be read, instead of leaving it out.
        resident: Which networks stay on the device: ``auto`` as many as fit into its memory,
            ``all``, or ``one`` at a time. No effect on the processor, unless ``memory`` is given.
        memory: Bytes of the device that ``auto`` may count on; None asks the device.
    """

    batch_size: int = 32
    workers: int | None = None
    strict: bool = False
    resident: str = "auto"
    memory: int | None = None

    def __post_init__(self) -> None:
        batch = check_whole("batch_size", self.batch_size, least=1)
        object.__setattr__(self, "batch_size", batch)
        if self.workers is not None:
            workers = check_whole("workers", self.workers, least=1)
            object.__setattr__(self, "workers", workers)
        if self.memory is not None:
            memory = check_whole("memory", self.memory, least=1)
            object.__setattr__(self, "memory", memory)
        check_known(self.resident, RESIDENT, "resident is", ConfigError)


def open_stores(
    networks: Sequence[ImageNetwork], images: ImageSet, root: Root, *, views: Views | None
) -> list[FeatureStore]:
    """The store of every network on an image set, created empty where there is none.

    Raises:
        StoreError: when one can't be read or written.
    """
    return [open_store(root, wanted_of(net, images, views)) for net in networks]


def wanted_of(network: ImageNetwork, images: ImageSet, views: Views | None) -> Wanted:
    """What a store of a network on an image set is to hold."""
    return Wanted(
        name=network.name,
        dim=network.dim,
        key=feature_key(network, images, views),
        images=images,
        views=views,
        effect=network.effect,
        probe=network.split.probe if network.split else None,
        rounding=rounding_of(network),
    )


def extract(
    networks: Sequence[ImageNetwork],
    images: ImageSet,
    root: PathLike,
    *,
    views: Views | None = None,
    options: ExtractOptions | None = None,
    progress: ProgressChoice = "quiet",
    on_rows: OnRows | None = None,
    meter: Meter | None = None,
) -> list[StoredFeatures]:
    """Features of every network on every image, in stores below ``root``.

    Each image is read and decoded once for all networks. Chunks that are stored already are not
    computed again, so that a run that was stopped goes on where it was. Images that can't be read
    are left out for every network alike, those of earlier runs included. Where memory runs out, a
    network goes on with half the batch; ``meter`` keeps that, and how fast every network ran.

    Args:
        networks: With different names.
        images: Of which those that are stored already are not read.
        root: Folder or URL of the stores.
        views: Random crops; None is the plain centre crop.
        options: How to run.
        progress: ``"bar"``, ``"quiet"``, or a function that takes a ``ProgressStep``.
        on_rows: Told what is done, for callers with a display of their own.
        meter: Keeps speeds.

    Raises:
        OutOfMemoryError: when not even one image fits into the device's memory.
        FeatureError: when a network returns NaN or infinite features; networks and ids are named.
        UnreadableImageError: in strict mode.
        StoreError: when the store can't be written.
    """
    options = options or ExtractOptions()
    stores = open_stores(networks, images, root_of(root), views=views)
    missing = [store.missing() for store in stores]
    with Display(progress) as shown:
        meter = meter or Meter(on_halved=shown.note)
        tell = _telling(stores, shown, meter, on_rows)
        for store, lacks in zip(stores, missing, strict=True):
            tell(store.name, store.rows_but(lacks))
        known = agree(stores, missing, images, strict=options.strict)
        work = Work(networks, missing, images, views, known)
        for name, rows in fill(work, stores, options=options, meter=meter):
            tell(name, rows)
    agree(stores, [set() for _ in stores], images, strict=options.strict)
    return [StoredFeatures(store, images) for store in stores]


def _telling(
    stores: Sequence[FeatureStore], shown: Progress, meter: Meter, on_rows: OnRows | None
) -> OnRows:
    """Tells a display, with a task a network, and ``on_rows``."""
    bars = {
        store.name: shown.task(
            f"features: {store.name}",
            store.images * store.views,
            rate=partial(meter.words, store.name),
        )
        for store in stores
    }

    def tell(name: str, rows: int) -> None:
        bars[name](rows)
        if on_rows:
            on_rows(name, rows)

    return tell


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


def computed_chunks(
    work: Work, images_per_chunk: int, *, options: ExtractOptions, meter: Meter | None = None
) -> Iterator[Computed]:
    """Features of the chunks that ``work`` says are missing: chunk by chunk, network by network.

    Raises:
        FeatureError: when a network returns NaN or infinite features; network and ids are named.
        UnreadableImageError: in strict mode.
    """
    wanted = sorted(set().union(*work.missing))
    meter = meter or Meter()
    # Networks that have nothing to do must not take memory from those that have.
    busy = [net for net, lacks in zip(work.networks, work.missing, strict=True) if lacks]
    residency = Residency.of(busy, options.resident, options.memory, batch_size=options.batch_size)
    batches = Batches(options.batch_size, meter, make_room=residency.make_room)
    with ThreadPoolExecutor(options.workers or os.cpu_count() or 1) as pool:
        chunks = decode_ahead(work, wanted, images_per_chunk, pool)
        for k, crops in meter.awaited(chunks):
            if options.strict and crops.problems:
                index, reason = next(iter(crops.problems.items()))
                raise unreadable(crops.ids[index], reason)
            for at, (network, lacks) in enumerate(zip(work.networks, work.missing, strict=True)):
                if k in lacks:
                    with residency.on_device(network):
                        features = batches.run(network, crops)
                    yield Computed(at, k, features, crops.problems)


def fill(
    work: Work,
    stores: Sequence[FeatureStore],
    *,
    options: ExtractOptions,
    meter: Meter | None = None,
) -> Iterator[tuple[str, int]]:
    """Compute and store the chunks that ``work`` says are missing.

    While one is stored the next one is computed.

    Yields:
        After each chunk of a network its name, and how many rows were stored.
    """

    def store(done: Computed) -> tuple[str, int]:
        tell_others(stores, work.missing, done.chunk, done.problems)
        stores[done.network].write_chunk(done.chunk, done.features, done.problems)
        return stores[done.network].name, len(done.features)

    chunks = computed_chunks(work, stores[0].images_per_chunk, options=options, meter=meter)
    with ThreadPoolExecutor(1) as writer:
        under_way: list[Future[tuple[str, int]]] = []
        for done in chunks:
            yield from (each.result() for each in under_way)
            under_way = [writer.submit(store, done)]
        yield from (each.result() for each in under_way)
