"""A module of one network's features and another head, and the same as ONNX (needs torch)."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import ExportError, first_line, require
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.proof import TOLERANCE
from samefeatures.networks.record import Head
from samefeatures.networks.torch.split import TorchSplit, logits_of


class Hybrid(nn.Module):
    """A trunk and another head: ``hybrid(images)`` returns logits (b, classes)."""

    def __init__(self, trunk: nn.Module, head: Head) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = nn.Linear(head.dim, head.classes)
        with torch.no_grad():
            self.head.weight.copy_(torch.from_numpy(head.weight))
            self.head.bias.copy_(torch.from_numpy(head.bias))

    def forward(self, images: Tensor) -> Tensor:
        """(b, 3, h, w) images to (b, classes) logits."""
        logits: Tensor = self.head(logits_of(self.trunk(images)).flatten(1))
        return logits


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


def export_module(
    module: nn.Module, preprocessing: Preprocessing, *, source: str
) -> onnx.ModelProto:
    """The module with input ``images``, output ``logits``, and a free batch size.

    Raises:
        ExportError: when torch can't export it.
        MissingExtraError: when onnxscript is not installed.
    """
    require("onnxscript", extra="export", purpose="Exporting a torch network to ONNX")
    example = torch.zeros(2, *preprocessing.input_size)
    try:
        with warnings.catch_warnings():
            # The exporter warns about its own internals, which nobody here can change.
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                module,
                (example,),
                dynamo=True,
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                input_names=["images"],
                output_names=["logits"],
                verbose=False,
            )
    except Exception as error:  # torch.export raises many kinds
        raise ExportError(
            f"torch could not export {source} ({first_line(error)}). Use "
            "samefeatures.hybrid_module for an nn.Module, or rewrite the part that can't be traced."
        ) from error
    if program is None:
        raise ExportError(f"torch exported nothing for {source}.")
    return program.model_proto
