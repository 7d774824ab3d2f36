"""The smallest classifier of each family of torchvision, as it is and fine-tuned to 7 classes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torchvision

from benchmarks.coverage import Case, Made
from benchmarks.random_module import logits_of_module, spread

PACKAGES = ("torch", "torchvision")
FINE_TUNED = 7


def cases() -> Iterator[Case]:
    """Two a family: the number of classes is read from the file."""
    models = torchvision.models
    families: dict[str, list[tuple[int, str]]] = {}
    for name in models.list_models(module=models):
        family = models.get_model_builder(name).__module__
        size = models.get_model_weights(name).DEFAULT.meta["num_params"]
        families.setdefault(family, []).append((size, name))
    for _, name in sorted(map(min, families.values())):
        yield Case(name, partial(_make, name, 1000))
        yield Case(f"{name}, {FINE_TUNED} classes", partial(_make, name, FINE_TUNED))


def _make(name: str, classes: int, folder: Path) -> Made:
    options: dict[str, Any] = {"num_classes": classes}
    if name in ("googlenet", "inception_v3"):
        options["init_weights"] = False
    torch.manual_seed(0)
    model = spread(torchvision.models.get_model(name, weights=None, **options))
    path = folder / "net.pth"
    torch.save(model.state_dict(), path)
    return Made(source=f"torchvision:{name}?checkpoint={path}", logits=logits_of_module(model))
