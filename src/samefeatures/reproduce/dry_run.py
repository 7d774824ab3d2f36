"""What a run will need and take, before anything is computed: ``--dry-run``."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from samefeatures.algebra import Algebra, open_algebra
from samefeatures.base.progress import Progress
from samefeatures.planning.algebra import measure_algebra
from samefeatures.planning.decoding import decode_rate, pictures
from samefeatures.planning.done import Done
from samefeatures.planning.estimate import estimate
from samefeatures.planning.extent import Extent, Source
from samefeatures.planning.machine import bytes_below, peak_memory
from samefeatures.planning.notes import notes_of
from samefeatures.planning.plan import Plan, memory_of, plan_of
from samefeatures.planning.rates import FeatureRates, share_of_time
from samefeatures.planning.stores import measure_stores
from samefeatures.planning.words import size
from samefeatures.reproduce.experiment import Experiment
from samefeatures.reproduce.imagenet import CLASSES
from samefeatures.reproduce.images import ImagesFound, count_images
from samefeatures.reproduce.networks import Catalogue, preprocessing
from samefeatures.reproduce.steps import steps
from samefeatures.reproduce.trial import Trial, try_network
from samefeatures.study.inputs import Part
from samefeatures.study.methods import MethodConfig

ADVICE = "Choose another --out, or --subset"


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """Everything that ``--dry-run`` says.

    Attributes:
        document: ``thesis`` or ``paper``.
        networks: In the document's order.
        images: Of fit and eval.
        plan: Disk, memory and time; None where no network is known.
        problems: What must be done before the run can start.
        commands: What to type, in order.
    """

    document: str
    networks: tuple[Trial, ...]
    images: tuple[ImagesFound, ImagesFound]
    plan: Plan | None
    problems: tuple[str, ...]
    commands: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Whether the run can start now, if without some networks."""
        return not self.problems

    @property
    def download(self) -> int:
        """Bytes of weights that are missing."""
        return sum(network.lacks.size for network in self.networks if network.lacks)


def try_out(experiment: Experiment, catalogue: Catalogue, progress: Progress) -> DryRun:
    """Look, count and measure; nothing is downloaded, and nothing stays on the disk.

    Takes some seconds per network. Where weights or images are missing, the run is planned as if
    they were there: networks are timed with untrained weights, images counted as ImageNet has them.

    Raises:
        ConfigError: when there is no such device.
        StoreError: when nothing can be written where the out folder will be.
    """
    options = experiment.options
    algebra = open_algebra(options.device)
    images = count_images(experiment)
    sample = pictures(images[0].shown)
    seconds = share_of_time(len(experiment.chosen))
    advance = progress.task("time the networks", len(experiment.chosen))
    networks = []
    for chosen in experiment.chosen:  # one after another, so that only one is in memory
        networks.append(try_network(chosen, options, catalogue, sample, seconds=seconds))
        advance(1)
    problems = _problems(experiment, networks, images)
    # As if the weights were there; what --networks-from lacks nobody knows.
    counted = [n for n in networks if n.chosen.weights or n.state == "found"]
    return DryRun(
        document=experiment.document.name,
        networks=tuple(networks),
        images=images,
        plan=_plan(experiment, counted, images, algebra, progress) if counted else None,
        problems=problems,
        commands=steps(experiment, [n.lacks for n in networks if n.lacks], problems),
    )


def _plan(
    experiment: Experiment,
    networks: Sequence[Trial],
    images: tuple[ImagesFound, ImagesFound],
    algebra: Algebra,
    progress: Progress,
) -> Plan:
    start = time.perf_counter()
    out = experiment.options.out.resolve()
    extent = _extent(experiment, networks, images)
    memory = memory_of(extent, peak_memory())
    advance = progress.task("measure decoding, the disk and algebra", 2)
    features = _features(experiment, networks, images)
    advance(1)
    rates = measure_algebra(extent.sizes, extent.methods, algebra=algebra)
    advance(1)
    kept = bytes_below(out)
    notes = notes_of(extent, features, root=out, algebra_device=algebra.device)
    return plan_of(
        extent,
        estimate(extent, features, rates, Done()),
        memory=memory,
        out=out,
        root=out / "features",
        kept=kept,
        measuring=time.perf_counter() - start,
        notes=(*notes, *_notes(networks, kept)),
        advice=ADVICE,
    )


def _extent(
    experiment: Experiment, networks: Sequence[Trial], images: Sequence[ImagesFound]
) -> Extent:
    fit, evaluation = (
        Source(kind=kind, name=found.part, images=found.planned)
        for kind, found in zip(("fit", "eval"), images, strict=True)
    )
    return Extent(
        dims={n.name: n.dim or 0 for n in networks},
        seen=tuple(n.name for n in networks),
        sources=(fit, evaluation),
        rows=(fit.rows, evaluation.rows),
        classes=CLASSES,
        methods=tuple(
            MethodConfig(name=name, label=name, options={}) for name in experiment.document.methods
        ),
        device=experiment.options.device,
    )


def _features(
    experiment: Experiment, networks: Sequence[Trial], images: Sequence[ImagesFound]
) -> FeatureRates:
    options, names = experiment.options, [n.name for n in networks]
    shapes = [n.preprocessing for n in networks if n.preprocessing is not None]
    if not shapes:  # nothing could be run; the document's own crops stand in
        shapes = [preprocessing(side) for side in experiment.document.crops.values()]
    seconds = share_of_time(len(images))
    decode = {
        found.part: decode_rate(
            Part(found.shown, None), shapes, workers=options.workers, seconds=seconds
        )
        for found in images
    }
    # Features of untrained networks are stored in another size than those of trained ones.
    disk = replace(measure_stores(options.out, {}), shares=dict.fromkeys(names, 1.0))
    return FeatureRates(decode=decode, forward={n.name: n.rate for n in networks}, store=disk)


def _problems(
    experiment: Experiment, networks: Sequence[Trial], images: Sequence[ImagesFound]
) -> tuple[str, ...]:
    problems = [*experiment.images.problems, *(i.problem for i in images if i.problem)]
    problems += [f"{n.name}: {n.problem}" for n in networks if n.state == "fails"]
    there = sum(n.state == "found" or n.chosen.load is not None for n in networks)
    if there < 2:
        problems.append(
            f"{there} of {len(networks)} networks have weights; a comparison needs two."
        )
    elif experiment.options.strict and experiment.missing:
        problems.append("--strict leaves no network out, and some have no weights.")
    return tuple(problems)


def _notes(networks: Sequence[Trial], kept: int) -> Iterator[str]:
    yield "Features are counted before compression, which takes off some of it."
    if kept:
        yield f"{size(kept)} are in the out folder already; times are those of a run from nothing."
    if any(n.state == "missing" for n in networks):
        yield "Disk and time count the missing networks too, as if they were there."
    untrained = [n.name for n in networks if not n.own and not n.problem]
    if untrained:
        yield f"Timed with untrained weights: {', '.join(untrained)}."
    for network in networks:
        if network.problem:
            yield f"{network.name} was not timed: {network.problem}"
