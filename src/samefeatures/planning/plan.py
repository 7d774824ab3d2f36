"""``samefeatures plan``: what a study will take on this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from samefeatures.planning.algebra import measure_algebra
from samefeatures.planning.done import find_done
from samefeatures.planning.estimate import Extent, Source, Stage, dominating, estimate, total
from samefeatures.planning.linear import Clock
from samefeatures.planning.machine import busy, free_bytes, machine_memory, peak_memory
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
        disk: Bytes still to be written.
        free: Bytes free where the study's folder is.
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
    disk: int
    free: int
    measuring: float
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Of everything that is still to be done."""
        return total(self.stages)

    @property
    def longest(self) -> Stage:
        """The stage that dominates."""
        return dominating(self.stages)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for ``--json``."""
        return {**asdict(self), "seconds": self.seconds, "longest": self.longest.name}


def make_plan(study: Study, *, clock: Clock = time.perf_counter) -> StudyPlan:
    """Load the networks, list the images, measure for some seconds, and estimate.

    Nothing of the study is computed, and nothing in its folder changes. The measurement takes up to
    20 seconds for all networks, 4 for decoding and some seconds for algebra; loading is extra.

    Raises:
        SamefeaturesError: whatever opening the study raises.
    """
    start = clock()
    inputs = study.inputs
    opened = clock() - start
    extent = extent_of(study)
    parts = [*inputs.fit, *inputs.eval]
    features = measure_features(
        parts,
        inputs.image_networks,
        folder=study.out,
        batch_size=study.config.batch_size,
        workers=study.config.workers,
        progress=study.progress,
        clock=clock,
    )
    memory = memory_of(extent, peak_memory())
    advance = study.progress.task("measure algebra", 1)
    algebra = measure_algebra(extent.size, extent.methods, clock=clock)
    advance(1)
    stages = (
        Stage(name="load networks, list images", seconds=opened, whole=opened, note="done once"),
        *estimate(extent, features, algebra, find_done(study)),
    )
    disk, free = sum(stage.left for stage in stages), free_bytes(study.out)
    machine = machine_memory()
    return StudyPlan(
        networks=tuple(inputs.networks),
        features=extent.size.total,
        fit_rows=extent.rows[0],
        eval_rows=extent.rows[1],
        stages=stages,
        memory=memory,
        machine_memory=machine,
        disk=disk,
        free=free,
        measuring=clock() - start,
        warnings=tuple(warnings_of(extent, disk=disk, free=free, memory=memory, machine=machine)),
        notes=tuple(_notes(study, features)),
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
    extent: Extent, *, disk: int, free: int, memory: int, machine: int | None
) -> Iterator[str]:
    """What this machine does not have, and what to do."""
    if disk > free:
        if extent.stored and extent.seen:
            advice = (
                "'store: false' in the study file keeps no features (maps only), fewer networks "
                "or images need less, or choose another --out"
            )
        else:
            advice = "Take fewer networks or methods, or another --out"
        yield f"Disk: {size(disk)} are needed and {size(free)} are free. {advice}."
    if machine is not None and memory > machine:
        yield (
            f"Memory: {size(memory)} are needed at the peak and this machine has {size(machine)}. "
            f"Moments grow with the square of the {extent.size.total:,} features: take fewer "
            "networks, or split the study."
        )


def _notes(study: Study, features: FeatureRates) -> Iterator[str]:
    if isinstance(study.feature_root, str):
        yield (
            f"Features go to {study.feature_root}, which was not measured: writing and reading are "
            "those of this machine's disk, and so is the free space."
        )
    if (load := busy()) is not None:
        yield (
            f"This machine is busy (load {load:.1f}): times are longer than they would be if it "
            "had nothing else to do."
        )
    slow = [name for name, rate in features.forward.items() if rate < 1]
    if slow:
        yield f"Under one row a second, so measured on few: {', '.join(slow)}."


def headline(plan: StudyPlan) -> str:
    """One sentence: how long, and what takes longest."""
    longest = plan.longest
    share = 100 * longest.seconds / plan.seconds if plan.seconds else 0
    return (
        f"About {duration(plan.seconds)} to go; longest: {longest.name}, {share:.0f}%. Disk "
        f"{size(plan.disk)} of {size(plan.free)} free. Memory {size(plan.memory)}"
        + (f" of {size(plan.machine_memory)}." if plan.machine_memory else ".")
    )
