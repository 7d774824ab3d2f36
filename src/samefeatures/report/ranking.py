"""How measures rank the pairs, against what is shared beyond answers and against accuracy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.base.arrays import Float64
from samefeatures.report.findings import given_sets, spaces_of
from samefeatures.report.grid import Grid, fitted, grids, number
from samefeatures.report.judged import judged
from samefeatures.report.sentences_shared import given_words
from samefeatures.scores.intervals import ALPHA
from samefeatures.scores.ranking import Ranking, rank_alike
from samefeatures.study.results import Cell, MeasureSummary, Similarity, StudyResults
from samefeatures.study.results.spaces import beyond_column

RANKING_NOTE = (
    "Heat maps of all pairs: samefeatures similarity. "
    "Spearman: rank correlation over the ordered pairs, both sides turned so that up is nearer. "
    "Pairs that share a network are not independent: p is the share of permutations of the "
    "networks, not of the pairs, with a correlation at least as strong."
)


FEWEST = 3
"""Networks whose pairs can be ranked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """What a ranking of the pairs is held against.

    Attributes:
        name: Of a column of the results, e.g. ``r2_beyond_answers``.
        label: In words.
        values: (N, N), up is nearer; NaN where it is not known.
    """

    name: str
    label: str
    values: Float64


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One measure against one of these.

    Attributes:
        measure: Which; of a map by the method ``of``.
        of: Label of the method whose maps it judges; empty for two spaces.
        against: What it is held against.
        found: The correlation, both sides turned so that up is nearer.
    """

    measure: MeasureSummary
    of: str
    against: Against
    found: Ranking

    @property
    def label(self) -> str:
        """The measure, and of whose maps."""
        return f"{self.measure.label} ({self.of})" if self.of else self.measure.label

    @property
    def sure(self) -> bool:
        """Whether so few networks can say it."""
        return self.found.p < ALPHA


def rankings(found: Similarity) -> list[Ranked]:
    """Every measure against everything that three networks or more know: two have one pair, both
    ways. Empty where the study is not scored."""
    results = found.results
    if results is None:
        return []
    grid = fitted(grids(results))
    sides = [*_beyond(results, found.names), *(_accuracies(grid) if grid else ())]
    rows = [(measure, "", found.matrix(measure.name)) for measure in found.measures]
    for measure in (m for m in results.measures if m.judges == "map" and grid):
        assert grid is not None
        rows.append((measure, grid.method, _table(grid, _measure(measure.name))))
    ranked = [
        Ranked(
            measure=measure,
            of=of,
            against=against,
            found=rank_alike(values if _rises(measure) else -values, against.values),
        )
        for against in sides
        for measure, of, values in rows
    ]
    told = {each.against.name for each in ranked if each.found.networks >= FEWEST}
    return [each for each in ranked if each.against.name in told]


def _rises(measure: MeasureSummary) -> bool:
    """Whether up is nearer; a measure without a scale says no more than that it is nearest at
    ``same``, and rises towards 1."""
    return not measure.same < measure.apart


def _beyond(results: StudyResults, names: tuple[str, ...]) -> Iterator[Against]:
    columns = spaces_of(results).columns()
    for given in given_sets(results):
        values = columns[beyond_column("r2", given)]
        yield Against(
            name=beyond_column("r2", given),
            label=f"R² beyond {given_words(given)}",
            values=np.array([[values.get((a, b), math.nan) for b in names] for a in names]),
        )


def _accuracies(grid: Grid) -> Iterator[Against]:
    """Between networks above chance: a change from or into another means nothing."""
    if not judged(grid).cells:
        return
    known = judged(grid).pairs

    def change(cell: Cell) -> float:
        return cell.change_vs_source_pct if (cell.source, cell.target) in known else math.nan

    def loss(cell: Cell) -> float:
        return -cell.loss_vs_target_points if (cell.source, cell.target) in known else math.nan

    yield Against(
        name="change_vs_source_pct",
        label=f"change vs source ({grid.label})",
        values=_table(grid, change),
    )
    yield Against(
        name="loss_vs_target_points",
        label=f"loss vs target ({grid.label}), least first",
        values=_table(grid, loss),
    )


def _measure(name: str) -> Callable[[Cell], float]:
    return lambda cell: cell.measure(name)


def _table(grid: Grid, value: Callable[[Cell], float]) -> Float64:
    return np.array([[math.nan if c is None else value(c) for c in row] for row in grid.rows])


def ranking_columns(ranked: Sequence[Ranked]) -> dict[str, list[str | float | int | None]]:
    """Of ``similarity_ranking.csv``; None where a number is not known."""
    rows: list[dict[str, str | float | int | None]] = [
        {
            "measure": each.measure.name,
            "method": each.of,
            "against": each.against.name,
            "spearman": _known(each.found.rho),
            "p": _known(each.found.p),
            "low_without_one": _known(each.found.low),
            "high_without_one": _known(each.found.high),
            "networks": each.found.networks,
            "pairs": each.found.pairs,
        }
        for each in ranked
    ]
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def ranking_sentence(ranked: Sequence[Ranked]) -> str:
    """Which measure of two spaces ranks the pairs most like R² beyond answers, if so few networks
    can say it; empty where none is left to be compared."""
    if not ranked:
        return ""
    first = ranked[0].against
    mine = [
        each
        for each in ranked
        if each.against.name == first.name and not each.of and math.isfinite(each.found.rho)
    ]
    if not mine:
        return ""
    n = mine[0].found
    how = f"over {n.pairs} pairs of {n.networks} networks"
    if not any(each.sure for each in mine):
        return (
            f"No measure of two spaces ranks the pairs as {first.label} does so clearly that "
            f"{n.networks} networks could tell it from chance ({how}, labels permuted)."
        )
    best = max(mine, key=lambda each: each.found.rho)
    if best.found.rho <= 0 or not best.sure:
        return ""  # the table says it
    text = f"{best.label} ranks the pairs as {first.label} does"
    if len(mine) > 1:
        text = f"Of the measures of two spaces {best.label} ranks the pairs most like {first.label}"
        text += " does"
    text += f": Spearman {number(best.found.rho)}"
    if math.isfinite(best.found.low):
        text += f", {number(best.found.low)} to {number(best.found.high)} without any one network"
    return f"{text} ({how}, p {p_words(best.found.p)})."


def p_words(value: float) -> str:
    """A share of permutations, as a sentence has it."""
    return "below 0.001" if value < 0.001 else number(value, 3)
