"""R² beyond what is given as a picture."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from samefeatures.report import crowded, plate
from samefeatures.report.beyond import Heat
from samefeatures.report.drawing import save, style
from samefeatures.report.plate import Plate
from samefeatures.report.tiles import of_heat

SUBTITLE = "Large: R², 1 is all that is left, 0 nothing.  Small: 95 % interval (jackknife)."
TICKS = (1.0, 0.75, 0.5, 0.25, 0.0)


def draw(heat: Heat, folder: Path) -> list[Path]:
    """Write ``COLUMN.png``, ``.svg`` and ``.pdf`` into ``folder``; same numbers, same bytes."""
    with style():
        return save(picture(heat), folder, heat.column, title=heat.title)


def picture(heat: Heat) -> Figure:
    """The figure, laid out as the tables of accuracies are."""
    found = Plate(
        title=heat.title,
        subtitle=_subtitle(len(heat.names)),
        names=heat.names,
        rows=of_heat(heat),
        scale="R²: the darker, the less is shared",
        ticks=tuple((f"{tick:g}", 1 - tick) for tick in TICKS),
        notes=heat.lines,
        diagonal="the network itself",
    )
    return plate.picture(found)


def _subtitle(count: int) -> str:
    if not crowded.is_crowded(count):
        return SUBTITLE
    if crowded.is_shaded(count):
        return "R²: 1 is all that is left, 0 nothing."
    whole = count > crowded.NARROW
    return f"R²{' in percent' * whole}: {'100' if whole else '1'} is all that is left, 0 nothing."
