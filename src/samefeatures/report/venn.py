"""The overlap of two networks and their hybrid as circles: the paper's Figure 5."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from samefeatures.base.errors import ReportError
from samefeatures.base.shown import plain
from samefeatures.report.drawing import LARGE, LINE, MUTED, SMALL, blank, save, style, write
from samefeatures.report.grid import count, number
from samefeatures.report.shading import INK, PAPER
from samefeatures.scores.overlap import REGIONS, Overlap

INNERMOST = 10
"""The paper scales the region of all three down by this factor, for readability."""

# In the paper: source dashed, target dotted, hybrid solid.
STYLES = ("dashed", "dotted", "solid")
WHO = ("source", "target", "hybrid")
COLOURS: dict[str, str] = {
    "all three": "#b9a7d6",
    "source and hybrid": "#f2d469",
    "target and hybrid": "#8fc7c1",
    "source and target": "#e9a38f",
    "source alone": "#dbe6f3",
    "target alone": "#f3dfe6",
    "hybrid alone": "#dfeedd",
}
PANEL = (4.6, 3.5)  # width, height in inches
TITLE, KEY, FOOT = 0.42, 1.25, 0.72  # heights in inches
LABELLED = 0.05  # a region of less of the drawn area has its number in the key alone
LONGEST = 38  # characters of a title's line
REFUSED = 15.0  # percent; with a greater error the figure would mislead
GRID = 500


def innermost_divisor(overlap: Overlap) -> int:
    """10 as in the paper; 1 where the innermost region would not be the largest then."""
    others = max(overlap.regions[name] for name in COLOURS if name != "all three")
    return INNERMOST if overlap.regions["all three"] > INNERMOST * others else 1


def caption(overlaps: Sequence[Overlap], error: float) -> str:
    """What is to scale, and how nearly.

    Args:
        overlaps: The panels.
        error: Largest difference of a region's drawn share of all that is drawn from its true one,
            in percent.
    """
    scaled = [innermost_divisor(overlap) > 1 for overlap in overlaps]
    text = (
        "Images labelled correctly by the source network (dashed), the target network (dotted) and "
        "the hybrid (solid). Numbers are exact. "
    )
    if any(scaled):
        where = "" if all(scaled) else ", where it would fill the circles,"
        text += (
            f"The innermost region is scaled down by a factor of {INNERMOST}{where} for "
            "readability, as in the paper; all other areas are to scale"
        )
    else:
        text += "Areas are to scale"
    return text + (
        f", as nearly as three circles can: no region is off by more than {error:.1f} % of the "
        "drawn area."
    )


def draw_overlaps(overlaps: Sequence[Overlap], folder: Path, stem: str) -> tuple[list[Path], str]:
    """Write ``stem.png``, ``.svg`` and ``.pdf`` into ``folder``, one panel per direction.

    Returns:
        The files, and the caption.

    Raises:
        ReportError: when no three circles have these areas.
    """
    with style():
        figure, caption = draw(overlaps)
        return save(figure, folder, stem), caption


def draw(overlaps: Sequence[Overlap]) -> tuple[Figure, str]:
    """A panel for each overlap, a key of all regions under it, and the caption.

    Raises:
        ReportError: when no three circles have these areas.
    """
    width, height = PANEL[0] * len(overlaps), TITLE + PANEL[1] + KEY + FOOT
    figure = blank(width, height)
    errors = []
    for place, overlap in enumerate(overlaps):
        left, share = place / len(overlaps), 1 / len(overlaps)
        box = (left, (FOOT + KEY) / height, share, PANEL[1] / height)
        errors.append(_circles(figure.add_axes(box), overlap))
        _key(figure.add_axes((left, FOOT / height, share, KEY / height)), overlap)
        x, y = left + share / 2, 1 - 0.5 * TITLE / height
        write(figure, x, y, _title(overlap), LARGE, weight="bold", ha="center", va="center")
    text = caption(overlaps, max(errors))
    lines = "\n".join(textwrap.wrap(text, round(width * 16)))
    write(figure, 0.5, 0.5 * FOOT / height, lines, SMALL, color=MUTED, ha="center", va="center")
    return figure, text


def _title(overlap: Overlap) -> str:
    """On one line, or on two where the names are long; cut where they would leave the panel."""
    source, target = (
        name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
        for name in (plain(overlap.source), plain(overlap.target))
    )
    between = " → " if len(source) + len(target) <= LONGEST else " →\n"
    return f"{source}{between}{target}"


def _circles(axes: Axes, overlap: Overlap) -> float:
    """Draw them; returns the largest error of a region's share, in percent."""
    # Brings SciPy's optimisers: not for reports without an overlap.
    from matplotlib_venn import venn3, venn3_circles

    divisor = innermost_divisor(overlap)
    areas = {
        _code(REGIONS[name]): overlap.regions[name] / (divisor if name == "all three" else 1)
        for name in COLOURS
    }
    if not any(areas.values()):
        raise ReportError(
            f"The overlap of {overlap.source} and {overlap.target} is empty: none of the three is "
            "right about any image. There is nothing to draw."
        )
    try:
        with warnings.catch_warnings():
            # It warns of circles that are not where they should be; how far off is measured below.
            warnings.simplefilter("ignore", UserWarning)
            drawn = venn3(areas, set_labels=None, ax=axes, alpha=1.0)
            circles = venn3_circles(areas, ax=axes, linewidth=1.4, color=INK)
    except Exception as error:  # its exceptions share no base class but this
        raise ReportError(
            f"The overlap of {overlap.source} and {overlap.target} can't be drawn as three circles "
            f"({error}). Its counts are in the tables."
        ) from None
    for circle, dashes in zip(circles, STYLES, strict=True):
        circle.set_linestyle(dashes)
    shares = _drawn_shares(circles)
    total = sum(areas.values())
    halo = [withStroke(linewidth=3, foreground="#ffffffb0")]
    for name, colour in COLOURS.items():
        code = _code(REGIONS[name])
        patch, label = drawn.get_patch_by_id(code), drawn.get_label_by_id(code)
        if patch is not None:
            patch.set(facecolor=colour, edgecolor="none")
        if label is not None:
            shown = shares.get(code, 0) >= LABELLED
            text = count(overlap.regions[name]) if shown else ""
            label.set(text=text, color=INK, fontsize=LARGE, path_effects=halo)
    worst = 100 * max(abs(share - areas[code] / total) for code, share in shares.items())
    if worst > REFUSED:
        raise ReportError(
            f"The overlap of {overlap.source} and {overlap.target} is not drawn: three circles "
            f"miss its areas by {worst:.0f} % of the whole. Its counts are in the tables."
        )
    return worst


def _drawn_shares(circles: Sequence[Any]) -> dict[str, float]:
    """Share of all that is drawn that each region has, counted on a grid of points."""
    centres = np.array([circle.center for circle in circles])  # (3, 2)
    radii = np.array([circle.radius for circle in circles])  # (3,)
    low, high = (centres - radii[:, None]).min(axis=0), (centres + radii[:, None]).max(axis=0)
    points = np.stack(
        np.meshgrid(np.linspace(low[0], high[0], GRID), np.linspace(low[1], high[1], GRID)), axis=-1
    ).reshape(-1, 1, 2)
    inside = ((points - centres) ** 2).sum(axis=2) < radii**2  # (GRID², 3)
    covered = inside.any(axis=1).sum()
    rights = [REGIONS[name] for name in COLOURS]
    return {_code(right): float((inside == right).all(axis=1).sum() / covered) for right in rights}


def _key(axes: Axes, overlap: Overlap) -> None:
    """Totals of the circles, then every region with its colour, count and percent."""
    axes.set(xlim=(0, PANEL[0]), ylim=(KEY, 0))
    axes.axis("off")
    third = (PANEL[0] - 0.5) / 3
    for place, (who, dashes) in enumerate(zip(WHO, STYLES, strict=True)):
        x, y = 0.25 + place * third, 0.14
        axes.plot([x, x + 0.28], [y, y], color=INK, linewidth=1.4, linestyle=dashes)
        text = f"{who} {count(overlap.correct(who))}"
        write(axes, x + 0.34, y, text, SMALL, va="center", weight="bold")
    for place, name in enumerate(REGIONS):
        x, y = 0.25 + (place // 4) * PANEL[0] / 2, 0.42 + 0.2 * (place % 4)
        colour = COLOURS.get(name, PAPER)
        axes.add_patch(
            Rectangle((x, y - 0.06), 0.18, 0.12, facecolor=colour, edgecolor=LINE, linewidth=0.6)
        )
        images = overlap.regions[name]
        text = f"{name}: {count(images)} ({number(100 * images / overlap.n)} %)"
        write(axes, x + 0.26, y, text, SMALL, va="center")


def _code(right: Sequence[bool]) -> str:
    return "".join("1" if yes else "0" for yes in right)
