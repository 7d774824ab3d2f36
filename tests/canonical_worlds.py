"""What a canonical space is taken of, of rows in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from array_worlds import World, moments_of, networks_of, rows_of
from npz_worlds import make_worlds
from samefeatures.algebra import HOST
from samefeatures.study.canonical.config import CanonicalConfig
from samefeatures.study.canonical.inputs import CanonicalInputs
from watching import Told

N, M = 90, 60
WORLDS = make_worlds(n=N, m=M, noise=0.5)


def inputs_of(
    folder: Path,
    worlds: Mapping[str, World] = WORLDS,
    *,
    headless: Collection[str] = (),
    k: tuple[int, ...] | None = (1, 3, 6),
    alpha: float = 0.25,
    **changes: Any,
) -> CanonicalInputs:
    fit, evaluation = rows_of(worlds, "fit"), rows_of(worlds, "eval")
    networks = networks_of(worlds, headless=headless)
    labels = next(iter(worlds.values()))["eval_labels"]
    inputs = CanonicalInputs(
        networks=networks,
        fit=fit,
        evaluation=evaluation,
        labels=labels,
        own={
            name: int((net.head.logits(net.eval_features).argmax(axis=1) == labels).sum())
            for name, net in networks.items()
            if net.head is not None
        },
        take_fit=lambda: moments_of(fit),
        take_eval=lambda: moments_of(evaluation),
        chosen=CanonicalConfig(k=k, alpha=alpha),
        folder=folder,
        precision="float64",
        algebra=HOST,
        progress=Told(),
    )
    return replace(inputs, **changes)


def still(world: World) -> World:
    """The same network with features that do not vary."""
    same = {key: np.ones_like(x) for key, x in world.items() if key.endswith("_features")}
    return {**world, **same}


def loss(inputs: CanonicalInputs, fitted: Any) -> float:
    """Points that the hybrid of a map loses against its target."""
    head = inputs.heads[fitted.target]
    x = inputs.evaluation[fitted.source].span(0, len(inputs.evaluation[fitted.source]))
    logits = (x @ fitted.weight.T + fitted.bias) @ head.weight.T + head.bias
    assert inputs.own is not None
    right = int((logits.argmax(axis=1) == inputs.labels).sum())
    return 100 * (inputs.own[fitted.target] - right) / len(x)


def r2(inputs: CanonicalInputs, fitted: Any) -> float:
    """Of a map on the eval rows."""
    x, y = (
        inputs.evaluation[name].span(0, M).astype(float) for name in (fitted.source, fitted.target)
    )
    errors = (x @ fitted.weight.T + fitted.bias - y) ** 2
    return float(1 - errors.sum() / ((y - y.mean(axis=0)) ** 2).sum())
