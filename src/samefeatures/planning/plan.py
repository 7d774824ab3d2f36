"""``samefeatures plan``: what a study will take on this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from samefeatures.planning.algebra import measure_algebra
from samefeatures.planning.disks import Disk, disks_of
from samefeatures.planning.done import find_done
from samefeatures.planning.estimate import (
    STORE,
    Extent,
    Source,
    Stage,
    dominating,
    estimate,
    total,
)
from samefeatures.planning.linear import Clock
from samefeatures.planning.machine import busy, machine_memory, peak_memory
from samefeatures.planning.needs import Size
from samefeatures.planning.rates import FeatureRates, measure_features
from samefeatures.planning.words import duration, size
from samefeatures.study.study import Study

HELD = 2**30
"""Bytes that rows and the state of an iterative fit may take beside the moments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyPlan:
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

    @property
    def seconds(self) -> float:
        """Of everything that is still to be done."""
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


def make_plan(study: Study, *, clock: Clock = time.perf_counter) -> StudyPlan:
    """Load the networks, list the images, measure for some seconds, and estimate.

    Nothing of the study is computed, and nothing in its folder changes. The measurement takes up to
    20 seconds for all networks, 4 for decoding and some seconds for algebra; loading is extra.

    Raises:
        SamefeaturesError: whatever opening the study raises.
    """
    start = clock()
    place = study.algebra  # a device that is not there is said first, as by a run
    inputs, root = study.inputs, study.feature_root
    opened = clock() - start
    extent = extent_of(study)
    parts = [*inputs.fit, *inputs.eval]
    features = measure_features(
        parts,
        inputs.image_networks,
        folder=study.out if isinstance(root, str) else root,
        batch_size=study.config.batch_size,
        workers=study.config.workers,
        progress=study.progress,
        clock=clock,
    )
    memory = memory_of(extent, peak_memory())
    advance = study.progress.task("measure algebra", 1)
    rates = measure_algebra(
        extent.size,
        extent.methods,
        algebra=place,
        precision=study.config.algebra.precision,
        clock=clock,
    )
    advance(1)
    stages = (
        Stage(name="load networks, list images", seconds=opened, whole=opened, note="done once"),
        *estimate(extent, features, rates, find_done(study)),
    )
    stored = sum(stage.left for stage in stages if stage.name == STORE)
    rest = sum(stage.left for stage in stages) - stored
    disks = disks_of(study.out, root, features=stored, rest=rest)
    machine = machine_memory()
    return StudyPlan(
        networks=tuple(inputs.networks),
        features=extent.size.total,
        fit_rows=extent.rows[0],
        eval_rows=extent.rows[1],
        stages=stages,
        memory=memory,
        machine_memory=machine,
        disks=disks,
        measuring=clock() - start,
        warnings=tuple(warnings_of(extent, disks=disks, memory=memory, machine=machine)),
        notes=tuple(_notes(study, features, extent.size.total)),
    )


def extent_of(study: Study) -> Extent:
    """Sizes of a study, from its opened inputs."""
    inputs, config = study.inputs, study.config
    sources = tuple(
        Source(
            kind=kind,
            name=part.images.name,
            images=len(part.images),
            views=part.views.count if part.views else 1,
        )
        for kind, parts in (("fit", inputs.fit), ("eval", inputs.eval))
        for part in parts
    )
    networks = inputs.networks
    rows = {kind: sum(s.rows for s in sources if s.kind == kind) for kind in ("fit", "eval")}
    if not sources:  # networks that bring features
        first: Any = next(iter(networks.values()))
        rows = {"fit": len(first.fit_features), "eval": len(first.eval_features)}
    return Extent(
        dims={name: net.dim for name, net in networks.items()},
        seen=tuple(net.name for net in inputs.image_networks),
        sources=sources,
        rows=(rows["fit"], rows["eval"]),
        classes=study.classes,
        methods=config.methods,
        controls=config.controls,
        device=config.device,
        stored=getattr(config, "store", True) is not False,
        batch_size=config.batch_size,
    )


def memory_of(extent: Extent, measured: int | None) -> int:
    """Bytes at the peak of a run.

    Args:
        extent: Of the study.
        measured: The peak of this process after its networks ran; None where it is not known.
    """
    plain: Size = extent.size
    widest = max(plain.dims)
    algebra = plain.moment_bytes() + 3 * 8 * widest**2 + HELD
    base = measured or 0
    # Two chunks of crops at a time; 256 rows each, as bytes, and one of features.
    return max(base + 2 * 256 * 3 * 300 * 300, algebra + base // 2)


def warnings_of(
    extent: Extent, *, disks: Sequence[Disk], memory: int, machine: int | None
) -> Iterator[str]:
    """What this machine does not have, and what to do."""
    for disk in (disk for disk in disks if disk.is_short):
        if extent.stored and extent.seen:
            advice = (
                "'store: false' in the study file keeps no features (maps only), fewer networks "
                "or images need less, or choose another --out or 'store'"
            )
        else:
            advice = "Take fewer networks or methods, or another --out"
        yield (
            f"Disk: {size(disk.needed)} are needed and {size(disk.free or 0)} are free at "
            f"{disk.place}. {advice}."
        )
    if machine is not None and memory > machine:
        yield (
            f"Memory: {size(memory)} are needed at the peak and this machine has {size(machine)}. "
            f"Moments grow with the square of the {extent.size.total:,} features: take fewer "
            "networks, or split the study."
        )


def _notes(study: Study, features: FeatureRates, total_dim: int) -> Iterator[str]:
    if isinstance(study.feature_root, str):
        yield (
            f"Features go to {study.feature_root}, which was not measured: writing and reading are "
            "those of this machine's disk. Nobody told how much room is there."
        )
    for name, rows in features.halved.items():
        yield f"{name}: memory ran out; measured with batches of {rows}, as a run would go on."
    if study.algebra.device != "cpu":
        yield (
            f"Algebra runs on {study.algebra.device}, as measured; the moments take "
            f"{size(8 * total_dim**2)} of its memory."
        )
    if (load := busy()) is not None:
        yield (
            f"This machine is busy (load {load:.1f}): times are longer than they would be if it "
            "had nothing else to do."
        )
    slow = [name for name, rate in features.forward.items() if rate < 1]
    if slow:
        yield f"Under one row a second, so measured on few: {', '.join(slow)}."


def _room(disks: Sequence[Disk]) -> str:
    parts = []
    for disk in disks:
        where = f" at {disk.place}" if len(disks) > 1 else ""
        parts.append(
            f"{size(disk.needed)}{where}"
            if disk.free is None
            else f"{size(disk.needed)} of {size(disk.free)} free{where}"
        )
    return f"Disk {'; '.join(parts)}."


def headline(plan: StudyPlan) -> str:
    """One sentence: how long, and what takes longest."""
    longest = plan.longest
    share = 100 * longest.seconds / plan.seconds if plan.seconds else 0
    return (
        f"About {duration(plan.seconds)} to go; longest: {longest.name}, {share:.0f}%. "
        f"{_room(plan.disks)} Memory {size(plan.memory)}"
        + (f" of {size(plan.machine_memory)}." if plan.machine_memory else ".")
    )
