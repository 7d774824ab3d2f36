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
    """What the paired tests say of one hybrid; fields as in ``Cell``, NaN and None where they
    can't say anything."""

    p_vs_target: float = 1.0
    p_vs_source: float = 1.0
    p_vs_target_raw: float = 1.0
    p_vs_source_raw: float = 1.0
    fixed: int | None = 0
    broken: int | None = 0


SAME = Comparison()
"""A network against itself."""
NAN = float("nan")
UNKNOWN = Comparison(
    p_vs_target=NAN,
    p_vs_source=NAN,
    p_vs_target_raw=NAN,
    p_vs_source_raw=NAN,
    fixed=None,
    broken=None,
)
"""Where nothing is classified, or nothing is known of what is right."""


def compare(
    hybrids: Mapping[Pair, Score], own: Mapping[str, Score], labels: Int64
) -> dict[Pair, Comparison]:
    """Exact McNemar tests of all hybrids of one method, corrected by Holm.

    The N(N-1) tests against the targets are one family, those against the sources another, as far
    as sources have heads of their own.

    Args:
        hybrids: By (source, target), off the diagonal; every target is in ``own``.
        own: Every network with its own head, on the same images.
        labels: (n,) of these images.
    """
    right = {name: hits(score, labels) for name, score in own.items()}
    mine = {pair: hits(score, labels) for pair, score in hybrids.items()}
    changed = [changes(right[target], hit) for (_, target), hit in mine.items()]
    vs_target = [mcnemar(*counts) for counts in changed]
    of_source = [
        (place, mcnemar(*changes(right[source], hit)))
        for place, ((source, _), hit) in enumerate(mine.items())
        if source in right
    ]
    places, raw = zip(*of_source, strict=True) if of_source else ((), ())
    vs_source, corrected = [NAN] * len(mine), [NAN] * len(mine)
    for place, p, p_holm in zip(places, raw, holm(list(raw)), strict=True):
        vs_source[place], corrected[place] = p, p_holm
    columns = (mine, changed, holm(vs_target), corrected, vs_target, vs_source)
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
