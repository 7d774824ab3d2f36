"""Every hybrid of one method against the two networks that it is made of, on the same images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from samefeatures.base.arrays import Bool, Int64
from samefeatures.scores.heads import Score
from samefeatures.scores.paired import holm, mcnemar

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the paired tests say of one hybrid; fields as in ``Cell``."""

    p_vs_target: float = 1.0
    p_vs_source: float = 1.0
    p_vs_target_raw: float = 1.0
    p_vs_source_raw: float = 1.0
    fixed: int = 0
    broken: int = 0


SAME = Comparison()
"""A network against itself."""


def compare(
    hybrids: Mapping[Pair, Score], own: Mapping[str, Score], labels: Int64
) -> dict[Pair, Comparison]:
    """Exact McNemar tests of all hybrids of one method, corrected by Holm.

    The N(N-1) tests against the targets are one family, those against the sources another.

    Args:
        hybrids: By (source, target), off the diagonal.
        own: Every network with its own head, on the same images.
        labels: (n,) of these images.
    """
    right = {name: hits(score, labels) for name, score in own.items()}
    mine = {pair: hits(score, labels) for pair, score in hybrids.items()}
    changed = [changes(right[target], hit) for (_, target), hit in mine.items()]
    vs_target = [mcnemar(*counts) for counts in changed]
    vs_source = [mcnemar(*changes(right[source], hit)) for (source, _), hit in mine.items()]
    columns = (mine, changed, holm(vs_target), holm(vs_source), vs_target, vs_source)
    return {
        pair: Comparison(
            p_vs_target=p_target,
            p_vs_source=p_source,
            p_vs_target_raw=raw_target,
            p_vs_source_raw=raw_source,
            fixed=fixed,
            broken=broken,
        )
        for pair, (fixed, broken), p_target, p_source, raw_target, raw_source in zip(
            *columns, strict=True
        )
    }


def hits(score: Score, labels: Int64) -> Bool:
    """(n,) whether the prediction is the label."""
    return np.asarray(score.predictions == labels)


def changes(before: Bool, after: Bool) -> tuple[int, int]:
    """(wrong before and right after, right before and wrong after), of (n,) hits each."""
    return int((after & ~before).sum()), int((before & ~after).sum())
