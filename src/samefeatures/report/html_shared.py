"""Heat maps of R² beyond what is given, as cells of the HTML page."""

from __future__ import annotations

from typing import Any

from samefeatures.base.shown import plain
from samefeatures.report.beyond import Heat, darkness, details, texts
from samefeatures.report.grid import MISSING, number
from samefeatures.report.shading import LEVELS
from samefeatures.study.results.spaces import BeyondRow


def heat_rows(heat: Heat) -> list[tuple[str, list[dict[str, Any]]]]:
    """(source, its cells), as ``html_cells.rows`` gives hybrids."""
    names = heat.names
    return [
        (name, [_cell(row, heat, name, target) for target, row in zip(names, line, strict=True)])
        for name, line in zip(names, heat.rows, strict=True)
    ]


def _cell(row: BeyondRow | None, heat: Heat, source: str, target: str) -> dict[str, Any]:
    if source == target:
        own = f"{plain(source)}, with itself\nR²: {number(1.0)}"
        return {
            "large": number(1.0),
            "small": "",
            "level": 0,
            "own": True,
            "gain": False,
            "details": own,
        }
    ends = f"{plain(source)} → {plain(target)}"
    if row is None:
        text = f"{ends}\nnot looked at"
        return {
            "large": MISSING,
            "small": "",
            "level": None,
            "own": False,
            "gain": False,
            "details": text,
        }
    large, small = texts(row)
    lines = [ends, *(f"{name}: {value}" for name, value in details(row, heat))]
    return {
        "large": large,
        "small": small.replace(" to ", "–"),
        "level": None if row.r2 is None else round(LEVELS * darkness(row)),
        "own": False,
        "gain": False,
        "details": "\n".join(lines),
    }
