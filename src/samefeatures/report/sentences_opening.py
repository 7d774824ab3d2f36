"""How far hybrids are from a network's own accuracy: how the sentence of the maps begins."""

from __future__ import annotations

import math
from collections.abc import Sequence

from samefeatures.base.shown import plain
from samefeatures.report.findings import Spread
from samefeatures.report.grid import Grid, signed
from samefeatures.report.judged import Judged
from samefeatures.study.results import Cell


def opening(grid: Grid, found: Judged) -> str:
    """Against the source's own accuracy, and against the target's where the source has none."""
    headless = [cell for cell in found.cells if not math.isfinite(cell.source_top1)]
    others = [cell for cell in found.cells if math.isfinite(cell.source_top1)]
    above = " above chance" if found.aside else ""
    parts = []
    if others:
        between = above or (" with heads" if headless else "")
        parts.append(against_source(grid, others, f" between networks{between}" if between else ""))
    if headless:
        parts.append(_against_target(grid, headless, above))
    first, *rest = parts
    return "; ".join([first, *(part[0].lower() + part[1:] for part in rest)])


def against_source(grid: Grid, cells: Sequence[Cell], which: str = "") -> str:
    """Median and range of the changes of these cells; each of them has one.

    Args:
        grid: The method.
        cells: At least one.
        which: Of its maps they are, as `` between networks above chance``.
    """
    changes = Spread.of(cell.change_vs_source_pct for cell in cells)
    change = f"{signed(changes.median)} % relative to the source network's own"
    if len(cells) == 1:
        return f"The one {method_name(grid)} map{which} changes top-1 accuracy by {change}"
    return (
        f"Over the {_count(grid, cells)} maps{which}, top-1 accuracy changes by a median of "
        f"{change} ({signed(changes.low)} % to {signed(changes.high)} %)"
    )


def _against_target(grid: Grid, cells: Sequence[Cell], above: str) -> str:
    points = Spread.of(-cell.loss_vs_target_points for cell in cells)
    if len(cells) == 1:
        into = f" into a network{above}" if above else ""
        return (
            f"The one {method_name(grid)} map from a source without a head{into} has a top-1 "
            "accuracy that differs from the target network's own by "
            f"{signed(points.median)} points"
        )
    into = f" into networks{above}" if above else ""
    return (
        f"Over the {_count(grid, cells)} maps from sources without a head{into}, top-1 accuracy "
        f"differs from the target network's own by a median of {signed(points.median)} points "
        f"({signed(points.low)} to {signed(points.high)})"
    )


def _count(grid: Grid, cells: Sequence[Cell]) -> str:
    possible = len(grid.names) * (len(grid.names) - 1)
    of = "" if len(grid.pairs) == possible else f" scored of {possible}"
    return f"{len(cells)}{of} {method_name(grid)}"


def method_name(grid: Grid) -> str:
    """``OLS``, or another method's label."""
    return "OLS" if grid.kind == "ols" else plain(grid.label)
