"""Which networks stay on the device while others take their turns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from samefeatures.base.errors import OutOfMemoryError
from samefeatures.networks.memory import Movable
from samefeatures.networks.record import ImageNetwork

RESIDENT = ("auto", "all", "one")
SPARE = 0.8
"""Of the memory that is free now; the rest is for what an allocator can't use."""


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes of one network.

    Attributes:
        weights: While it is on the device.
        activations: Of one batch, while it runs.
    """

    weights: int
    activations: int


def choose(needs: Mapping[str, Need], budget: int) -> frozenset[str]:
    """The networks that stay, small ones first, so that as many as possible do.

    Beside those that stay there is room for the largest of the others and for the largest
    activations, since one network runs at a time.

    Args:
        needs: By network.
        budget: Bytes.
    """
    order = sorted(needs, key=lambda name: (needs[name].weights, name))
    running = max((need.activations for need in needs.values()), default=0)
    for count in range(len(order), 0, -1):
        stay, others = order[:count], order[count:]
        held = sum(needs[name].weights for name in stay)
        guest = max((needs[name].weights for name in others), default=0)
        if held + guest + running <= budget:
            return frozenset(stay)
    return frozenset()


class Residency:
    """Brings networks onto the device for their turn, and takes away those that do not stay.

    They move between chunks, so that an image is decoded once for all networks.

    Args:
        stays: Names of those that stay; None for all.
        movable: Backends that may be sent away when memory runs out although they should stay.
    """

    def __init__(
        self, stays: frozenset[str] | None, movable: Mapping[str, Movable] | None = None
    ) -> None:
        self.stays = stays
        self._movable = movable or {}

    @classmethod
    def of(
        cls, networks: Sequence[ImageNetwork], resident: str, memory: int | None, *, batch_size: int
    ) -> Residency:
        """By the option ``resident``; ``auto`` measures a batch of each network that can move.

        Args:
            networks: Those that have work to do.
            resident: ``auto``, ``all`` or ``one``.
            memory: Bytes to count on; None for what is free on the device.
            batch_size: Of the batch that is measured.
        """
        movable = {net.name: net.backend for net in networks if isinstance(net.backend, Movable)}
        if resident == "all" or not movable:
            return cls(None)
        first = next(iter(movable.values()))
        if resident == "auto" and memory is None and first.free_memory() is None:
            return cls(None)  # the processor has all weights anyway
        for backend in movable.values():
            backend.rest()
        if resident == "one":
            return cls(frozenset())
        budget = int(SPARE * (first.free_memory() or 0)) if memory is None else memory
        try:
            needs = {name: _need(backend, batch_size) for name, backend in movable.items()}
        except OutOfMemoryError:
            return cls(frozenset())  # the batch will be halved; nothing else may take memory
        return cls(choose(needs, budget), movable)

    @contextmanager
    def on_device(self, network: ImageNetwork) -> Iterator[None]:
        """The network is on the device in the block, and leaves it after if it does not stay."""
        backend: object = network.backend
        if not isinstance(backend, Movable):
            yield
            return
        try:
            backend.wake()
        except OutOfMemoryError:
            if not self.make_room(network):
                raise
            backend.wake()
        try:
            yield
        finally:
            if self.stays is not None and network.name not in self.stays:
                backend.rest()

    def make_room(self, network: ImageNetwork) -> bool:
        """Send all others away, from now on one after another; False where none is left to send.

        What was measured before the first chunk may not hold: other programs take memory too.
        """
        others = [
            backend
            for name, backend in self._movable.items()
            if name != network.name and backend.resident
        ]
        for backend in others:
            backend.rest()
        if others:
            self.stays = frozenset()
        return bool(others)


def _need(backend: Movable, batch_size: int) -> Need:
    try:
        return Need(backend.weights, backend.activations(batch_size))
    finally:
        backend.rest()
