"""Medians, counts and extremes of each method, and what the solvers had to say."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from samefeatures.base.shown import plain
from samefeatures.report.beneath import about
from samefeatures.report.certainty import eval_set_note, marks_note
from samefeatures.report.grid import Grid, measured, number, signed
from samefeatures.report.judged import aside_line
from samefeatures.scores.medians import known, median
from samefeatures.study.results import Cell, FitSummary, StudyResults


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodNumbers:
    """One method in numbers. A median over nothing is NaN.

    Attributes:
        label: The method with its options.
        hybrids: Cells off the diagonal that were scored.
        changes: Of these, how many have a source with right answers of its own to compare with.
        possible: Cells off the diagonal: N (N - 1).
        change_over_maps: Median change vs source in percent, diagonal left out.
        change_over_cells: The same with the diagonal's zeros, as the thesis counts.
        smallest: Least change vs source of a hybrid (the greatest penalty), in percent.
        largest: Greatest change vs source of a hybrid, in percent.
        loss: Median loss vs target in points, over the maps.
        agreement: Median over the maps, in percent.
        r2: Median over the maps.
        beat: Hybrids that beat the target's own accuracy.
        best: The hybrid with the greatest change vs source, if any was scored.
        worst: The one with the least.
    """

    label: str
    hybrids: int
    changes: int
    possible: int
    change_over_maps: float
    change_over_cells: float
    smallest: float
    largest: float
    loss: float
    agreement: float
    r2: float
    beat: int
    best: Cell | None
    worst: Cell | None


def numbers(grid: Grid) -> MethodNumbers:
    """Everything that is counted over one method's cells; NaN values are left out of it."""
    hybrids = grid.hybrids
    ranked = sorted(
        (cell for cell in hybrids if math.isfinite(cell.change_vs_source_pct)),
        key=lambda cell: cell.change_vs_source_pct,
    )
    return MethodNumbers(
        label=grid.label,
        hybrids=len(hybrids),
        changes=len(ranked),
        possible=len(grid.names) * (len(grid.names) - 1),
        change_over_maps=median(cell.change_vs_source_pct for cell in hybrids),
        change_over_cells=median(cell.change_vs_source_pct for cell in grid.scored),
        smallest=ranked[0].change_vs_source_pct if ranked else math.nan,
        largest=ranked[-1].change_vs_source_pct if ranked else math.nan,
        loss=median(cell.loss_vs_target_points for cell in hybrids),
        agreement=median(cell.agreement for cell in hybrids),
        r2=median(cell.r2 for cell in grid.pairs),
        beat=sum(cell.loss_vs_target_points < 0 for cell in hybrids),
        best=ranked[-1] if ranked else None,
        worst=ranked[0] if ranked else None,
    )


def median_line(found: MethodNumbers) -> str:
    """Both medians and the count of gains, in one line of plain text."""
    if not found.hybrids:
        return "No hybrid was scored."
    text = ""
    if found.changes:
        cells = "all cells" if found.changes == found.possible else "these cells"
        text = (
            f"Median change vs source: {signed(found.change_over_maps)} % over "
            f"{_of_possible(found.changes, found)}, {signed(found.change_over_cells)} % over "
            f"{cells} with the diagonal (as the thesis counts). "
        )
    over = "" if found.changes == found.hybrids else f" over {_of_possible(found.hybrids, found)}"
    return (
        f"{text}Median loss vs target: {number(found.loss)} points{over}. "
        f"{found.beat} of {found.hybrids} hybrids beat the target's own accuracy."
    )


def _of_possible(count: int, found: MethodNumbers) -> str:
    if count == found.possible:
        return f"the {count} maps"
    return f"{count} of {found.possible} maps"


def under(grid: Grid) -> list[str]:
    """What stands under a table: medians, marks, and what the eval set can show."""
    lines = (
        median_line(numbers(grid)),
        aside_line(grid),
        marks_note(grid),
        eval_set_note(grid),
        about(grid.beneath),
    )
    return [*filter(None, lines), *measure_lines(grid, "map")]


def measure_lines(grid: Grid, judges: str) -> list[str]:
    """Median and range over the maps of each measure that was asked for."""
    out = []
    for measure in grid.asked(judges):
        values = known(cell.measure(measure.name) for cell in grid.pairs)
        if values:
            low, middle, high = (measured(f(values)) for f in (min, median, max))
            out.append(f"{measure.label}: median {middle} ({low} to {high}); {measure.says}.")
    return out


def fit_notes(results: StudyResults) -> tuple[str, ...]:
    """What the solvers said, once for each source or target that it holds for.

    A deficient source (``ols``, ``ridge``) gives every map from it the same note, a deficient head
    (``logit``) every map into it: whichever grouping is shorter is used.
    """
    lines: list[str] = []
    heads = {method.name for method in results.methods if method.uses == "heads"}
    for method in dict.fromkeys(fit.method for fit in results.fits):
        noted = [
            (fit, note) for fit in results.fits if fit.method == method and (note := _note(fit))
        ]
        from_source = _group((fit.source, fit.target, note) for fit, note in noted)
        into_target = _group((fit.target, fit.source, note) for fit, note in noted)
        # The shorter grouping; where they are equal that of the targets, if heads alone decide.
        into = len(into_target) < len(from_source) + (method in heads)
        here, there = ("into", "from") if into else ("from", "into")
        for (name, note), others in (into_target if into else from_source).items():
            alone = len(others) == 1 and len(results.networks) > 2
            rest = f" {there} {plain(others[0])}" if alone else ""
            lines.append(f"{method} {here} {plain(name)}{rest}: {note}")
    return tuple(lines)


def _note(fit: FitSummary) -> str:
    if fit.note:
        return plain(fit.note)
    return f"rank {fit.rank} of {fit.full_rank}" if deficient(fit) else ""


def deficient(fit: FitSummary) -> bool:
    """Whether what was inverted had less than full rank."""
    return fit.rank is not None and fit.full_rank is not None and fit.rank < fit.full_rank


def _group(noted: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str], list[str]]:
    """The others, by network and note."""
    groups: dict[tuple[str, str], list[str]] = {}
    for name, other, note in noted:
        groups.setdefault((name, note), []).append(other)
    return groups
