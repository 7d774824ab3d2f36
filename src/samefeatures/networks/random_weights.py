"""A network's architecture without its training, for controls."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol, runtime_checkable

from samefeatures.base.digests import digest
from samefeatures.base.errors import NetworkError
from samefeatures.networks.record import Backend, ImageNetwork, Network

RANDOM_VERSION = "1"
"""Raised whenever other weights are drawn from the same seed."""


@runtime_checkable
class Redrawable(Protocol):
    """A backend whose weights can be drawn anew."""

    def with_random_weights(self, *, seed: int) -> Backend:
        """The same architecture with weights drawn from ``seed``."""
        ...


def with_random_weights(network: Network, *, seed: int) -> ImageNetwork:
    """The same architecture and preprocessing with untrained weights; its head means nothing.

    What is drawn, reset and shuffled is said at ``onnx.random.randomise_onnx``, and is the same for
    torch networks (``torch.random.randomise_module``).

    Raises:
        NetworkError: when it can't be done, with the reason.
    """
    if not isinstance(network, ImageNetwork):
        raise NetworkError(
            f"{network.name} is known by its features alone; there are no weights to draw anew."
        )
    backend: object = network.backend
    if not isinstance(backend, Redrawable):
        raise NetworkError(f"The weights of {network.name} can't be drawn anew by its runtime.")
    measured = network.effect.note if network.effect else None  # of the trained weights
    return replace(
        network,
        name=f"{network.name}.random",
        fingerprint=digest(network.fingerprint, "random weights", RANDOM_VERSION, str(seed)),
        backend=backend.with_random_weights(seed=seed),
        split=None,
        notes=tuple(note for note in network.notes if note != measured),
        effect=None,
    )
