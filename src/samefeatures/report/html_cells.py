"""The cells of the HTML page: what each metric shows of them, and all of one in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from samefeatures.base.shown import plain
from samefeatures.report.beneath import SpaceCell, SpaceLine
from samefeatures.report.certainty import p_value, source_mark, target_mark
from samefeatures.report.grid import (
    MISSING,
    Grid,
    count,
    is_own,
    lacking,
    measured,
    number,
    penalty,
    signed,
)
from samefeatures.report.shading import level
from samefeatures.study.results import Cell, MeasureSummary


@dataclass(frozen=True, slots=True)
class Metric:
    """What a cell can show: a large and a small figure, shaded by what is missing.

    Attributes:
        large: Of a cell, with so many digits behind the point of percents.
        small: The same of what stands under it.
        missing: What the cell is shaded by, in percent or points from 0 to 100.
    """

    key: str
    label: str
    says: str
    large: Callable[[Cell, int], str]
    small: Callable[[Cell, int], str]
    missing: Callable[[Cell], float]


def _top1(cell: Cell, digits: int) -> str:
    return number(cell.top1, digits)


def _interval(cell: Cell, digits: int) -> str:
    low, high = (number(end, max(digits - 1, 0)) for end in (cell.ci_low, cell.ci_high))
    return f"{low}–{high}"


METRICS: tuple[Metric, ...] = (
    Metric(
        "top1",
        "Accuracy",
        "Large: top-1 accuracy in percent. Small: percent change against the source's own "
        "accuracy. Shade: percent lost against the source.",
        lambda cell, digits: _top1(cell, digits) + target_mark(cell),
        lambda cell, digits: signed(cell.change_vs_source_pct, digits) + source_mark(cell),
        penalty,
    ),
    Metric(
        "loss",
        "Loss vs target",
        "Large: points lost against the target's own accuracy; a negative loss is a gain. Small: "
        "top-1 accuracy in percent. Shade: points lost against the target.",
        lambda cell, digits: number(cell.loss_vs_target_points, digits) + target_mark(cell),
        _top1,
        lambda cell: cell.loss_vs_target_points,
    ),
    Metric(
        "interval",
        "Interval",
        "Large: top-1 accuracy in percent. Small: its 95 % Wilson interval. Shade: percent lost "
        "against the source.",
        _top1,
        _interval,
        penalty,
    ),
    Metric(
        "fixed",
        "Fixed and broken",
        "Large: images fixed (the target network wrong, the hybrid right). Small: images broken "
        "(the target network right, the hybrid wrong). Shade: percent of all images broken.",
        lambda cell, _: count(cell.fixed),
        lambda cell, _: count(cell.broken),
        lambda cell: 100 * cell.turned[1] / cell.n if cell.scored else math.nan,
    ),
    Metric(
        "agreement",
        "Agreement",
        "Large: percent of images for which hybrid and target network predict the same class, "
        "right or wrong. Small: top-1 accuracy in percent. Shade: percent that differ.",
        lambda cell, digits: number(cell.agreement, digits),
        _top1,
        lambda cell: 100 - cell.agreement,
    ),
)


View = tuple[str, str, int | None]
"""Large and small figure, and the level of the shade; None where nothing is known."""


FOLLOWS = Metric(
    "follows",
    "Follows the source",
    "Of the images on which source and target disagree. Large: percent on which the hybrid says "
    "what the source says. Small: what the target says. Shade: percent on which it does not say "
    "what the source says.",
    lambda cell, digits: number(_share(cell, "as_source"), digits),
    lambda cell, digits: number(_share(cell, "as_target"), digits) if cell.follows else "",
    lambda cell: 100 - _share(cell, "as_source"),
)


def _share(cell: Cell, whom: str) -> float:
    found = cell.follows
    return found.of_disagreements(getattr(found, whom)) if found else math.nan


def metrics(
    measures: Sequence[MeasureSummary], *, follows: bool = False, counted: bool = True
) -> tuple[Metric, ...]:
    """What the cells of a study can show: counts and percents, then its measures.

    Args:
        measures: Of the study.
        follows: Whether its results say whom the hybrids follow.
        counted: Whether any right answer was; else measures are all there is.
    """
    own = METRICS if counted or not measures else ()
    return (*own, *([FOLLOWS] if follows else []), *map(_of_measure, measures))


def _of_measure(measure: MeasureSummary) -> Metric:
    name, span = measure.name, measure.same - measure.apart
    return Metric(
        name,
        measure.label,
        f"Large: {measure.says}. Small: top-1 accuracy in percent, where it was counted. Shade: "
        f"what is missing to {measure.same:g}, in percent of {abs(span):g}.",
        lambda cell, _: measured(cell.measure(name)),
        lambda cell, digits: _top1(cell, digits) if cell.scored else "",
        lambda cell: lacking(cell, measure),
    )


def rows(grid: Grid, metric: Metric = METRICS[0]) -> list[tuple[str, list[dict[str, Any]]]]:
    """(source, its cells) as the page shows them before anybody chooses another metric."""
    return [
        (name, [_shown(grid, metric, i, j) for j in range(len(grid.names))])
        for i, name in enumerate(grid.names)
    ]


def _shown(grid: Grid, metric: Metric, i: int, j: int) -> dict[str, Any]:
    cell = grid.rows[i][j]
    large, small, darkness = _view(metric, cell, grid.digits)
    return {
        "large": large,
        "small": small,
        "level": darkness,
        "own": i == j,
        "gain": cell is not None and i != j and cell.change_vs_source_pct > 0,
        "details": _details(cell, grid, grid.names[i], grid.names[j]),
    }


def views(grid: Grid, shown: Sequence[Metric]) -> dict[str, list[View]]:
    """The cells of every metric, row by row: what the script puts in when a reader changes it."""
    return {
        metric.key: [_view(metric, cell, grid.digits) for row in grid.rows for cell in row]
        for metric in shown
    }


def _view(metric: Metric, cell: Cell | None, digits: int) -> View:
    if cell is None:
        return MISSING, "", None
    darkness = level(metric.missing(cell))
    if is_own(cell) and darkness is not None:
        darkness = 0
    return metric.large(cell, digits), metric.small(cell, digits), darkness


def _whom(cell: Cell) -> list[str]:
    found = cell.follows
    if found is None:
        return []
    return [
        f"Source and target disagree on: {count(found.disagree)}",
        f"… hybrid says as source: {number(_share(cell, 'as_source'), 1)} %",
        f"… as target: {number(_share(cell, 'as_target'), 1)} %",
        f"Error consistency with target: {number(found.consistency)}",
        f"… of source and target: {number(found.consistency_of_source)}",
        f"Target's mistakes repeated: {number(found.of_mistakes(found.repeated), 1)} %",
        f"… by the source anyway: {number(found.of_mistakes(found.repeated_by_source), 1)} %",
    ]


def space_details(line: SpaceLine, cell: SpaceCell) -> str:
    """All of a control space in one head, as ``_details``."""
    row = cell.row
    lines = [
        f"{plain(line.label)} → {plain(row.target)}",
        f"Correct: {count(row.correct)} of {count(row.n)} ({number(row.top1)} %)",
        f"95 % interval: {number(row.ci_low)} to {number(row.ci_high)} %",
        f"Agreement with target: {number(row.agreement)} %",
        f"R² of features: {MISSING if row.r2 is None else number(row.r2, 4)}",
        f"Rank of the space: {row.rank} of {row.columns} columns",
    ]
    if line.of:
        lines.insert(3, f"Change vs {plain(line.of)} itself: {signed(cell.change)} %")
    return "\n".join(lines)


def _details(cell: Cell | None, grid: Grid, source: str, target: str) -> str:
    """All of a cell, a line each: the first is its heading, the others are ``name: value``."""
    if cell is None:
        return f"{plain(source)} → {plain(target)}\nnot scored"
    ends = plain(source) if is_own(cell) else f"{plain(source)} → {plain(target)}"
    lines = [
        f"{ends}, own head" if is_own(cell) else ends,
        f"Correct: {count(cell.correct)} of {count(cell.n)} ({number(cell.top1)} %)",
        f"95 % interval: {number(cell.ci_low)} to {number(cell.ci_high)} %",
        f"Correct in top 5: {count(cell.correct_top5)} ({number(cell.top5)} %)",
        f"Source's own top-1: {number(cell.source_top1)} %",
        f"Target's own top-1: {number(cell.target_top1)} %",
        f"Change vs source: {signed(cell.change_vs_source_pct)} %",
        f"Loss vs target: {number(cell.loss_vs_target_points)} points",
        f"Agreement with target: {number(cell.agreement)} %",
        *(f"{m.label} of features: {measured(cell.measure(m.name), 4)}" for m in grid.measures),
    ]
    if not is_own(cell):
        lines += [
            f"Fixed: {count(cell.fixed)}",
            f"Broken: {count(cell.broken)}",
            *_whom(cell),
            f"p vs target, Holm: {p_value(cell.p_vs_target)}",
            f"p vs source, Holm: {p_value(cell.p_vs_source)}",
        ]
    return "\n".join(lines)
