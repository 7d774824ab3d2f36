"""Spectra of all networks as a picture: the share of the variance along every direction."""

from __future__ import annotations

from math import log
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from samefeatures.base.shown import plain
from samefeatures.report.drawing import blank, dress, save, style
from samefeatures.report.shading import INK
from samefeatures.report.short_names import short_names
from samefeatures.study.results import SpaceSpectrum, SpectraSummary, StudyResults

STEM = "spectra"
SIZE = (6.6, 3.9)  # inches
MANY = 15
"""Networks above which lines have no names."""
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)))
COLOURS = ("#33669f", "#c1622f", "#3f8a4f", "#8a4f9e", "#6b6b1f")
FLOOR = 1e-7
"""Shares below are not drawn."""
CAPTION = (
    "Share of the variance along the principal directions of every network's features, largest "
    "first, on the fit images; both axes are logarithmic. A dot marks the effective dimension."
)


def draw(results: StudyResults, folder: Path) -> list[Path]:
    """Write ``spectra.png``, ``.svg`` and ``.pdf``; nothing without spectra. Same numbers, same
    bytes."""
    if results.spectra is None or not _drawn(results.spectra):
        return []
    with style():
        return save(picture(results.spectra), folder, STEM, title="Spectra of all networks")


def picture(spectra: SpectraSummary) -> Figure:
    """A line for each network."""
    figure = blank(*SIZE, layout="constrained")
    axes = figure.add_subplot()
    spaces = _drawn(spectra)
    many = len(spaces) > MANY
    for k, space in enumerate(spaces):
        colour = COLOURS[0] if many else COLOURS[k % len(COLOURS)]
        dash = DASHES[0] if many else DASHES[k // len(COLOURS)]
        _line(axes, space, colour=colour, dash=dash, alpha=0.4 if many else 1.0)
    _dress(axes)
    if not many:
        handles = axes.get_lines()[: len(spaces)]
        names = short_names([plain(space.network) for space in spaces], 28)
        legend = axes.legend(handles, names, fontsize=7, frameon=False, loc="lower left")
        for text in legend.get_texts():
            text.set_parse_math(False)
            text.set_color(INK)
    return figure


def _drawn(spectra: SpectraSummary) -> list[SpaceSpectrum]:
    return [space for space in spectra.spaces if space.rank]


def _line(axes: Axes, space: SpaceSpectrum, *, colour: str, dash: Any, alpha: float) -> None:
    points = [(k, s) for k, s in zip(space.at, space.shares, strict=True) if s >= FLOOR]
    (line,) = axes.plot(*zip(*points, strict=True), color=colour, linewidth=1.1, alpha=alpha)
    line.set_linestyle(dash)
    if space.effective_dimension is not None:
        share = _share_at(space, space.effective_dimension)
        axes.scatter([space.effective_dimension], [share], s=14, color=colour, zorder=3)


def _share_at(space: SpaceSpectrum, at: float) -> float:
    """On the line that is drawn between the shares that are kept."""
    upto = [i for i, k in enumerate(space.at) if k <= at]
    i = upto[-1] if upto else 0
    if i + 1 == len(space.at) or space.shares[i + 1] <= 0:
        return space.shares[i]
    part = log(at / space.at[i]) / log(space.at[i + 1] / space.at[i])
    return float(space.shares[i] * (space.shares[i + 1] / space.shares[i]) ** part)


def _dress(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.5g} %"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    dress(axes, x="direction", y="share of the variance")
