"""Spaces that lack one network each, to which it is attached by maps of its own."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from samefeatures.maps.canonical.record import CanonicalSpace
from samefeatures.maps.canonical.solve import attached, spaces_without
from samefeatures.maps.canonical.stack import Stack
from samefeatures.study.canonical.inputs import CanonicalInputs
from samefeatures.study.canonical.nested import Pair, count_right, judge

MOST = 32
"""Directions of these spaces, at most: one is made for each network."""


def left_out_k(stack: Stack, ks: Sequence[int]) -> int:
    """Directions that all such spaces have; 0 where there are none of them."""
    if len(stack.names) < 3:
        return 0
    ranks = {name: len(stack.white[name].values) for name in stack.names}
    room = min(sum(ranks.values()) - max(ranks.values()), stack.rows - 1, MOST)
    return max((k for k in ks if k <= room), default=0)


def attached_to_others(inputs: CanonicalInputs, stack: Stack, k: int) -> dict[str, CanonicalSpace]:
    """For each network the space of all others, with itself attached at the end."""
    moments, prints = inputs.fit_moments, inputs.prints
    spaces = spaces_without(stack, moments, prints, k=k, alpha=inputs.chosen.alpha)
    out = {}
    for name, space in spaces.items():
        late = attached(space, stack, moments, name, prints[name])
        out[name] = replace(space, members=(*space.members, late))
    return out


def fit_of_others(
    inputs: CanonicalInputs, space: CanonicalSpace, name: str
) -> tuple[dict[Pair, float], dict[Pair, float]]:
    """R² and losses in points of the maps from and to one network, by pair."""
    k = space.k
    judged = judge(space, inputs.eval_moments, [k], inputs.algebra)
    r2 = {pair: values.item() for pair, values in judged.r2.items() if name in pair}
    heads = inputs.heads
    losses: dict[Pair, float] = {}
    if inputs.own is None or inputs.labels is None:
        return r2, losses
    n = len(inputs.labels)
    for source in inputs.networks:
        wanted = heads if source == name else {name: heads[name]} if name in heads else {}
        targets = {target: head for target, head in wanted.items() if target != source}
        if not targets:
            continue
        right = count_right(
            space, source, targets, rows=inputs.evaluation[source], labels=inputs.labels, ks=[k]
        )
        for target, counts in right.items():
            losses[source, target] = 100 * (inputs.own[target] - counts.item()) / n
    return r2, losses


def median_of(values: Mapping[Pair, float], name: str) -> float | None:
    """Over the maps from and to a network; None where nothing is known."""
    mine = [value for pair, value in values.items() if name in pair and np.isfinite(value)]
    return statistics.median(mine) if mine else None
