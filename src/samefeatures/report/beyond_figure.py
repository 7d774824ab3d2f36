"""R² beyond what is given as a picture: PNG and SVG."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from samefeatures.report import plate
from samefeatures.report.beyond import Heat, darkness, texts
from samefeatures.report.drawing import save, style
from samefeatures.report.grid import number
from samefeatures.report.plate import Plate, Tile
from samefeatures.study.results.spaces import BeyondRow

SUBTITLE = "Large: R², 1 is all that is left, 0 nothing.  Small: 95 % interval (jackknife)."
TICKS = (1.0, 0.75, 0.5, 0.25, 0.0)


def draw(heat: Heat, folder: Path) -> list[Path]:
    """Write ``COLUMN.png`` and ``.svg`` into ``folder``; the same bytes for the same numbers."""
    with style():
        return save(picture(heat), folder, heat.column, png=heat.title, svg=heat.title)


def picture(heat: Heat) -> Figure:
    """The figure, laid out as the tables of accuracies are."""
    found = Plate(
        title=heat.title,
        subtitle=SUBTITLE,
        names=heat.names,
        rows=tuple(
            tuple(_own() if i == j else _tile(row) for j, row in enumerate(line))
            for i, line in enumerate(heat.rows)
        ),
        scale="R²: the darker, the less is shared",
        ticks=tuple((f"{tick:g}", 1 - tick) for tick in TICKS),
        notes=heat.lines,
        diagonal="the network itself",
    )
    return plate.picture(found)


def _own() -> Tile:
    return Tile(large=number(1.0), bold=True)


def _tile(row: BeyondRow | None) -> Tile | None:
    if row is None:
        return None
    large, small = texts(row)
    return Tile(large=large, small=small.replace(" to ", "–"), darkness=darkness(row))
