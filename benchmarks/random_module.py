"""Modules with random weights in which every number counts."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from samefeatures.base.arrays import Float32
from samefeatures.networks.torch.split import logits_of


@torch.no_grad()
def spread(model: nn.Module) -> nn.Module:
    """The module in evaluation mode; what is 0 or 1 and would do nothing is moved off that."""
    for module in model.modules():
        for name, value in [*module.named_parameters(recurse=False)]:
            if not value.any() or (name == "bias" and value.ndim == 1):
                value.add_(0.05 * torch.randn_like(value))
        if getattr(module, "running_var", None) is not None:
            module.running_var.uniform_(0.8, 1.2)
            module.running_mean.add_(0.05 * torch.randn_like(module.running_mean))
    return model.eval()


def logits_of_module(model: nn.Module) -> Callable[[Float32], Float32]:
    """(b, 3, h, w) images to (b, classes) logits, as the library gives them."""

    def logits(images: Float32) -> Float32:
        with torch.inference_mode():
            found: Float32 = logits_of(model(torch.from_numpy(images))).flatten(1).numpy()
        return found

    return logits
