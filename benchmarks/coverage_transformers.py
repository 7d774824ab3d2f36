"""Every image classifier of transformers, with a configuration of few layers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES

from benchmarks.coverage import Case, Made
from benchmarks.random_module import logits_of_module, spread

PACKAGES = ("torch", "transformers", "timm")
CLASSES = 11
MOST = 500_000_000
"""Parameters of a model that is made."""
FEW = {"depths": 1, "num_blocks": 1, "num_hidden_layers": 2, "layers": 2, "encoder_layers": 2}
"""Fields that say how deep a network is, the first counts; in lists each number is replaced."""
INPUT = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5), "crop_pct": 1.0,
         "interpolation": "bilinear", "crop_mode": "squash"}  # fmt: skip


def cases() -> Iterator[Case]:
    """One a class of models."""
    for kind, classes in MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES.items():
        for name in [classes] if isinstance(classes, str) else classes:
            yield Case(name, partial(_make, kind, name))


def _make(kind: str, name: str, folder: Path) -> Made:
    config = _few(transformers.CONFIG_MAPPING[kind]())
    config.num_labels = CLASSES
    if kind == "timm_wrapper":
        config = transformers.TimmWrapperConfig(architecture="resnet10t", num_labels=CLASSES)
    with torch.device("meta"):
        size = sum(p.numel() for p in getattr(transformers, name)(config).parameters())
    if size > MOST:  # a language model that looks at images
        raise MemoryError(f"{size / 1e9:.1f} billion parameters, whatever the number of layers")
    torch.manual_seed(0)
    model: Any = spread(getattr(transformers, name)(config))
    model.save_pretrained(folder)
    vision = getattr(config, "vision_config", config)
    side = getattr(vision, "image_size", None) or 224
    size = tuple(side) if isinstance(side, list | tuple) else (side, side)
    given = {**INPUT, "input_size": (3, *size)}
    return Made(source=f"hf:{folder}", logits=logits_of_module(model), preprocessing=given)


def _few(config: Any) -> Any:
    """The configuration, and that of its vision part, with few layers."""
    if getattr(config, "vision_config", None) is not None:
        config.vision_config = _few(config.vision_config)
        return config
    for field, few in FEW.items():
        before = getattr(config, field, None)
        if isinstance(before, int):
            return type(config)(**{field: few})
        if isinstance(before, list | tuple) and all(isinstance(n, int) for n in before):
            return type(config)(**{field: [few] * len(before)})
    return config
