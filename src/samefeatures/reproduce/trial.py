"""Run each network for a moment: with its own weights where they are, else untrained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from samefeatures.base.errors import ConfigError, SamefeaturesError
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.load import load
from samefeatures.networks.record import ImageNetwork
from samefeatures.planning.rates import time_network
from samefeatures.reproduce.experiment import Chosen, Options
from samefeatures.reproduce.networks import Catalogue, Weights
from samefeatures.study.config import NetworkConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One network: what would be loaded, and what came of running it.

    Attributes:
        chosen: Of the document.
        own: Whether its own weights were loaded.
        rate: Images a second; NaN when it could not be run.
        dim: Features; None where neither the network nor the document tells.
        preprocessing: How its input is made; None when it could not be run.
        problem: Why it does not load, or can't be run.
    """

    chosen: Chosen
    own: bool = False
    rate: float = math.nan
    dim: int | None = None
    preprocessing: Preprocessing | None = None
    problem: str = ""

    @property
    def name(self) -> str:
        return self.chosen.name

    @property
    def state(self) -> str:
        """``found``, ``missing``, or ``fails``."""
        if not self.chosen.found:
            return "missing"
        return "found" if self.own else "fails"

    @property
    def lacks(self) -> Weights | None:
        """The published weights, where they are missing."""
        return self.chosen.weights if self.state == "missing" else None


def try_network(
    chosen: Chosen,
    options: Options,
    catalogue: Catalogue,
    sample: Sequence[Image.Image],
    *,
    seconds: float,
) -> Trial:
    """Load a network and time it on some pictures; what goes wrong is part of the answer.

    Args:
        chosen: The network.
        options: Of the run.
        catalogue: Gives one of the same shape where its weights are missing.
        sample: Pictures.
        seconds: How long at the least.
    """
    own = bool(chosen.found) and chosen.load is not None
    dim = chosen.weights.dim if chosen.weights else None
    try:
        network = _own(chosen, options) if own else _stand_in(chosen, options, catalogue)
        timed = time_network(network, sample, options.batch_size, seconds=seconds)
    except SamefeaturesError as error:
        return Trial(chosen=chosen, dim=dim, problem=str(error))
    except RuntimeError as error:  # what frameworks raise when a device's memory is full
        reason = " ".join(str(error).split())[:200]
        problem = f"it fails with {type(error).__name__}: {reason}"
        return Trial(chosen=chosen, dim=dim, problem=problem)
    return Trial(
        chosen=chosen,
        own=own,
        rate=timed.rate,
        dim=dim or network.dim,
        preprocessing=network.preprocessing,
    )


def _own(chosen: Chosen, options: Options) -> ImageNetwork:
    entry = NetworkConfig.model_validate(chosen.load)
    network = load(
        entry.load,
        name=chosen.name,
        preprocessing=entry.overrides or None,
        device=options.device,
        base=Path(),
    )
    if not isinstance(network, ImageNetwork):
        raise ConfigError(f"{entry.load} brings features; give networks that see images.")
    return network


def _stand_in(chosen: Chosen, options: Options, catalogue: Catalogue) -> ImageNetwork:
    if chosen.crop is None:
        raise ConfigError(chosen.why)
    return catalogue.stand_in(chosen.name, chosen.crop, device=options.device)
