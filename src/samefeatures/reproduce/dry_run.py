"""What a run will need and take, before anything is computed: ``--dry-run``."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from samefeatures.algebra import Algebra, open_algebra
from samefeatures.base.progress import Progress
from samefeatures.planning.algebra import measure_algebra
from samefeatures.planning.done import Done
from samefeatures.planning.estimate import estimate
from samefeatures.planning.extent import Extent
from samefeatures.planning.images import Images
from samefeatures.planning.machine import bytes_below, peak_memory
from samefeatures.planning.notes import notes_of
from samefeatures.planning.plan import Plan, memory_of, plan_of
from samefeatures.planning.rates import FeatureRates, measure_features
from samefeatures.planning.words import size
from samefeatures.reproduce.experiment import Experiment
from samefeatures.reproduce.imagenet import CLASSES
from samefeatures.reproduce.images import ImagesFound, count_images
from samefeatures.reproduce.networks import Catalogue
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
        rates: Images a second, by network; NaN where it could not be run.
        images: Of fit and eval.
        plan: Disk, memory and time; None where no network is known.
        problems: What must be done before the run can start.
        commands: What to type, in order.
    """

    document: str
    networks: tuple[Trial, ...]
    rates: Mapping[str, float]
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
    start, options = time.perf_counter(), experiment.options
    algebra = open_algebra(options.device)
    images = count_images(experiment)
    advance = progress.task("load the networks", len(experiment.chosen))
    networks = []
    for chosen in experiment.chosen:
        networks.append(try_network(chosen, options, catalogue))
        advance(1)
    problems = _problems(experiment, networks, images)
    features = _features(experiment, networks, images, progress)
    # As if the weights were there; how wide a network is that is nowhere nobody knows.
    counted = [n for n in networks if n.chosen.weights or n.state == "found"]
    plan = _plan(experiment, counted, images, features, algebra) if counted else None
    return DryRun(
        document=experiment.document.name,
        networks=tuple(networks),
        rates=features.forward,
        images=images,
        plan=plan and replace(plan, measuring=time.perf_counter() - start),
        problems=problems,
        commands=steps(experiment, [n.lacks for n in networks if n.lacks], problems),
    )


def _features(
    experiment: Experiment,
    networks: Sequence[Trial],
    images: Sequence[ImagesFound],
    progress: Progress,
) -> FeatureRates:
    """Of those that could be loaded, of their own or with random weights."""
    options = experiment.options
    measured = measure_features(
        [Part(found.shown, None) for found in images],
        [n.network for n in networks if n.network],
        folder=options.out,
        batch_size=options.batch_size,
        workers=options.workers,
        progress=progress,
    )
    rates = {n.name: measured.forward.get(n.name, math.nan) for n in networks}
    # Random features are stored in another size than those of trained networks.
    store = replace(measured.store, shares=dict.fromkeys(rates, 1.0))
    return replace(measured, forward=rates, store=store)


def _plan(
    experiment: Experiment,
    networks: Sequence[Trial],
    images: Sequence[ImagesFound],
    features: FeatureRates,
    algebra: Algebra,
) -> Plan:
    document, out = experiment.document, experiment.options.out.resolve()
    fit, evaluation = (
        Images(kind=kind, name=found.part, count=found.planned)
        for kind, found in zip(("fit", "eval"), images, strict=True)
    )
    extent = Extent(
        dims={n.name: n.dim or 0 for n in networks},
        seen=tuple(n.name for n in networks),
        images=(fit, evaluation),
        rows=(fit.rows, evaluation.rows),
        classes=CLASSES,
        methods=tuple(MethodConfig(name=m, label=m, options={}) for m in document.methods),
        device=experiment.options.device,
    )
    memory = memory_of(extent, peak_memory())
    rates = measure_algebra(extent.sizes, extent.methods, algebra=algebra)
    kept = bytes_below(out)
    notes = notes_of(extent, features, root=out, algebra_device=algebra.device)
    return plan_of(
        extent,
        estimate(extent, features, rates, Done()),
        memory=memory,
        out=out,
        root=out / "features",
        notes=(*notes, *_notes(networks, kept)),
        kept=kept,
        advice=ADVICE,
    )


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
    untrained = [n.name for n in networks if n.network and n.state == "missing"]
    if untrained:
        yield f"Timed with untrained weights: {', '.join(untrained)}."
    for network in networks:
        if network.problem:
            yield f"{network.name} was not timed: {network.problem}"
