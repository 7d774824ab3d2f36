"""What runs on the workers. A process loads the networks once and keeps them."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from samefeatures.algebra import open_algebra
from samefeatures.base.errors import ClusterError, StoreError
from samefeatures.base.progress import Silent
from samefeatures.cluster.order import Order
from samefeatures.features.crops import Work
from samefeatures.features.extract import computed_chunks, fill, open_stores
from samefeatures.features.rates import Meter, Rate
from samefeatures.features.rows import FeatureRows
from samefeatures.features.store import FeatureStore
from samefeatures.joint.record import Moments
from samefeatures.joint.sums import Accumulator
from samefeatures.networks.record import ImageNetwork
from samefeatures.study.inputs import Part, StudyInputs, open_inputs
from samefeatures.study.runner import Finished, extract_options
from samefeatures.study.sides import eval_side, fit_side


@dataclass(frozen=True, slots=True)
class Task:
    """A run of chunks of one part of an image set.

    Attributes:
        kind: ``fit`` or ``eval``.
        part: Its name.
        chunks: Numbers, in order.
        digests: Of the keys of the stores that the study expects, by name of the network.
        known: Why an image is not to be looked at, by its index in the set.
    """

    kind: str
    part: str
    chunks: tuple[int, ...]
    digests: Mapping[str, str]
    known: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stored:
    """What a task stored.

    Attributes:
        rows: By name of the network.
        rates: Of the networks, in this task alone.
        waited: Seconds in which they waited for images.
    """

    rows: Mapping[str, int]
    rates: Mapping[str, Rate]
    waited: float


class Bench:
    """The networks and images of a study in one worker process."""

    def __init__(self, order: Order) -> None:
        order.check_versions()
        self._order = order
        self._sides: dict[str, list[FeatureRows]] = {}
        self._meter = Meter()  # a batch that was halved stays so for the tasks to come

    @cached_property
    def inputs(self) -> StudyInputs:
        """Loaded and listed on this machine."""
        with _named():
            return open_inputs(self._order.config, base=self._order.base, progress=Silent())

    def extract(self, task: Task) -> Stored:
        """Compute and store what is missing of the task's chunks."""
        part, networks = self._part(task), self._networks(task)
        with _named():
            stores = self._stores(task, part, networks)
            missing = [store.missing() & set(task.chunks) for store in stores]
            work = Work(networks, missing, part.images, part.views, task.known)
            rows = dict.fromkeys(task.digests, 0)
            options = extract_options(self._order.config)
            for name, count in fill(work, stores, options=options, meter=self._meter):
                rows[name] += count
        return Stored(rows, *self._meter.take())

    def probe(self, task: Task) -> None:
        """Run the networks on what the task does not know, store nothing: do we survive?"""
        part, networks = self._part(task), self._networks(task)
        missing = [set(task.chunks)] * len(networks)
        work = Work(networks, missing, part.images, part.views, task.known)
        per_chunk = self._stores(task, part, networks)[0].images_per_chunk
        options = replace(extract_options(self._order.config), strict=False)
        for _ in computed_chunks(work, per_chunk, options=options):
            pass

    def moments(self, kind: str, start: int, stop: int, rows_at_a_time: int) -> Moments:
        """Of the rows ``start`` to ``stop``, read from the shared stores."""
        with _named():
            rows = self._rows(kind)
            config = self._order.config
            sums = Accumulator(
                Moments([part.name for part in rows], [part.dim for part in rows]),
                precision=config.algebra.precision,
                algebra=open_algebra(config.algebra_device),
            )
            for first in range(start, stop, rows_at_a_time):
                last = min(stop, first + rows_at_a_time)
                sums.update(*(part.span(first, last) for part in rows))
            return sums.moments()

    def _rows(self, kind: str) -> list[FeatureRows]:
        """Of one side, which is whole when its moments are taken; the other may not be yet."""
        if kind not in self._sides:
            side = fit_side if kind == "fit" else eval_side
            self._sides[kind] = list(side(self.inputs, Finished(self._order.root)).rows.values())
        return self._sides[kind]

    def _part(self, task: Task) -> Part:
        parts = self.inputs.fit if task.kind == "fit" else self.inputs.eval
        return next(part for part in parts if part.images.name == task.part)

    def _networks(self, task: Task) -> list[ImageNetwork]:
        return [net for net in self.inputs.image_networks if net.name in task.digests]

    def _stores(
        self, task: Task, part: Part, networks: Sequence[ImageNetwork]
    ) -> list[FeatureStore]:
        stores = open_stores(networks, part.images, self._order.root, views=part.views)
        for store in stores:
            if store.digest != task.digests[store.name]:
                raise ClusterError(
                    f"'{store.name}' on '{task.part}' is not the same here as for the process that "
                    "runs the study: its weights, its code or the images differ (their names, "
                    "sizes or times). Give every machine the same files, best by a shared disk."
                )
        return stores


@contextmanager
def _named() -> Iterator[None]:
    """Say on which machine something went wrong that is the machine's."""
    try:
        yield
    except (ClusterError, StoreError) as error:
        raise type(error)(f"On the machine {socket.gethostname()}: {error}") from None


@lru_cache(maxsize=1)
def bench_of(order: Order) -> Bench:
    """The bench of a study; Ray keeps worker processes, and so their networks, between tasks."""
    return Bench(order)


def extract_task(order: Order, task: Task) -> Stored:
    """See ``Bench.extract``."""
    return bench_of(order).extract(task)


def probe_task(order: Order, task: Task) -> None:
    """See ``Bench.probe``."""
    bench_of(order).probe(task)


def moments_task(order: Order, kind: str, start: int, stop: int, rows_at_a_time: int) -> Moments:
    """See ``Bench.moments``."""
    return bench_of(order).moments(kind, start, stop, rows_at_a_time)


def merge_task(first: Moments, second: Moments) -> Moments:
    """Of the rows of both; Ray hands over what it stores read-only."""
    return first + second
