"""A module of its own: the features of one network, and another head (needs torch)."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import nn

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import ExportError
from samefeatures.networks.proof import TOLERANCE
from samefeatures.networks.record import Head
from samefeatures.networks.torch.split import Hybrid, TorchSplit


def make_hybrid(
    split: TorchSplit, head: Head, probe: Float32, features: Float32, *, source: str, exact: bool
) -> nn.Module:
    """``head(trunk(images))`` on the processor, held against ``head`` on known features.

    Args:
        split: Of the network.
        head: On its features.
        probe: (b, 3, h, w) preprocessed images.
        features: (b, d) of the probe, in plain float32.
        source: For messages.
        exact: Whether the features come from the processor too; on a GPU sums run in another order.

    Raises:
        ExportError: when the module can't be taken apart.
    """
    if split.trunk is None:
        raise ExportError(
            f"{source} does not return its features when '{split.layer}' is taken out, so that no "
            "module can be made of them. Return the head's output as it is from the model's "
            "forward."
        )
    trunk = copy.deepcopy(split.trunk).cpu()
    hybrid = Hybrid(trunk, head).eval()
    with torch.inference_mode():
        logits = hybrid(torch.from_numpy(probe)).numpy()
    # Rounding grows with what is summed, not with the sum: an ill-conditioned map cancels.
    terms = np.abs(features) @ np.abs(head.weight).T + np.abs(head.bias)  # (b, classes)
    error = float(np.abs(logits - head.logits(features)).max() / terms.max())
    if not error <= (TOLERANCE if exact else 100 * TOLERANCE):
        raise ExportError(
            f"{source}: the hybrid module differs from head(features(x)) by {error:.1e} of what "
            "its logits are summed from. Report this as a bug."
        )
    return hybrid
