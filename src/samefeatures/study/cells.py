"""From scores to the cells of the N x N tables: the rows of ``results.csv``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from itertools import product

from samefeatures.base.arrays import Int64
from samefeatures.scores.comparisons import SAME, Comparison, compare
from samefeatures.scores.follow import follow
from samefeatures.scores.follows import Follows
from samefeatures.scores.heads import Score, agreement
from samefeatures.scores.intervals import wilson
from samefeatures.study.measuring import of_the_same
from samefeatures.study.results import Cell
from samefeatures.study.scoring import Scored


def cells_of(scored: Scored, measures: Mapping[str, str]) -> Iterator[Cell]:
    """All cells of all methods, N x N each; on the diagonals stand the networks unmapped.

    Args:
        scored: The study.
        measures: Key by name, in the order of the columns.
    """
    own, same = scored.own, of_the_same(list(measures))
    for label, hybrids in scored.hybrids.items():
        compared = compare(hybrids, own, scored.labels)
        for source, target in product(own, own):
            pair, ends = (source, target), (own[source], own[target])
            if source == target:
                yield _cell((label, *pair), ends[0], ends, same, SAME)
            else:
                close = {
                    name: scored.facts[label][pair].measures[key] for name, key in measures.items()
                }
                whom = _follows(hybrids[pair], ends, scored.labels)
                cell = _cell((label, *pair), hybrids[pair], ends, close, compared[pair])
                yield replace(cell, follows=whom)


def _follows(hybrid: Score, ends: tuple[Score, Score], labels: Int64) -> Follows:
    return follow(
        source_says=ends[0].predictions,
        target_says=ends[1].predictions,
        hybrid_says=hybrid.predictions,
        labels=labels,
    )


def _cell(
    place: tuple[str, str, str],
    score: Score,
    ends: tuple[Score, Score],
    close: Mapping[str, float],
    compared: Comparison,
) -> Cell:
    """A hybrid, or on the diagonal a network, between the scores of its source and its target."""
    label, source, target = place
    source_top1, target_top1 = ends[0].top1, ends[1].top1
    low, high = wilson(score.correct, score.n)
    change = 100 * (score.top1 - source_top1) / source_top1 if source_top1 else float("nan")
    return Cell(
        method=label,
        source=source,
        target=target,
        n=score.n,
        correct=score.correct,
        top1=score.top1,
        correct_top5=score.correct_top5,
        top5=score.top5,
        source_top1=source_top1,
        target_top1=target_top1,
        change_vs_source_pct=change,
        loss_vs_target_points=target_top1 - score.top1,
        agreement=agreement(score, ends[1]),
        measures=close,
        ci_low=low,
        ci_high=high,
        **asdict(compared),
    )
