"""Dense linear algebra on the host or, through torch, on a device; arrays go in and come out."""

from __future__ import annotations

from samefeatures.algebra.host import HOST, Host
from samefeatures.algebra.protocol import SINGLE_ROWS, Algebra, Heads, Precision, Sums, check_single
from samefeatures.base.devices import check_device
from samefeatures.base.errors import require

__all__ = [
    "HOST",
    "SINGLE_ROWS",
    "Algebra",
    "Heads",
    "Host",
    "Precision",
    "Sums",
    "check_single",
    "open_algebra",
]


def open_algebra(device: str) -> Algebra:
    """NumPy and SciPy for ``cpu``, torch for ``cuda`` and ``cuda:N``.

    Raises:
        ConfigError: when there is no such device: nothing runs on the processor instead.
        MissingExtraError: when a device needs torch, which is not installed.
    """
    if device == "cpu":
        return HOST
    check_device(device, "algebra: device")
    require("torch", extra="torch", purpose=f"Algebra on '{device}'")
    from samefeatures.algebra.device import TorchDevice

    return TorchDevice(device)
