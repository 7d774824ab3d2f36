"""Every hybrid of one method against the two networks that it is made of, on the same images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samefeatures.scores.heads import Score
from samefeatures.scores.paired import holm, mcnemar

Pair = tuple[str, str]
Hits = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the paired tests say of one hybrid; fields as in ``Cell``."""

    p_vs_target: float
    p_vs_source: float
    p_vs_target_raw: float
    p_vs_source_raw: float
    fixed: int
    broken: int


SAME = Comparison(
    p_vs_target=1.0,
    p_vs_source=1.0,
    p_vs_target_raw=1.0,
    p_vs_source_raw=1.0,
    fixed=0,
    broken=0,
)
"""A network against itself."""


def compare(
    hybrids: Mapping[Pair, Score], own: Mapping[str, Score], labels: npt.NDArray[np.int64]
) -> dict[Pair, Comparison]:
    """Exact McNemar tests of all hybrids of one method, corrected by Holm.

    The N(N-1) tests against the targets are one family, those against the sources another.

    Args:
        hybrids: By (source, target), off the diagonal.
        own: Every network with its own head, on the same images.
        labels: (n,) of these images.
    """
    right = {name: hits(score, labels) for name, score in own.items()}
    changed = {
        (a, b): (changes(right[b], mine), changes(right[a], mine))
        for (a, b), mine in ((pair, hits(score, labels)) for pair, score in hybrids.items())
    }
    raw_target = [mcnemar(*target) for target, _ in changed.values()]
    raw_source = [mcnemar(*source) for _, source in changed.values()]
    rows = zip(
        changed.items(), holm(raw_target), holm(raw_source), raw_target, raw_source, strict=True
    )
    return {
        pair: Comparison(
            p_vs_target=p_target,
            p_vs_source=p_source,
            p_vs_target_raw=bare_target,
            p_vs_source_raw=bare_source,
            fixed=fixed,
            broken=broken,
        )
        for (pair, ((fixed, broken), _)), p_target, p_source, bare_target, bare_source in rows
    }


def hits(score: Score, labels: npt.NDArray[np.int64]) -> Hits:
    """(n,) whether the prediction is the label."""
    return np.asarray(score.predictions == labels)


def changes(before: Hits, after: Hits) -> tuple[int, int]:
    """(wrong before and right after, right before and wrong after)."""
    return int((after & ~before).sum()), int((before & ~after).sum())
