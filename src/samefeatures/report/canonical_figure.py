"""What networks share, direction by direction, and what maps through the first k lose."""

from __future__ import annotations

import math
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from samefeatures.report.canonical import POINT, steps
from samefeatures.report.drawing import MUTED, blank, dress, save, style
from samefeatures.report.shading import INK
from samefeatures.study.results import CanonicalResults, StudyResults

STEM = "canonical"
TITLE = "How many dimensions do they share?"
SIZE = (7.4, 6.2)  # inches
FIT, HELD_OUT, ANSWERS = "#9db7d5", "#33669f", "#b5651d"


def draw(results: StudyResults, folder: Path) -> list[Path]:
    """Write ``canonical.png``, ``.svg`` and ``.pdf``; nothing where the study did not ask. Same
    numbers, same bytes."""
    if results.canonical is None:
        return []
    with style():
        return save(picture(results.canonical), folder, STEM, title=TITLE)


def picture(found: CanonicalResults) -> Figure:
    """Above: by how many networks each direction is shared. Below: R² and loss by k."""
    figure = blank(*SIZE, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    _shared(above, found)
    _sweep(below, found)
    return figure


def _shared(axes: Axes, found: CanonicalResults) -> None:
    networks = len(found.networks)
    places = range(1, len(found.shared) + 1)
    held_out = [math.nan if value is None else value for value in found.held_out]
    axes.plot(places, found.shared, color=FIT, linewidth=1.4, label="fit images")
    axes.plot(places, held_out, color=HELD_OUT, linewidth=1.8, label="eval images")
    axes.axhline(found.chance, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.annotate(
        "Gaussian noise (fit)",
        (1, found.chance),
        xytext=(0, 3),
        textcoords="offset points",
        fontsize=7.5,
        color=INK,
    )
    if found.answers:
        told = [math.nan if v is None else networks * max(v, 0.0) for v in found.answers]
        axes.plot(places, told, color=ANSWERS, linewidth=1.0, label="told by answers (× networks)")
    axes.set_ylim(0, networks * 1.03)
    _dress(axes, "shared by so many networks")
    axes.legend(fontsize=7.5, frameon=False, labelcolor=INK, loc="best")


def _sweep(axes: Axes, found: CanonicalResults) -> None:
    every = steps(found)
    ks = [step.k for step in every if step.k is not None]
    held = [step.held for step in every if step.held is not None]
    r2 = [math.nan if s.r2 is None else s.r2 for s in every if s.k is not None]
    axes.plot(ks, held, color=FIT, linewidth=1.4, label="variance held, median network")
    axes.plot(ks, r2, color=HELD_OUT, linewidth=1.8, marker="o", markersize=3, label="R², median")
    full = every[-1]
    if full.r2 is not None:
        axes.axhline(full.r2, color=HELD_OUT, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.set_ylim(0, 1.02)
    _dress(axes, "R², share of variance")
    axes.set_xlabel("directions of the canonical space", fontsize=9, color=MUTED)
    # Above: curves of both scales go everywhere.
    axes.legend(
        fontsize=7.5, frameon=False, labelcolor=INK, loc="lower left", ncol=2,
        bbox_to_anchor=(0, 0.98), borderaxespad=0,
    )  # fmt: skip
    losses = [(s.k, s.loss) for s in every if s.k is not None and s.loss is not None]
    if not losses:
        return
    beside = axes.twinx()
    beside.plot(*zip(*losses, strict=True), color=ANSWERS, linewidth=1.6, marker="o", markersize=3)
    beside.axhline(POINT, color=ANSWERS, linewidth=0.9, linestyle=(0, (1, 2)))
    beside.set_yscale("symlog", linthresh=1)
    beside.set_ylim(bottom=min(0.0, *(loss for _, loss in losses)))
    beside.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    beside.set_ylabel("loss, points (dotted: 1)", fontsize=9, color=ANSWERS)
    beside.tick_params(which="both", labelsize=8, colors=ANSWERS)
    for spine in beside.spines.values():
        spine.set_visible(False)


def _dress(axes: Axes, what: str) -> None:
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(LogLocator(base=2))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    dress(axes, y=what)
