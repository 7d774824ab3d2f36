"""The smallest model of each module of timm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import timm
import torch

from benchmarks.coverage import Case, Made
from benchmarks.random_module import logits_of_module, spread

PACKAGES = ("torch", "timm")
SMALL = (
    "atto", "femto", "pico", "zepto", "nano", "xxt", "xxs", "xxx", "xtiny", "micro", "pet", "tiny",
    "xxsmall", "xs", "mini", "small", "s0", "b0", "p0", "m0", "m1", "_t", "_s", "18", "10", "10t",
    "26", "34", "35", "x0", "002", "050", "l1",
)  # fmt: skip
LOOKED_AT = 6
"""So many models of a module, the smallest by their names, are measured."""


def cases() -> Iterator[Case]:
    """One a module, by its module's name."""
    for module in timm.list_modules():
        names = [name for name in timm.list_models(module=module) if not name.startswith("test_")]
        with_head = [name for name in names if timm.models.get_pretrained_cfg(name).num_classes]
        if names:
            yield Case(module, partial(_make, with_head or names))


def _make(names: list[str], folder: Path) -> Made:
    name = min(sorted(names, key=_guess)[:LOOKED_AT], key=_parameters)
    torch.manual_seed(0)
    model = spread(timm.create_model(name, pretrained=False))
    path = folder / "net.pth"
    torch.save(model.state_dict(), path)
    return Made(source=f"timm:{name}?checkpoint={path}", logits=logits_of_module(model))


def _guess(name: str) -> tuple[int, int, str]:
    """Names of small models first, then those of small images."""
    words = re.split(r"[_.]", name)
    ranks = [rank for rank, size in enumerate(SMALL) if size in words or name.endswith(size)]
    sides = [int(word) for word in words if word.isdecimal() and int(word) > 100]
    return (min(ranks, default=len(SMALL)), min(sides, default=0), name)


def _parameters(name: str) -> float:
    """Without memory for them; models that can't be made so come last."""
    try:
        with torch.device("meta"):
            model = timm.create_model(name, pretrained=False)
    except Exception:  # some read numbers while they are made
        return float("inf")
    return sum(parameter.numel() for parameter in model.parameters())
