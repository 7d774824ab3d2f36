"""From scores to the cells of the N x N tables: the rows of ``results.csv``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import product

from samefeatures.base.arrays import Int64
from samefeatures.scores.comparisons import SAME, UNKNOWN, Comparison, compare
from samefeatures.scores.follow import follow
from samefeatures.scores.follows import Follows
from samefeatures.scores.heads import Score, agreement
from samefeatures.scores.intervals import wilson
from samefeatures.study.results import Cell
from samefeatures.study.scoring import Scored

Itself = Callable[[str, Sequence[Mapping[str, float]]], Mapping[str, float]]
"""See ``Measuring.with_itself``."""


def cells_of(
    scored: Scored, measures: Mapping[str, str], itself: Itself = lambda *_: {}
) -> Iterator[Cell]:
    """All cells of all methods, N x N each; on the diagonals stand the networks unmapped.

    Where the target has no head, and where the rows have no labels, cells hold measures alone.

    Args:
        scored: The study.
        measures: Key by name, in the order of the columns.
        itself: Says them of a network with itself.
    """
    own, labels = scored.own, scored.labels
    for label, hybrids in scored.hybrids.items():
        near = {
            pair: {name: fact.measures[key] for name, key in measures.items()}
            for pair, fact in scored.facts.get(label, {}).items()
        }
        compared = compare(hybrids, own, labels) if labels is not None else {}
        for pair in product(scored.names, scored.names):
            source, target = pair
            ends, place = (own.get(source), own.get(target)), (label, *pair)
            counted = scored.rows, labels is not None
            if source == target:
                known = SAME if ends[0] and labels is not None else UNKNOWN
                close = itself(target, [near[p] for p in near if p[1] == target])
                yield _cell(place, ends[0], counted=counted, ends=ends, close=close, compared=known)
            else:
                close, hybrid = near.get(pair, {}), hybrids.get(pair)
                found = compared.get(pair, UNKNOWN)
                cell = _cell(place, hybrid, counted=counted, ends=ends, close=close, compared=found)
                yield replace(cell, follows=_follows(hybrid, ends, labels))


def _follows(
    hybrid: Score | None, ends: tuple[Score | None, Score | None], labels: Int64 | None
) -> Follows | None:
    if hybrid is None or ends[0] is None or ends[1] is None or labels is None:
        return None
    return follow(
        source_says=ends[0].predictions,
        target_says=ends[1].predictions,
        hybrid_says=hybrid.predictions,
        labels=labels,
    )


def _cell(
    place: tuple[str, str, str],
    score: Score | None,
    *,
    counted: tuple[int, bool],
    ends: tuple[Score | None, Score | None],
    close: Mapping[str, float],
    compared: Comparison,
) -> Cell:
    """A hybrid, or on the diagonal a network, between the scores of its source and its target.

    Args:
        place: Method, source and target.
        score: Its own; None where no head ends it.
        counted: Eval rows, and whether they have labels.
        ends: Those of source and target.
        close: Measures by name.
        compared: What the paired tests say.
    """
    label, source, target = place
    n, labelled = counted
    right = score if labelled else None
    top1 = right.top1 if right else math.nan
    source_top1, target_top1 = (e.top1 if e and labelled else math.nan for e in ends)
    low, high = wilson(right.correct, n) if right else (math.nan, math.nan)
    change = 100 * (top1 - source_top1) / source_top1 if source_top1 else math.nan
    return Cell(
        method=label,
        source=source,
        target=target,
        n=n,
        correct=right.correct if right else None,
        top1=top1,
        correct_top5=right.correct_top5 if right else None,
        top5=right.top5 if right else math.nan,
        source_top1=source_top1,
        target_top1=target_top1,
        change_vs_source_pct=change,
        loss_vs_target_points=target_top1 - top1,
        agreement=agreement(score, ends[1]) if score and ends[1] else math.nan,
        measures=close,
        ci_low=low,
        ci_high=high,
        **asdict(compared),
    )
