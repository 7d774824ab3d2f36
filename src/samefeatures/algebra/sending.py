"""Arrays on their way to a device (needs torch)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


def sent(array: npt.NDArray[Any], place: torch.device) -> Tensor:
    """The same numbers there, (…); on the processor they may share memory."""
    # torch can't share what must not be written.
    return torch.from_numpy(np.require(array, requirements=["C", "W"])).to(place)
