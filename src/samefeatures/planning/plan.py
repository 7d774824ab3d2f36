"""``samefeatures plan``: what a study will take on this machine."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from samefeatures.base.brief import brief
from samefeatures.features.place import Root
from samefeatures.planning.algebra import measure_algebra
from samefeatures.planning.disks import Disk, disks_of
from samefeatures.planning.done import find_done
from samefeatures.planning.estimate import STORE, Stage, dominating, estimate, total
from samefeatures.planning.extent import Extent, extent_of
from samefeatures.planning.linear import Clock
from samefeatures.planning.machine import machine_memory, peak_memory
from samefeatures.planning.notes import notes_of, warnings_of
from samefeatures.planning.rates import measure_features
from samefeatures.planning.words import duration, size
from samefeatures.similarity import MEASURES
from samefeatures.study.study import Study

HELD = 2**30
"""Bytes that rows and the state of an iterative fit may take beside the moments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a study takes, and whether this machine has it.

    Attributes:
        networks: Names.
        features: Of all networks together.
        fit_rows: Images times views.
        eval_rows: Images.
        stages: In the order of a run.
        memory: Bytes at the peak: networks and one chunk of images, or both moments and a map.
        machine_memory: Bytes; None where it is not known.
        disks: What is still to be written, and where: the study's folder, and its features where
            they are on another disk.
        measuring: Seconds that the measurement took.
        warnings: What won't do, and what can be done about it.
        notes: What a reader must know about the figures.
    """

    networks: tuple[str, ...]
    features: int
    fit_rows: int
    eval_rows: int
    stages: tuple[Stage, ...]
    memory: int
    machine_memory: int | None
    disks: tuple[Disk, ...]
    measuring: float
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return brief(
            self,
            networks=self.networks,
            seconds=self.seconds,
            longest=self.longest.name,
            disk=self.disk,
            memory=self.memory,
            warnings=len(self.warnings),
        )

    @property
    def seconds(self) -> float:
        """Of everything that is still to be done; NaN where a part is not known."""
        return total(self.stages)

    @property
    def disk(self) -> int:
        """Bytes still to be written, everywhere."""
        return sum(disk.needed for disk in self.disks)

    @property
    def longest(self) -> Stage:
        """The stage that dominates."""
        return dominating(self.stages)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for ``--json``."""
        more = {"seconds": self.seconds, "longest": self.longest.name, "disk": self.disk}
        return {**asdict(self), **more}


def make_plan(study: Study, *, clock: Clock = time.perf_counter) -> Plan:
    """Load the networks, list the images, measure for some seconds, and estimate.

    Nothing of the study is computed, and nothing in its folder changes. The measurement takes up to
    20 seconds for all networks, 4 for decoding and some seconds for algebra; loading is extra.

    Raises:
        SamefeaturesError: whatever opening the study raises.
    """
    with study.progress:
        return _measured(study, clock)


def _measured(study: Study, clock: Clock) -> Plan:
    start = clock()
    place = study.algebra  # a device that is not there is said first, as by a run
    inputs, root = study.inputs, study.feature_root
    config = study.possible
    opened = clock() - start
    extent = extent_of(inputs, config, study.task_images)
    own = [part for task in study.task_images.values() for part in (*task.fit, *task.eval)]
    features = measure_features(
        [*inputs.fit, *inputs.eval, *own],
        inputs.image_networks,
        folder=study.out if isinstance(root, str) else root,
        batch_size=config.batch_size,
        workers=config.workers,
        progress=study.progress,
        clock=clock,
    )
    memory = memory_of(extent, peak_memory())
    advance = study.progress.task("measure algebra", 1)
    rates = measure_algebra(
        extent.sizes,
        extent.methods,
        [name for name in config.measures if MEASURES.get(name).place is None],
        algebra=place,
        precision=config.algebra.precision,
        clock=clock,
    )
    advance(1)
    loading = Stage(
        name="load networks, list images", seconds=opened, whole=opened, note="done once"
    )
    stream = study.stream if config.store is False else None
    done = find_done(inputs, config, out=study.out, root=root, stream=stream)
    return plan_of(
        extent,
        (loading, *estimate(extent, features, rates, done)),
        memory=memory,
        out=study.out,
        root=root,
        measuring=clock() - start,
        notes=tuple(notes_of(extent, features, root=root, algebra_device=place.device)),
    )


def plan_of(
    extent: Extent,
    stages: Sequence[Stage],
    *,
    memory: int,
    out: Path,
    root: Root,
    notes: tuple[str, ...],
    measuring: float = 0.0,
    kept: int = 0,
    advice: str | None = None,
) -> Plan:
    """Put estimated stages beside what this machine has.

    Args:
        extent: Of the study.
        stages: In the order of a run.
        memory: Bytes at the peak.
        out: Folder of the study.
        root: Of the feature stores.
        notes: What a reader must know about the figures.
        measuring: Seconds that it took.
        kept: Bytes that are stored already and of which no stage knows.
        advice: What to do where a disk is short, if not what a study file can do.
    """
    stored = sum(stage.left for stage in stages if stage.name == STORE)
    rest, features = sum(stage.left for stage in stages) - stored, max(0, stored - kept)
    disks, machine = disks_of(out, root, features=features, rest=rest), machine_memory()
    warnings = warnings_of(extent, disks=disks, memory=memory, machine=machine, advice=advice)
    return Plan(
        networks=tuple(extent.dims),
        features=extent.sizes.total,
        fit_rows=extent.rows[0],
        eval_rows=extent.rows[1],
        stages=tuple(stages),
        memory=memory,
        machine_memory=machine,
        disks=disks,
        measuring=measuring,
        warnings=tuple(warnings),
        notes=notes,
    )


def memory_of(extent: Extent, measured: int | None) -> int:
    """Bytes at the peak of a run.

    Args:
        extent: Of the study.
        measured: The peak of this process after its networks ran; None where it is not known.
    """
    algebra = (
        2 * extent.moment_bytes
        + extent.fold_bytes
        + max(extent.control_memory, extent.analyses.bytes(extent.sizes))
        + 3 * 8 * max(extent.dims.values()) ** 2
        + HELD
    )
    base = measured or 0
    # Two chunks of crops at a time; 256 rows each, as bytes, and one of features.
    return max(base + 2 * 256 * 3 * 300 * 300, algebra + base // 2)


def headline(plan: Plan) -> str:
    """One sentence: how long, and what takes longest."""
    longest = plan.longest
    if math.isfinite(plan.seconds):
        share = 100 * longest.seconds / plan.seconds if plan.seconds else 0
        to_go = f"About {duration(plan.seconds)} to go; longest: {longest.name}, {share:.0f}%."
    else:
        to_go = "How long it takes is not known."
    memory = f" of {size(plan.machine_memory)}." if plan.machine_memory else "."
    return f"{to_go} {_room(plan.disks)} Memory {size(plan.memory)}{memory}"


def _room(disks: Sequence[Disk]) -> str:
    parts = []
    for disk in disks:
        where = f" at {disk.place}" if len(disks) > 1 else ""
        free = "" if disk.free is None else f" of {size(disk.free)} free"
        parts.append(f"{size(disk.needed)}{free}{where}")
    return f"Disk {'; '.join(parts)}."
