"""What a run will need and take, before anything is computed: ``--dry-run``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from samefeatures.base.progress import Progress
from samefeatures.maps import METHODS
from samefeatures.planning.machine import busy, bytes_below, free_bytes, machine_memory
from samefeatures.planning.measure import Products, product_rates
from samefeatures.planning.needs import Size
from samefeatures.reproduce.experiment import Chosen, Experiment
from samefeatures.reproduce.images import ImagesFound, count_images
from samefeatures.reproduce.networks import Catalogue, Weights
from samefeatures.reproduce.steps import steps
from samefeatures.reproduce.trial import Trial, decoding, try_networks

CLASSES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPlan:
    """One network: whether its weights are there, and how fast it is.

    Attributes:
        chosen: What will be loaded.
        weights: What is published of it; None for a network from ``--networks-from``.
        trial: What came of running it.
    """

    chosen: Chosen
    weights: Weights | None
    trial: Trial

    @property
    def state(self) -> str:
        """``found``, ``missing``, or ``fails``."""
        if not self.chosen.found:
            return "missing"
        return "found" if self.trial.loads else "fails"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of a run.

    Attributes:
        bytes: On disk when it is done.
        seconds: From nothing; None where it was not measured.
        note: What the figure rests on.
    """

    name: str
    bytes: int
    seconds: float | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that ``--dry-run`` says.

    Attributes:
        document: ``thesis`` or ``paper``.
        networks: In the document's order.
        images: Of fit and eval.
        stages: Disk and time.
        free: Bytes free where the out folder will be.
        there: Bytes that lie in the out folder already.
        memory: Bytes of memory that the moments take.
        machine_memory: Bytes of memory of this machine; None where it is not known.
        problems: What must be done before the run can start.
        notes: What a reader must know about the figures.
        commands: What to type, in order.
    """

    document: str
    networks: tuple[NetworkPlan, ...]
    images: tuple[ImagesFound, ...]
    stages: tuple[Stage, ...]
    free: int
    there: int
    memory: int
    machine_memory: int | None
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    commands: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Whether the run can start now, if without some networks."""
        return not self.problems

    @property
    def download(self) -> int:
        """Bytes of weights that are missing."""
        return sum(n.weights.size for n in self.networks if n.state == "missing" and n.weights)

    @property
    def disk(self) -> int:
        """Bytes that a finished run takes."""
        return sum(stage.bytes for stage in self.stages)


def make_plan(experiment: Experiment, catalogue: Catalogue, progress: Progress) -> Plan:
    """Look, count and measure; nothing is downloaded, and nothing is written.

    Takes some seconds per network. Where weights or images are missing, the run is planned as if
    they were there: networks are timed with untrained weights, images counted as ImageNet has them.
    """
    options = experiment.options
    folder = options.weights_dir.resolve() if options.weights_dir else None
    own = options.networks_from is None
    trials = try_networks(experiment, catalogue, progress)
    networks = tuple(
        NetworkPlan(
            chosen=chosen,
            weights=catalogue.weights(chosen.name, folder) if own else None,
            trial=trial,
        )
        for chosen, trial in zip(experiment.chosen, trials, strict=True)
    )
    images = count_images(experiment)
    planned = [n for n in networks if own or n.state == "found"]
    dims = tuple(dim for n in planned if (dim := _dim(n)) is not None)
    size = Size(
        dims=dims,
        fit_rows=images[0].planned,
        eval_rows=images[1].planned,
        methods=experiment.document.methods,
        classes=CLASSES,
    )
    advance = progress.task("measure decoding and products", 2)
    decode = decoding(experiment, catalogue, images, [n.trial for n in planned])
    advance(1)
    products = product_rates(max(size.total, 64))
    advance(1)
    out = options.out.resolve()
    problems = _problems(experiment, networks, images)
    lacking = [n.weights for n in networks if n.state == "missing" and n.weights]
    return Plan(
        document=experiment.document.name,
        networks=networks,
        images=images,
        stages=tuple(_stages(size, planned, decode, products, device=options.device)),
        free=free_bytes(out),
        there=bytes_below(out),
        memory=size.memory_bytes(),
        machine_memory=machine_memory(),
        problems=problems,
        notes=tuple(_notes(planned, size)),
        commands=steps(experiment, lacking, problems),
    )


def _dim(network: NetworkPlan) -> int | None:
    return network.weights.dim if network.weights else network.trial.dim


def _stages(
    size: Size,
    networks: Sequence[NetworkPlan],
    decode: float,
    products: Products,
    *,
    device: str,
) -> list[Stage]:
    rows = size.fit_rows + size.eval_rows
    rates = [n.trial.rate for n in networks]
    forward = None if None in rates else sum(1 / rate for rate in rates if rate)
    together = device == "cpu"
    seconds = None
    if forward is not None:
        each = forward + 1 / decode if together else max(forward, 1 / decode)
        seconds = rows * each
    way = "the processor does both" if together else "decoding goes on beside the networks"
    note = f"decoding {decode:,.0f} images/s; {way}"
    return [
        Stage(
            name=f"features of {size.fit_rows:,} fit images",
            bytes=size.feature_bytes(size.fit_rows),
            seconds=None if seconds is None else seconds * size.fit_rows / max(rows, 1),
            note=note,
        ),
        Stage(
            name=f"features of {size.eval_rows:,} eval images",
            bytes=size.feature_bytes(size.eval_rows),
            seconds=None if seconds is None else seconds * size.eval_rows / max(rows, 1),
        ),
        Stage(
            name="moments",
            bytes=size.moment_bytes(),
            seconds=size.moment_work() / products.multiply,
            note=f"{products.multiply / 1e9:,.1f} billion multiply-adds/s, float64",
        ),
        Stage(
            name=f"{size.hybrids * len(size.methods)} maps",
            bytes=size.map_bytes(),
            seconds=size.map_work() / products.multiply,
        ),
        Stage(
            name="scores",
            bytes=size.prediction_bytes(),
            seconds=size.score_work() / products.score + size.closeness_work() / products.multiply,
            note=f"{products.score / 1e9:,.1f} billion multiply-adds/s, float32, counting included",
        ),
    ]


def _problems(
    experiment: Experiment, networks: Sequence[NetworkPlan], images: Sequence[ImagesFound]
) -> tuple[str, ...]:
    problems = [*experiment.images.problems, *(i.problem for i in images if i.problem)]
    problems += [f"{n.chosen.name}: {n.trial.problem}" for n in networks if n.state == "fails"]
    there = sum(n.state == "found" or n.chosen.load is not None for n in networks)
    if there < 2:
        problems.append(
            f"{there} of {len(networks)} networks have weights; a comparison needs two."
        )
    elif experiment.options.strict and experiment.missing:
        problems.append("--strict leaves no network out, and some have no weights.")
    return tuple(problems)


def _notes(networks: Sequence[NetworkPlan], size: Size) -> list[str]:
    notes = ["Features are counted before compression, which takes off some of it."]
    if any(n.state == "missing" for n in networks):
        notes.append("Disk and time count the missing networks too, as if they were there.")
    if (load := busy()) is not None:
        notes.append(
            f"This machine is busy (load {load:.1f} on {os.cpu_count()} processors): the times are "
            "longer than they would be if it had nothing else to do."
        )
    untrained = [n.chosen.name for n in networks if n.trial.rate and not n.trial.own]
    if untrained:
        notes.append(f"Timed with untrained weights: {', '.join(untrained)}.")
    for network in networks:
        if network.trial.rate is None and network.trial.problem:
            notes.append(f"{network.chosen.name} was not timed: {network.trial.problem}")
    for name in size.methods:
        if note := METHODS.get(name)().note(size):
            notes.append(f"The time of '{name}': {note}.")
    return notes
