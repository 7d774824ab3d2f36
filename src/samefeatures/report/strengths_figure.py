"""R² on held-out rows at every ridge strength, and the strengths that were chosen, as a picture."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from samefeatures.report.drawing import blank, dress, save, style
from samefeatures.report.shading import INK
from samefeatures.report.strengths import Strengths, strengths_of
from samefeatures.study.results import StudyResults

COLOUR = "#33669f"
SIZE = (6.6, 3.5)  # inches
LEAST = -0.1
"""R² below it is not drawn: weak strengths on few rows may be any number of times worse than the
mean."""


def drawn_of(results: StudyResults, folder: Path) -> list[tuple[Strengths, list[Path]]]:
    """With the files of each."""
    return [(each, draw(each, folder)) for each in strengths_of(results)]


def draw(strengths: Strengths, folder: Path) -> list[Path]:
    """Write ``strengths_METHOD.png``, ``.svg``, ``.pdf``: the same bytes for the same numbers."""
    with style():
        title = f"Strengths of {strengths.grid.method}"
        stem = f"strengths_{strengths.grid.slug}"
        return save(picture(strengths), folder, stem, title=title)


def picture(strengths: Strengths) -> Figure:
    """R² against α on a logarithmic axis."""
    figure = blank(*SIZE, layout="constrained")
    axes = figure.add_subplot()
    for fit in strengths.fits:
        r2 = [1 - left for _, left in fit.path]
        axes.plot(strengths.alphas, r2, color=COLOUR, linewidth=0.6, alpha=0.35)
    axes.plot(strengths.alphas, strengths.median, color=INK, linewidth=1.8)
    places, heights = zip(*strengths.chosen, strict=True)
    axes.scatter(places, heights, s=11, color=COLOUR, zorder=3)
    axes.set_xscale("log")
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, LEAST), max(high, LEAST + 0.2))
    dress(axes, x="strength α", y="R² on held-out rows")
    return figure
