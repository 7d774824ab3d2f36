"""What ``samefeatures similarity --json`` prints."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from samefeatures.base.arrays import Float64
from samefeatures.report.ranking import Ranked, rankings
from samefeatures.study.results import MeasureSummary, Similarity

Rows = tuple[tuple[float | None, ...], ...]
"""Sources down, targets across; None where a measure says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureLine:
    """A measure of all pairs.

    Attributes:
        name: Short name.
        label: In tables.
        says: What it is.
        rows: Eval rows that it is of.
        same: Its value where nothing could be nearer.
        apart: Its value where nothing is shared; None without a scale.
        matrix: By network.
        beyond: The same beyond what is given, where it is known.
    """

    name: str
    label: str
    says: str
    rows: int
    same: float
    apart: float | None
    matrix: Rows
    beyond: Mapping[str, Rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingLine:
    """How a measure ranks the pairs.

    Attributes:
        measure: Which.
        method: Whose maps it judges; empty for a measure of two spaces.
        against: What the ranking is held against: a column of the results.
        spearman: Rank correlation, both sides turned so that up is nearer; None where one side has
            one value throughout.
        p: By permuting the networks.
        low: Least correlation without any one network; None for fewer than four networks.
        high: Greatest.
        networks: Of which all pairs are known.
        pairs: Ordered.
    """

    measure: str
    method: str
    against: str
    spearman: float | None
    p: float | None
    low: float | None
    high: float | None
    networks: int
    pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarityRecord:
    """Measures of all pairs. ``format`` is raised when a field changes its meaning or goes away.

    Attributes:
        title: Of the study.
        files: Paths of what was written.
        networks: In the order of the matrices.
        eval_rows: Of the study; each measure says how many of them it is of.
        measures: In the order asked for.
        rankings: Where the study is scored.
        notes: What a reader of the numbers should know.
    """

    format: Literal[1] = 1
    title: str
    files: tuple[str, ...]
    networks: tuple[str, ...]
    eval_rows: int
    measures: tuple[MeasureLine, ...]
    rankings: tuple[RankingLine, ...]
    notes: tuple[str, ...]


def similarity_record(found: Similarity, paths: Sequence[Path]) -> SimilarityRecord:
    """Of all pairs, whose files are ``paths``."""
    return SimilarityRecord(
        title=found.title,
        files=tuple(map(str, paths)),
        networks=found.names,
        eval_rows=found.n,
        measures=tuple(_measure(found, measure) for measure in found.measures),
        rankings=tuple(map(_ranking, rankings(found))),
        notes=found.notes,
    )


def _measure(found: Similarity, measure: MeasureSummary) -> MeasureLine:
    name = measure.name
    return MeasureLine(
        name=name,
        label=measure.label,
        says=measure.says,
        rows=found.rows(name),
        same=measure.same,
        apart=_known(measure.apart),
        matrix=_rows(found.matrix(name)),
        beyond={given: _rows(found.matrix(name, beyond=given)) for given in found.given(name)},
    )


def _ranking(ranked: Ranked) -> RankingLine:
    found = ranked.found
    return RankingLine(
        measure=ranked.measure.name,
        method=ranked.of,
        against=ranked.against.name,
        spearman=_known(found.rho),
        p=_known(found.p),
        low=_known(found.low),
        high=_known(found.high),
        networks=found.networks,
        pairs=found.pairs,
    )


def _rows(table: Float64) -> Rows:
    return tuple(tuple(_known(float(value)) for value in row) for row in table)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
