"""Run each network for a moment: with its own weights where they are, else untrained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from samefeatures.base.errors import SamefeaturesError
from samefeatures.base.progress import Progress
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.load import load
from samefeatures.networks.record import ImageNetwork
from samefeatures.planning.measure import decode_rate, forward_rate
from samefeatures.reproduce.experiment import Chosen, Experiment
from samefeatures.reproduce.images import ImagesFound
from samefeatures.reproduce.networks import Catalogue
from samefeatures.study.config import NetworkConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of running a network.

    Attributes:
        loads: Whether its own weights were loaded.
        own: Whether the rate is that of its own weights; else of untrained ones.
        rate: Images a second; None when it could not be run.
        dim: Features, as far as it was loaded.
        preprocessing: How its input is made; None when it could not be run.
        problem: Why it does not load, or can't be run.
    """

    loads: bool = False
    own: bool = False
    rate: float | None = None
    dim: int | None = None
    preprocessing: Preprocessing | None = None
    problem: str = ""


def try_networks(
    experiment: Experiment, catalogue: Catalogue, progress: Progress
) -> tuple[Trial, ...]:
    """One after another, so that only one is in memory."""
    advance = progress.task("time the networks", len(experiment.chosen))
    trials = []
    for chosen in experiment.chosen:
        trials.append(_trial(chosen, experiment, catalogue))
        advance(1)
    return tuple(trials)


def _trial(chosen: Chosen, experiment: Experiment, catalogue: Catalogue) -> Trial:
    try:
        if chosen.found and chosen.load is not None:
            return _own(chosen, experiment)
        return _untrained(chosen, experiment, catalogue)
    except SamefeaturesError as error:
        return Trial(problem=str(error))
    except RuntimeError as error:  # what frameworks raise when a device's memory is full
        reason = " ".join(str(error).split())[:200]
        return Trial(problem=f"it fails with {type(error).__name__}: {reason}")


def _own(chosen: Chosen, experiment: Experiment) -> Trial:
    options = experiment.options
    entry = NetworkConfig.model_validate(chosen.load)
    network = load(
        entry.load,
        name=chosen.name,
        preprocessing=entry.overrides or None,
        device=options.device,
        base=Path(),
    )
    if not isinstance(network, ImageNetwork):
        return Trial(problem=f"{entry.load} brings features; give networks that see images.")
    rate = forward_rate(
        network.backend.features, network.preprocessing, batch_size=options.batch_size
    )
    return Trial(
        loads=True, own=True, rate=rate, dim=network.dim, preprocessing=network.preprocessing
    )


def _untrained(chosen: Chosen, experiment: Experiment, catalogue: Catalogue) -> Trial:
    if chosen.crop is None:  # of --networks-from, and not in it
        return Trial(problem=chosen.why)
    model = catalogue.untrained(chosen.name)
    from samefeatures.networks.torch.backend import TorchBackend

    preprocessing = catalogue.preprocessing(chosen.crop)
    options = experiment.options
    backend = TorchBackend(
        model,
        preprocessing,
        runtime="untrained",
        threads=None,
        device=options.device,
        source=chosen.name,
    )
    rate = forward_rate(backend.features, preprocessing, batch_size=options.batch_size)
    return Trial(rate=rate, preprocessing=preprocessing)


def decoding(
    experiment: Experiment,
    catalogue: Catalogue,
    images: Sequence[ImagesFound],
    trials: Sequence[Trial],
) -> float:
    """Images a second that are decoded and cropped for these networks."""
    shapes = [trial.preprocessing for trial in trials if trial.preprocessing is not None]
    if not shapes:  # nothing could be run; the document's own crops stand in
        sides = set(experiment.document.crops.values())
        shapes = [catalogue.preprocessing(side) for side in sorted(sides)]
    sample = next((found.set for found in images if found.set is not None), None)
    return decode_rate(sample, shapes, workers=experiment.options.workers)
