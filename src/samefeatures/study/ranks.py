"""Maps of every rank between all pairs: kept source by source in ``ranks/`` of the study."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from samefeatures.algebra import HOST, Algebra, Precision
from samefeatures.base.arrays import Float64, Int64
from samefeatures.base.digests import digest
from samefeatures.base.kept_records import keep_record, kept_record, let_others_go
from samefeatures.base.progress import Progress
from samefeatures.features.rows import FeatureRows, Identity
from samefeatures.joint.kept import moments_key
from samefeatures.joint.record import Moments
from samefeatures.maps import SourceProblem
from samefeatures.maps.reduced import Reduced, reduced
from samefeatures.networks.record import Head, Network
from samefeatures.scores.heads import Score
from samefeatures.scores.ladder import Ladder, score_ladders
from samefeatures.similarity.ranks import beyond_by_rank, r2_by_rank
from samefeatures.similarity.sheet import Sheet
from samefeatures.study.made_spaces import MadeSpaces
from samefeatures.study.results.ranks import RankRow, Ranks, powers
from samefeatures.study.scoring import labelled
from samefeatures.study.spaces import answers_of

RANKS_VERSION = 1
"""Raised whenever a number of the sweep is taken in another way."""

Chosen = tuple[int, ...] | None
"""Ranks of the study file; None: powers of two."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RankInputs:
    """A study, as far as the sweep needs it.

    Attributes:
        networks: By name, in the order of the study.
        fit: Whose moments maps are made of.
        evaluation: (m, d) rows of each.
        labels: (m,) of these rows, or None.
        own: Scores of the networks with their own heads.
        fit_moments: Takes moments of the fit rows.
        eval_moments: Of the eval rows.
        made: Makes control spaces with their moments; None where controls are off.
        chosen: Ranks.
        precision: Of the moments' products.
        folder: Of the study.
        algebra: Where products and factorisations run.
        progress: Shows how far it is.
    """

    networks: Mapping[str, Network]
    fit: Mapping[str, Identity]
    evaluation: Mapping[str, FeatureRows]
    labels: Int64 | None
    own: Mapping[str, Score]
    fit_moments: Callable[[], Moments]
    eval_moments: Callable[[], Moments]
    made: Callable[[], MadeSpaces] | None
    chosen: Chosen
    precision: Precision
    folder: Path
    algebra: Algebra = HOST
    progress: Progress

    @property
    def key(self) -> str:
        """Everything that decides the numbers."""
        return digest(
            str(RANKS_VERSION),
            json.dumps(self.chosen),
            moments_key(list(self.fit.values()), self.precision),
            moments_key(list(self.evaluation.values())),
            b"" if self.labels is None else self.labels.tobytes(),
            "alone" if self.made is None else "beyond answers",
            *(network.fingerprint for network in self.networks.values()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """What is kept of one source."""

    rows: tuple[RankRow, ...]


def kept_ranks(inputs: RankInputs) -> Ranks:
    """The sweep, from ``ranks/`` in the study's folder as far as it is there."""
    folder, key = inputs.folder / "ranks", inputs.key[:16]
    paths = {source: folder / f"{key}.{source}.json" for source in inputs.networks}
    advance = inputs.progress.task("ranks", len(paths))
    rows: list[RankRow] = []
    for source, path in paths.items():
        kept = kept_record(_Rows, path)
        if kept is None:
            kept = _Rows(rows=tuple(_of_source(inputs, source)))
            keep_record(kept, path)
        rows += kept.rows
        advance(1)
    let_others_go(paths.values(), folder=folder, within=inputs.folder)
    return Ranks(rows=tuple(rows))


def _of_source(inputs: RankInputs, source: str) -> Iterator[RankRow]:
    """All ranks of all maps out of one network, which is factorised once."""
    targets = [name for name in inputs.networks if name != source]
    fit, judge, algebra = inputs.fit_moments(), inputs.eval_moments(), inputs.algebra
    problem = SourceProblem(source, inputs.networks, fit, algebra=algebra)
    sheet = (
        None if inputs.made is None else _beyond_answers(inputs.made(), source, targets, algebra)
    )
    ladders: dict[str, Ladder] = {}
    found: dict[str, tuple[tuple[int, ...], Float64, Float64]] = {}
    for place, target in enumerate(targets):
        directions = reduced(problem, target)
        ranks = powers(directions.rank, chosen=inputs.chosen) if directions.rank else ()
        r2 = r2_by_rank(directions, fit, judge, source, target, algebra=algebra)
        beyond = np.full(len(ranks), np.nan)
        if sheet is not None:
            beyond = beyond_by_rank(directions, ranks, sheet, place, algebra=algebra)
        found[target] = ranks, r2[[rank - 1 for rank in ranks]], beyond
        head = inputs.networks[target].head
        if head is not None and inputs.labels is not None and ranks:
            ladders[target] = _ladder(directions, ranks, head, problem, target)
    counts = _counts(inputs, source, ladders)
    for target, (ranks, r2, beyond) in found.items():
        for place, rank in enumerate(ranks):
            correct = counts[target][rank] if target in counts else None
            yield _row(
                inputs, (source, target), (rank, ranks[-1]), correct, (r2[place], beyond[place])
            )


def _beyond_answers(
    made: MadeSpaces, source: str, targets: Sequence[str], algebra: Algebra
) -> Sheet:
    """The source and its targets, less what the source's answers explain of them."""
    answers = answers_of(source)
    sheet = Sheet.of(made.total, made.judge, [answers, source], targets)
    return sheet.without(answers, 0.0, algebra=algebra)


def _ladder(
    found: Reduced, ranks: tuple[int, ...], head: Head, problem: SourceProblem, target: str
) -> Ladder:
    """The target's head behind the maps of these ranks."""
    weight = head.weight.astype(np.float64)  # (classes, d_B)
    moments = problem.moments
    return Ladder(
        loadings=found.loadings.astype(np.float32),
        offsets=-(found.loadings @ moments.mean_of(problem.source)).astype(np.float32),
        steps=problem.algebra.product(weight, found.directions).astype(np.float32),
        base=(weight @ moments.mean_of(target) + head.bias).astype(np.float32),
        ranks=ranks,
    )


def _counts(
    inputs: RankInputs, source: str, ladders: Mapping[str, Ladder]
) -> dict[str, dict[int, int]]:
    """Right predictions by target and rank."""
    if not ladders or inputs.labels is None:
        return {}
    rows = labelled(inputs.evaluation[source], inputs.labels)
    return dict(zip(ladders, score_ladders(rows, list(ladders.values())), strict=True))


def _row(
    inputs: RankInputs,
    pair: tuple[str, str],
    rank: tuple[int, int],
    correct: int | None,
    measured: tuple[float, float],
) -> RankRow:
    """One pair at one rank.

    Args:
        inputs: The study.
        pair: Source and target.
        rank: And the full one.
        correct: Right predictions.
        measured: R², and that beyond answers.
    """
    source, target = pair
    n = len(next(iter(inputs.evaluation.values())))
    top1 = None if correct is None else 100 * correct / n
    mine, theirs = inputs.own.get(source), inputs.own.get(target)
    change = loss = None
    if top1 is not None and mine is not None and mine.top1:
        change = 100 * (top1 - mine.top1) / mine.top1
    if top1 is not None and theirs is not None:
        loss = theirs.top1 - top1
    r2, beyond = (float(each) if math.isfinite(each) else None for each in measured)
    return RankRow(
        source=source,
        target=target,
        rank=rank[0],
        full_rank=rank[1],
        n=n,
        correct=correct,
        top1=top1,
        change_vs_source_pct=change,
        loss_vs_target_points=loss,
        r2=r2,
        r2_beyond_answers=beyond,
    )
