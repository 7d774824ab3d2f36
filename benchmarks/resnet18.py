"""A ResNet-18 with random weights as ONNX, for timing."""

from __future__ import annotations

from pathlib import Path

import torch
import torchvision


def write_onnx(path: Path) -> None:
    """Export with a free batch size."""
    torch.manual_seed(0)
    model = torchvision.models.resnet18(weights=None).eval()
    program = torch.onnx.export(
        model,
        (torch.zeros(2, 3, 224, 224),),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        dynamo=True,
        verbose=False,
    )
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program")
    program.save(path)
