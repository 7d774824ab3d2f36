"""Extraction and moments of a study over a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from samefeatures.base.errors import ClusterError, UnreadableImageError
from samefeatures.base.progress import Advance, Progress
from samefeatures.cluster.culprits import find_culprits
from samefeatures.cluster.order import order_of
from samefeatures.cluster.pace import Pace
from samefeatures.cluster.session import Died, run_all
from samefeatures.cluster.tree import moments_over
from samefeatures.cluster.worker import Task, extract_task
from samefeatures.features.agreement import agree
from samefeatures.features.extract import open_stores
from samefeatures.features.rates import Meter, keep_rates
from samefeatures.features.rows import FeatureRows
from samefeatures.features.store import FeatureStore
from samefeatures.features.stored import StoredFeatures
from samefeatures.joint.kept import keep_moments, kept_moments
from samefeatures.joint.record import Moments
from samefeatures.networks.record import ImageNetwork
from samefeatures.study.config import StudyConfig
from samefeatures.study.inputs import Part
from samefeatures.study.runner import feature_root

DEATHS = "a worker died on it, again and again"
"""Why an image at which workers die is left out."""
ROUNDS = 3
"""How often a chunk at which workers die, though no single image kills one, is tried again."""


class RayRunner:
    """Both stages on the cluster that this process is connected to (see ``connected``).

    Args:
        config: Of the study.
        folder: Of the study.
        base: Where relative paths of the config start; the same on every machine.
        progress: Shows how far all workers are together.
    """

    def __init__(
        self, config: StudyConfig, *, folder: Path, base: Path, progress: Progress
    ) -> None:
        self._folder = folder
        self._root = feature_root(config, folder=folder, base=base)
        self._order = order_of(config, base=base, root=self._root)
        self._strict = config.strict
        self._precision = config.algebra.precision
        self._progress = progress
        self._options = config.cluster
        self._pace = Pace(Meter(on_halved=lambda text: progress.note(f"On a worker: {text}")))

    def extract(
        self, networks: Sequence[ImageNetwork], part: Part, *, kind: str
    ) -> list[StoredFeatures]:
        """Tasks over runs of chunks; every chunk goes from a worker into the shared store.

        Raises:
            ClusterError: when machines differ, none is left, or workers die without a reason.
            UnreadableImageError: in strict mode, also for an image at which workers die.
            SamefeaturesError: what a task raised.
        """
        stores = open_stores(networks, part.images, self._root, views=part.views)
        bars = self._bars(stores, part, kind)
        todo = self._tasks(stores, part, kind)
        for _ in range(ROUNDS):
            dead = self._run(todo, bars)
            todo = [task for lost in dead for task in self._after_death(stores, part, lost)]
            if not todo:
                break
        else:
            raise self._hopeless(part, todo[0])
        keep_rates(self._pace.meter, self._folder)
        agree(stores, [set() for _ in stores], part.images, strict=self._strict)
        return [StoredFeatures(store, part.images) for store in stores]

    def moments(self, parts: Sequence[FeatureRows], *, kind: str) -> Moments:
        """In a tree over the workers; kept in the study's folder as those of one process are."""
        folder, precision = self._folder / "moments", self._precision
        kept = kept_moments(parts, folder, kind=kind, precision=precision)
        if kept is not None:
            return kept
        advance = self._progress.task(f"moments of the {kind} set", len(parts[0]))
        out = moments_over(self._order, parts, kind=kind, options=self._options, advance=advance)
        keep_moments(out, parts, folder, kind=kind, precision=precision)
        return out

    def _bars(self, stores: Sequence[FeatureStore], part: Part, kind: str) -> Mapping[str, Advance]:
        """A bar for each network, at what is stored already."""
        bars = {}
        for store in stores:
            title = f"{kind}: {part.images.name}: {store.name}"
            rate = partial(self._pace.words, store.name)
            bars[store.name] = self._progress.task(title, store.images * store.views, rate=rate)
            bars[store.name](store.rows_but(store.missing()))
        return bars

    def _tasks(self, stores: Sequence[FeatureStore], part: Part, kind: str) -> list[Task]:
        missing = [store.missing() for store in stores]
        known = agree(stores, missing, part.images, strict=self._strict)
        wanted, size = sorted(set().union(*missing)), self._options.chunks
        digests = {store.name: store.digest for store in stores}
        tasks = []
        for at in range(0, len(wanted), size):
            chunks = tuple(wanted[at : at + size])
            images = {i for k in chunks for i in stores[0].images_in(k)}
            mine = {i: known[i] for i in known.keys() & images}
            tasks.append(Task(kind, part.images.name, chunks, digests, mine))
        return tasks

    def _run(self, tasks: Sequence[Task], bars: Mapping[str, Advance]) -> list[Task]:
        """Run them all; returns those at which workers died."""
        dead = []
        self._pace.start()
        calls = [(self._order, task) for task in tasks]
        for at, result in run_all(extract_task, calls, options=self._options):
            if isinstance(result, Died):
                dead.append(tasks[at])
                continue
            self._pace.add(result)
            for name, rows in result.rows.items():
                bars[name](rows)
        return dead

    def _after_death(
        self, stores: Sequence[FeatureStore], part: Part, lost: Task
    ) -> Iterator[Task]:
        """The chunks of a lost task one by one, without the images at which workers die."""
        missing = set().union(*(store.missing() for store in stores))
        for k in sorted(missing & set(lost.chunks)):
            task = replace(lost, chunks=(k,))
            images = [i for i in stores[0].images_in(k) if i not in lost.known]
            found = find_culprits(self._order, task, images, options=self._options)
            if found and self._strict:
                names = ", ".join(part.images.ids[i] for i in found)
                raise UnreadableImageError(
                    f"{names}: {DEATHS}. Mend or remove it, or run without --strict to leave it "
                    "out."
                )
            yield replace(task, known={**lost.known, **dict.fromkeys(found, DEATHS)})

    def _hopeless(self, part: Part, task: Task) -> ClusterError:
        names = ", ".join(task.digests)
        return ClusterError(
            f"Workers die at chunk {task.chunks[0]} of '{part.images.name}' ({names}), "
            f"{ROUNDS} times over, though none of its images kills one by itself. Most likely "
            "memory runs out: give a worker more of the machine ('cpus'), or a smaller batch_size. "
            "What is stored is kept."
        )
