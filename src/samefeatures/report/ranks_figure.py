"""Accuracy and R² against the rank of the maps as a picture: every pair, and their median."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from samefeatures.report.drawing import blank, dress, save, style
from samefeatures.report.shading import INK
from samefeatures.study.results import RankRow, Ranks, StudyResults

COLOUR = "#33669f"
PANELS = {"top1": "top-1, %", "r2": "R²", "r2_beyond_answers": "R² beyond answers"}
WIDTH, HEIGHT = 3.3, 2.9  # inches, of a panel
STEM = "ranks"
TICKS = 6
"""Above so many, every other one would stand on its neighbours."""
CAPTION = (
    "Maps of rank r: accuracy of the hybrids and R² of the mapped features, on images that no map "
    "saw. Thin: every pair, thick: their median."
)


def draw(results: StudyResults, folder: Path) -> list[Path]:
    """Write ``ranks.png``, ``.svg`` and ``.pdf``; nothing without a sweep. Same numbers, same
    bytes."""
    if results.ranks is None or not _values(results.ranks):
        return []
    with style():
        return save(picture(results.ranks), folder, STEM, title="Maps of every rank")


def picture(ranks: Ranks) -> Figure:
    """A panel for each value that is known."""
    values = _values(ranks)
    figure = blank(WIDTH * len(values), HEIGHT, layout="constrained")
    for axes, value in zip(figure.subplots(1, len(values), squeeze=False)[0], values, strict=True):
        _panel(axes, ranks, value)
    return figure


def _values(ranks: Ranks) -> list[str]:
    return [value for value in PANELS if any(getattr(r, value) is not None for r in ranks.rows)]


def _panel(axes: Axes, ranks: Ranks, value: str) -> None:
    for rows in ranks.pairs.values():
        known = [row for row in rows if getattr(row, value) is not None]
        _line(axes, known, value)
    steps = ranks.steps
    medians = [(rank, ranks.median(value, rank)) for rank in steps]
    known_medians = [(rank, each) for rank, each in medians if each is not None]
    axes.plot(*zip(*known_medians, strict=True), color=INK, linewidth=1.8)
    axes.set_ylim(bottom=_bottom(ranks, value))
    _dress(axes, PANELS[value], steps)


def _line(axes: Axes, rows: list[RankRow], value: str) -> None:
    ranks, values = [row.rank for row in rows], [getattr(row, value) for row in rows]
    axes.plot(ranks, values, color=COLOUR, linewidth=0.6, alpha=0.35)


def _bottom(ranks: Ranks, value: str) -> float:
    """Zero, or what is below it, but not so far that the others become one line."""
    least = min(found for row in ranks.rows if (found := getattr(row, value)) is not None)
    return max(least, -0.5) * 1.05 if least < 0 else 0.0


def _dress(axes: Axes, label: str, steps: tuple[int, ...]) -> None:
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(_ticks(steps)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    dress(axes, x="rank of the map", y=label)


def _ticks(steps: tuple[int, ...]) -> list[int]:
    """Ranks of the sweep, each at least twice the one before; four times where they are many."""
    ticks = _apart(steps, 2)
    return ticks if len(ticks) <= TICKS else _apart(steps, 4)


def _apart(steps: tuple[int, ...], factor: int) -> list[int]:
    found: list[int] = []
    for rank in steps:
        if not found or rank >= factor * found[-1]:
            found.append(rank)
    return found
