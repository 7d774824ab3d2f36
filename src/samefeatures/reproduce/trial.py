"""Load each network: with its own weights where they are, else untrained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from samefeatures.base.errors import ConfigError, SamefeaturesError
from samefeatures.networks.load import load
from samefeatures.networks.record import ImageNetwork
from samefeatures.reproduce.experiment import Chosen, Options
from samefeatures.reproduce.networks import Catalogue, Weights
from samefeatures.study.network_config import NetworkConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of loading a network.

    Attributes:
        chosen: Of the document.
        network: Itself, or one of its shape; None when neither could be had.
        problem: Why.
    """

    chosen: Chosen
    network: ImageNetwork | None = None
    problem: str = ""

    @property
    def name(self) -> str:
        return self.chosen.name

    @property
    def dim(self) -> int | None:
        """Features; None where neither the document nor the network tells."""
        known = self.chosen.weights or self.network
        return known.dim if known else None

    @property
    def state(self) -> str:
        """``found``, ``missing``, or ``fails``."""
        if not self.chosen.found:
            return "missing"
        return "found" if self.network else "fails"

    @property
    def lacks(self) -> Weights | None:
        """The published weights, where they are missing."""
        return self.chosen.weights if self.state == "missing" else None


def try_network(chosen: Chosen, options: Options, catalogue: Catalogue) -> Trial:
    """Load a network and run it on the probe images; what goes wrong is part of the answer."""
    try:
        if chosen.found and chosen.load is not None:
            return Trial(chosen=chosen, network=_own(chosen, options))
        if chosen.crop is None:  # of --networks-from, and not in it
            return Trial(chosen=chosen, problem=chosen.why)
        stand_in = catalogue.stand_in(chosen.name, chosen.crop, device=options.device)
        return Trial(chosen=chosen, network=stand_in)
    except SamefeaturesError as error:
        return Trial(chosen=chosen, problem=str(error))
    except RuntimeError as error:  # what frameworks raise when a device's memory is full
        reason = " ".join(str(error).split())[:200]
        return Trial(chosen=chosen, problem=f"it fails with {type(error).__name__}: {reason}")


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
