"""The loss of iterative fits as a picture (paper, Figure 4): every map, and their median."""

from __future__ import annotations

import io
import statistics
from base64 import b64encode
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from samefeatures.report.figure import DOTS_PER_INCH, FONT, LINE, MUTED
from samefeatures.report.grid import Grid, grids
from samefeatures.report.shading import INK, PAPER
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
        losses = [fit.loss for fit in self.fits if fit.loss is not None]
        units = "batches" if self.unit == "batch" else "passes over the fit rows"
        drawn = (
            "Mean of ‖x/‖x‖ − y/‖y‖‖² over each batch"
            if self.unit == "batch"
            else "Percent by which the loss ‖x/‖x‖ − y/‖y‖‖² still lies above where it ended"
        )
        text = f"{drawn}; thin: every map, thick: their median. {_span(steps, 'd')} {units}"
        return f"{text}, final loss {_span(losses, '.4g')}." if losses else f"{text}."

    def picture_uri(self) -> str:
        """The picture as an address that the page can show without loading anything."""
        packed = io.BytesIO()
        with _style():
            picture(self).savefig(packed, format="svg", metadata=_svg(self))
        return f"data:image/svg+xml;base64,{b64encode(packed.getvalue()).decode()}"


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
    """Write ``curve_METHOD.png`` and ``.svg``; the same bytes for the same curves."""
    png, svg = (folder / f"curve_{curves.grid.slug}.{ending}" for ending in ("png", "svg"))
    with _style():
        figure = picture(curves)
        figure.savefig(png, dpi=DOTS_PER_INCH, metadata={"Software": None})
        figure.savefig(svg, metadata=_svg(curves))
    return [png, svg]


def picture(curves: Curves) -> Figure:
    """Loss against batches, or distance from the end in percent against passes; log axes."""
    figure = Figure(figsize=SIZE, facecolor=PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    lines = [_line(curve) for curve in curves.curves]
    for at, values in lines:
        axes.plot(at, values, color=COLOUR, linewidth=0.6, alpha=0.35)
    axes.plot(*_median(lines), color=INK, linewidth=1.8)
    _dress(axes, curves)
    return figure


def _line(curve: CurveSummary) -> tuple[list[int], list[float]]:
    """Of batches the loss; of passes what it lies above its end, in percent, without the end."""
    if curve.unit == "batch":
        return list(curve.at), list(curve.loss)
    end = curve.loss[-1]
    above = [100 * (loss / end - 1) if end > 0 else 0.0 for loss in curve.loss]
    points = [(at, value) for at, value in zip(curve.at, above, strict=True) if value > 0]
    return [at for at, _ in points], [value for _, value in points]


def _median(
    lines: Sequence[tuple[Sequence[int], Sequence[float]]],
) -> tuple[list[int], list[float]]:
    """Over the maps, as far as half of them go."""
    by_step: dict[int, list[float]] = {}
    for at, values in lines:
        for step, value in zip(at, values, strict=True):
            by_step.setdefault(step, []).append(value)
    steps = sorted(step for step, values in by_step.items() if 2 * len(values) >= len(lines))
    return steps, [statistics.median(by_step[step]) for step in steps]


def _dress(axes: Axes, curves: Curves) -> None:
    batches = curves.unit == "batch"
    axes.set_yscale("log")
    if batches:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    plain = FuncFormatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_major_formatter(plain)
    if batches:  # less than a decade may have no other ticks
        axes.yaxis.set_minor_formatter(plain)
    else:
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("batch" if batches else "pass over the fit rows", fontsize=9, color=MUTED)
    what = "loss of the batch" if batches else "loss above its end, %"
    axes.set_ylabel(what, fontsize=9, color=MUTED)
    axes.tick_params(which="both", labelsize=8, colors=MUTED)
    axes.grid(color=LINE, linewidth=0.6)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(LINE)


def _span(values: Sequence[float], form: str) -> str:
    low, high = format(min(values), form), format(max(values), form)
    if low == high:
        return low
    return f"{low} to {high} (median {statistics.median(values):.4g})"


def _style() -> AbstractContextManager[None]:
    # Text stays text, and the ids in the file do not change from run to run.
    return mpl.rc_context(
        {"svg.fonttype": "none", "svg.hashsalt": "samefeatures", "font.family": [FONT]}
    )


def _svg(curves: Curves) -> dict[str, str | None]:
    return {"Date": None, "Creator": None, "Title": f"Loss of {curves.grid.method}"}
