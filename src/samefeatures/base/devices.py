"""Names of devices, as all of the package writes them."""

from __future__ import annotations

import re

from samefeatures.base.errors import ConfigError

DEVICE = re.compile(r"cpu|cuda(:\d+)?")


def check_device(device: object, what: str = "device") -> str:
    """The same name, if it is one: ``cpu``, ``cuda`` or ``cuda:N``.

    Args:
        device: What came.
        what: The key that it came under, for messages.

    Raises:
        ConfigError: with the name that is meant, where others call it otherwise.
    """
    if isinstance(device, str) and DEVICE.fullmatch(device):
        return device
    meant = _meant(str(device))
    came = f"'{device}'" if isinstance(device, str) else f"{device!r}, not a text"
    hint = f"Did you mean '{what}: {meant}'? " if meant else ""
    raise ConfigError(
        f"{what} is {came}. {hint}Give cpu, cuda or cuda:N, N a number from 0 (others have no "
        "float64)."
    )


def _meant(device: str) -> str:
    """What people call a GPU, or the processor, elsewhere."""
    words = re.fullmatch(r"([a-z:/_ ]*?)[:_ ]*(\d*)", device.strip().lower())
    if words is None:
        return ""
    word, number = words[1].strip("/ :"), words[2]
    if word in GPU or (not word and number):
        return f"cuda:{number}" if number else "cuda"
    return "cpu" if word in PROCESSOR else ""


GPU = ("gpu", "gpus", "cuda", "nvidia", "device/gpu", "device:gpu", "cudnn", "rocm", "hip", "amd")
PROCESSOR = ("cpu", "cpus", "host", "processor", "numpy", "none", "device/cpu")
