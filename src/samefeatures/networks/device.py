"""The device that a network is to run on."""

from __future__ import annotations

from collections.abc import Callable

from samefeatures.base.errors import NetworkError


def check_gpu(device: str, count: Callable[[], int], *, runtime: str) -> None:
    """Refuse a device that a runtime does not have.

    Args:
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        count: GPUs that the runtime finds.
        runtime: Its name, for messages.

    Raises:
        NetworkError: with what it finds.
    """
    kind, _, index = device.partition(":")
    if kind != "cpu" and (found := count()) <= int(index or 0):
        raise NetworkError(
            f"The device '{device}' is not available: {runtime} finds {found} GPUs, counted from "
            "0. Use 'cpu', or a machine with a GPU and libraries that were built for it."
        )
