"""The loss of iterative fits as a picture (paper, Figure 4): every map, and their median."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from samefeatures.report.drawing import blank, dress, save, style
from samefeatures.report.grid import Grid, grids
from samefeatures.report.shading import INK
from samefeatures.scores.medians import known, median
from samefeatures.study.results import CurveSummary, FitSummary, StudyResults

COLOUR = "#33669f"
SIZE = (6.6, 3.5)  # inches


@dataclass(frozen=True, slots=True)
class Curves:
    """All curves of one method.

    Attributes:
        grid: The method.
        curves: One per map.
        fits: Of the same maps.
    """

    grid: Grid
    curves: tuple[CurveSummary, ...]
    fits: tuple[FitSummary, ...]

    @property
    def unit(self) -> str:
        return self.curves[0].unit

    @property
    def says(self) -> str:
        """The caption: what is drawn, steps and losses."""
        steps = [fit.steps for fit in self.fits if fit.steps is not None]
        losses = known(fit.loss for fit in self.fits)
        units = "batches" if self.unit == "batch" else "passes over the fit rows"
        drawn = (
            "Mean of ‖x/‖x‖ − y/‖y‖‖² over each batch"
            if self.unit == "batch"
            else "Percent by which the loss ‖x/‖x‖ − y/‖y‖‖² still lies above where it ended"
        )
        text = f"{drawn}; thin: every map, thick: their median. {_span(steps, 'd')} {units}"
        return f"{text}, final loss {_span(losses, '.4g')}." if losses else f"{text}."


def curves_of(results: StudyResults) -> list[Curves]:
    """Per method that has any, in the order of the study."""
    found = []
    for grid in grids(results):
        mine = tuple(curve for curve in results.curves if curve.method == grid.method)
        fits = tuple(fit for fit in results.fits if fit.method == grid.method)
        if mine:
            found.append(Curves(grid, mine, fits))
    return found


def draw(curves: Curves, folder: Path) -> list[Path]:
    """Write ``curve_METHOD.png``, ``.svg`` and ``.pdf``; the same bytes for the same curves."""
    with style():
        title = f"Loss of {curves.grid.method}"
        return save(picture(curves), folder, f"curve_{curves.grid.slug}", title=title)


def picture(curves: Curves) -> Figure:
    """Loss against batches, or distance from the end in percent against passes; log axes."""
    figure = blank(*SIZE, layout="constrained")
    axes = figure.add_subplot()
    lines = [_line(curve) for curve in curves.curves]
    for line in lines:
        _plot(axes, line, colour=COLOUR, width=0.6, alpha=0.35)
    _plot(axes, _median(lines, ended=curves.unit == "pass"), colour=INK, width=1.8, alpha=1)
    _dress(axes, curves)
    return figure


def _line(curve: CurveSummary) -> dict[int, float]:
    """Value by step: of batches the loss, of passes what it lies above its end, in percent."""
    values = curve.loss
    if curve.unit == "pass":
        end = curve.loss[-1]
        values = tuple(100 * (loss / end - 1) if end else 0.0 for loss in curve.loss)
    return dict(zip(curve.at, values, strict=True))


def _median(lines: Sequence[dict[int, float]], *, ended: bool) -> dict[int, float]:
    """Over the maps at each step; ``ended`` counts those that go no further with 0, else not."""
    steps = sorted({step for line in lines for step in line})
    found = {}
    for step in steps:
        values = [line.get(step, 0.0) for line in lines if ended or step in line]
        if 2 * len(values) >= len(lines):
            found[step] = median(values)
    return found


def _plot(axes: Axes, line: dict[int, float], *, colour: str, width: float, alpha: float) -> None:
    # A logarithmic axis has no place for the end itself.
    steps = [step for step, value in line.items() if value > 0]
    values = [line[step] for step in steps]
    axes.plot(steps, values, color=colour, linewidth=width, alpha=alpha)


def _dress(axes: Axes, curves: Curves) -> None:
    batches = curves.unit == "batch"
    axes.set_yscale("log")
    if batches:
        axes.set_xscale("log")
        last = max(curve.at[-1] for curve in curves.curves)
        axes.xaxis.set_major_locator(LogLocator(subs=(1,) if last > 1000 else (1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if batches:  # less than a decade must have ticks too
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    dress(
        axes,
        x="batch" if batches else "pass over the fit rows",
        y="loss of the batch" if batches else "loss above its end, %",
    )


def _span(values: Sequence[float], form: str) -> str:
    low, high = format(min(values), form), format(max(values), form)
    if low == high:
        return low
    return f"{low} to {high} (median {median(values):.4g})"
