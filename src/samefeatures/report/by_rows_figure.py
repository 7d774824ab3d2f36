"""How many images as a picture: medians against the number of fit rows."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from samefeatures.base.shown import plain
from samefeatures.report.by_rows import LABELS, TITLE, means, shown
from samefeatures.report.drawing import LINE, MUTED, blank, dress, save, style
from samefeatures.study.results import ByRows, RowsForecast, StudyResults

STEM = "by_rows"
COLOURS = ("#33669f", "#c2571a", "#4b8b3b", "#8a4f9e", "#7a6a1e", "#555555")
WIDTH, HEIGHT = 3.4, 3.3  # inches, of one panel
LOWEST = {"r2": -1.0, "r2_beyond_answers": -1.0}
"""Where a panel ends: near as many rows as features R² falls without bound."""


def draw(results: StudyResults, folder: Path) -> list[Path]:
    """Write ``by_rows.png``, ``.svg`` and ``.pdf``; nothing where the study did not ask."""
    if results.by_rows is None:
        return []
    dims = [network.feature_dim for network in results.networks]
    with style():
        return save(picture(results.by_rows, dims), folder, STEM, title=TITLE)


def picture(found: ByRows, dims: list[int]) -> Figure:
    """A panel for each value; rows on a logarithmic axis.

    Args:
        found: Medians and forecasts.
        dims: Features of each network.
    """
    values = shown(found)
    figure = blank(WIDTH * len(values), HEIGHT, layout="constrained")
    for axes, value in zip(
        figure.subplots(1, len(values), squeeze=False, sharex=True)[0], values, strict=True
    ):
        for colour, method in zip(COLOURS * len(found.methods), found.methods, strict=False):
            _plot(axes, found, method, value, colour)
        for dim in sorted(set(dims)):
            features = axes.axvline(dim, color=LINE, linewidth=0.9, zorder=0)
        features.set_label("features of a network")  # the legend names one of them
        _dress(axes, value)
    axes.legend(fontsize=8, frameon=False, loc="lower right", labelcolor=MUTED)
    return figure


def _plot(axes: Axes, found: ByRows, method: str, value: str, colour: str) -> None:
    line = means(found, method, value)
    dots = [
        (point.rows, getattr(point, value))
        for point in found.points
        if point.method == method and getattr(point, value) is not None
    ]
    axes.plot(*zip(*dots, strict=True), ".", color=colour, markersize=3.5, alpha=0.5)
    axes.plot(list(line), list(line.values()), color=colour, linewidth=1.6, label=plain(method))
    for forecast in found.forecasts:
        if (forecast.method, forecast.value) == (method, value) and not forecast.poor:
            _expected(axes, forecast, colour)


def _expected(axes: Axes, forecast: RowsForecast, colour: str) -> None:
    """From what was found with the most rows to what is expected of more."""
    rows = np.array([forecast.tested_at, forecast.rows], float)
    values = np.array([forecast.found, forecast.expected], float)
    half = values[-1:] - np.array([forecast.low], float)
    axes.plot(rows, values, color=colour, linewidth=1, linestyle=(0, (2, 2)))
    axes.errorbar(
        rows[-1:], values[-1:], yerr=half, color=colour, marker="o", markersize=5,
        markerfacecolor="white", capsize=3, linewidth=1,
    )  # fmt: skip


def _dress(axes: Axes, value: str) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=_between(*axes.get_xlim())))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda rows, _: f"{rows:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    low, high = axes.get_ylim()
    if value in LOWEST and low < LOWEST[value] < high:
        axes.set_ylim(LOWEST[value], high)
    axes.set_title(LABELS[value], fontsize=9, color=MUTED)
    dress(axes, x="fit rows", grid="y")


def _between(low: float, high: float) -> tuple[float, ...]:
    """What is numbered in a decade: a single power of ten is no scale."""
    powers = math.floor(math.log10(high)) - math.ceil(math.log10(low)) + 1
    return (1.0,) if powers > 1 else (1.0, 2.0, 5.0)
