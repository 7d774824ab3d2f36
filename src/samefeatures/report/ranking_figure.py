"""How measures rank the pairs, as a picture: a panel for everything that they are held against."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from samefeatures.base.shown import plain
from samefeatures.report.drawing import LINE, MUTED, blank, save, style, write
from samefeatures.report.ranking import Ranked
from samefeatures.report.shading import INK, PAPER

TITLE = "How measures rank the pairs"
STEM = "similarity_ranking"
PANEL, ROW = 2.3, 0.26  # inches
LEFT, TOP, FOOT, MARGIN, GAP = 2.1, 1.0, 0.62, 0.2, 0.25
SIZE = 8.0


def draw(ranked: Sequence[Ranked], folder: Path) -> list[Path]:
    """Write ``similarity_ranking.png``, ``.svg`` and ``.pdf``; same numbers, same bytes."""
    with style():
        return save(picture(ranked), folder, STEM, title=TITLE)


def picture(ranked: Sequence[Ranked]) -> Figure:
    """Spearman's correlation of every measure, in rows, with everything, in panels."""
    panels = list(dict.fromkeys(each.against.name for each in ranked))
    labels = list(dict.fromkeys(each.label for each in ranked))
    width = LEFT + len(panels) * (PANEL + GAP) + MARGIN
    height = TOP + len(labels) * ROW + FOOT
    figure = blank(width, height)
    _say(figure, max(ranked, key=lambda each: each.found.networks), width, height)
    for i, name in enumerate(panels):
        mine = [each for each in ranked if each.against.name == name]
        left = LEFT + i * (PANEL + GAP)
        box = (left / width, FOOT / height, PANEL / width, len(labels) * ROW / height)
        _panel(figure.add_axes(box), mine, labels, first=not i)
    return figure


def _say(figure: Figure, one: Ranked, width: float, height: float) -> None:
    x = MARGIN / width
    write(figure, x, 1 - 0.26 / height, TITLE, 11.5, weight="bold", va="center")
    text = (
        f"Spearman's correlation over {one.found.pairs} ordered pairs of {one.found.networks} "
        "networks; both sides up is nearer."
    )
    write(figure, x, 1 - 0.48 / height, text, 7.0, color=MUTED, va="center")
    text = (
        "Line: range without any one network. Filled: p below 0.05 by permuting the networks, not "
        "the pairs."
    )
    write(figure, x, 0.14 / height, text, 7.0, color=MUTED, va="center")


def _panel(axes: Axes, mine: Sequence[Ranked], labels: Sequence[str], *, first: bool) -> None:
    axes.set_xlim(-1.05, 1.05)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.axvline(0, color=LINE, linewidth=1)
    for each in mine:
        y, found = labels.index(each.label), each.found
        if not math.isfinite(found.rho):
            continue
        if math.isfinite(found.low):
            axes.plot([found.low, found.high], [y, y], color=MUTED, linewidth=1.1)
        face = INK if each.sure else PAPER
        axes.plot(found.rho, y, "o", markersize=5, color=INK, markerfacecolor=face)
    axes.set_title(_wrapped(mine[0].against.label), fontsize=SIZE, color=INK, parse_math=False)
    most, known = max(r.found.networks for r in mine), {r.label: r.found.networks for r in mine}
    names = [
        f"{plain(label)} ({known[label]} networks)" if known[label] < most else plain(label)
        for label in (labels if first else ())
    ]
    axes.set_yticks(range(len(labels)) if first else [], names, fontsize=SIZE, parse_math=False)
    axes.set_xticks([-1, -0.5, 0, 0.5, 1], ["−1", "−0.5", "0", "0.5", "1"], fontsize=7)
    axes.tick_params(colors=MUTED, length=2)
    for label in axes.get_yticklabels():
        label.set_color(INK)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    axes.grid(axis="x", color=LINE, linewidth=0.4)
    axes.set_axisbelow(True)


def _wrapped(text: str) -> str:
    """In two lines where it is long."""
    words, half = text.split(), len(text) / 2
    if len(text) < 28:
        return text
    at = min(range(1, len(words)), key=lambda i: abs(len(" ".join(words[:i])) - half))
    return f"{' '.join(words[:at])}\n{' '.join(words[at:])}"
