"""The whole study as one HTML page that needs nothing but itself."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import yaml
from markupsafe import Markup

from samefeatures.base.shown import plain
from samefeatures.report.beneath import HEADING, SpaceLine
from samefeatures.report.beyond import ABOUT as HEAT
from samefeatures.report.beyond import heats
from samefeatures.report.both_ways import both_ways
from samefeatures.report.certainty import target_mark
from samefeatures.report.controls import HEADS, control_lines, heading
from samefeatures.report.curves import Curves
from samefeatures.report.environment import environment, shades
from samefeatures.report.follows import follow_lines
from samefeatures.report.grid import COLUMNS, MISSING, PRECISION, ROWS, Grid, mapped, written
from samefeatures.report.html_cells import metrics, rows, space_details, views
from samefeatures.report.html_csv import cells_csv
from samefeatures.report.html_shared import heat_rows
from samefeatures.report.overlaps import MEANING, PairView, counts, loss_line
from samefeatures.report.pictures import Picture
from samefeatures.report.sentences import sentences
from samefeatures.report.shading import TICKS, level
from samefeatures.report.shared import listings
from samefeatures.report.strengths import HEADING as CHOSEN
from samefeatures.report.strengths import Strengths
from samefeatures.report.summary import fit_notes, measure_lines, numbers, under
from samefeatures.report.tasks import ABOUT, ALONE, task_views
from samefeatures.report.tasks import HEADING as TASKS
from samefeatures.study.results import ClassChange, NetworkSummary, StudyResults

WIDE = 12
"""Networks above which the page is printed across."""
ALWAYS: Mapping[str, Any] = {
    "both_ways": both_ways,
    "target_mark": target_mark,
    "control_heads": HEADS,
    "tasks_heading": TASKS,
    "tasks_about": ABOUT,
    "alone": ALONE,
    "meaning": MEANING,
    "counts": counts,
    "loss_line": loss_line,
    "heat_about": HEAT,
    "beneath_heading": HEADING,
    "strengths_heading": CHOSEN,
    "missing": MISSING,
}
"""What the template says and asks whatever the study is."""


def page(
    results: StudyResults,
    *,
    precision: int = PRECISION,
    pairs: Sequence[PairView] = (),
    stale: Sequence[str] = (),
    curves: Sequence[tuple[Curves, str]] = (),
    strengths: Sequence[tuple[Strengths, str]] = (),
    pictures: Sequence[Picture] = (),
) -> str:
    """The page as text. Every name and message in it is escaped.

    Args:
        results: The study.
        precision: Digits behind the point of the percents in cells.
        pairs: Overlaps to show, with their figures.
        stale: What to say of overlaps that are not shown.
        curves: Losses of iterative fits, each with its picture as a ``data:`` URI.
        strengths: Those that were chosen, likewise.
        pictures: Of listings.
    """
    template = environment().get_template("report.html")
    tables = mapped(results, precision=precision)
    follows = bool(follow_lines(results))
    counted = any(grid.scored for grid in tables)
    shown = metrics(results.measures, follows=follows, counted=counted)
    return template.render(
        **ALWAYS,
        results=results,
        counted=counted,
        sentences=sentences(results),
        grids=[(grid, numbers(grid), rows(grid, shown[0]), under(grid)) for grid in tables],
        pairs=[(pair, _gallery(pair)) for pair in pairs],
        stale=stale,
        controls=control_lines(results),
        controls_heading=heading(results.controls) if results.controls else "",
        tasks=[(task, rows(task.grid)) for task in task_views(results, precision=precision)],
        classes=_classes(results, tables),
        metrics=shown,
        says={metric.key: metric.says for metric in shown},
        views={grid.slug: views(grid, shown) for grid in tables},
        networks=[(network, _preprocessing(network)) for network in results.networks],
        measured=[line for grid in tables[:1] for line in measure_lines(grid, "spaces")],
        notes=fit_notes(results),
        data=(("Fit", results.fit_data), ("Eval", results.eval_data)),
        settings=_yaml(results.settings),
        ticks=[(f"{tick:g}", level(tick)) for tick in TICKS],
        axes=(ROWS, COLUMNS) if counted else ("Source", "Target"),
        listings=listings(results),
        heats=[(heat, heat_rows(heat)) for heat in heats(results)],
        beneath=partial(_beneath, digits=precision),
        precision=precision,
        wide=len(results.networks) > WIDE,
        cells=cells_csv(results.cells),
        curves=curves,
        strengths=strengths,
        pictures=[picture for picture in pictures if picture.uri],
        shades=Markup(_shades()),
        describe=_describe,
    )


def _beneath(line: SpaceLine, *, digits: int) -> list[dict[str, Any]]:
    """Cells of a control space as the page shows them."""
    found = []
    for cell in line.cells:
        large, small = written(cell, digits)
        lost = math.nan if cell is None else cell.penalty
        details = space_details(line, cell) if cell else ""
        found.append({"large": large, "small": small, "level": level(lost), "details": details})
    return found


def _gallery(pair: PairView) -> dict[str, Any]:
    """What the gallery of a pair shows: items, classes to choose from, and how many there are."""
    items = [(overlap, shown) for overlap in pair.directions for shown in overlap.gallery]
    totals = [
        f"{plain(o.source)} → {plain(o.target)}: "
        + ", ".join(
            f"{sum(s.kind == kind for s in o.gallery)} of {o.count(kind)} {kind}"
            for kind in ("fixed", "broken")
        )
        for o in pair.directions
    ]
    return {
        "items": items,
        "classes": sorted({shown.label for _, shown in items}),
        "totals": "; ".join(totals),
    }


def _classes(
    results: StudyResults, tables: tuple[Grid, ...]
) -> list[tuple[str, list[ClassChange], list[ClassChange]]]:
    """(method, classes that gain, classes that lose), for methods that change any."""
    out = []
    for grid in tables:
        mine = [change for change in results.classes if change.method == grid.method]
        gain = [change for change in mine if change.change_points > 0]
        lose = [change for change in mine if change.change_points < 0]
        if mine:
            out.append((grid.label, gain, lose))
    return out


def _preprocessing(network: NetworkSummary) -> dict[str, str]:
    given = network.preprocessing or {}
    size = given.get("input_size")
    crop = given.get("crop_pct")
    return {
        "input": " × ".join(str(side) for side in size[1:]) if size else MISSING,
        "crop": f"{crop:g}" if isinstance(crop, (int, float)) else MISSING,
        "interpolation": plain(str(given.get("interpolation") or MISSING)),
    }


def _describe(views: Mapping[str, Any] | None) -> str:
    """The random crops of a data set in words."""
    if not views:
        return "centre crop"
    return ", ".join(f"{key} {plain(str(value))}" for key, value in views.items())


def _yaml(settings: Mapping[str, Any]) -> str:
    # Through JSON, so that tuples, paths and the like become plain values.
    values = json.loads(json.dumps(settings, default=str))
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=88)


def _shades() -> str:
    """One class per shade, for a light and for a dark page."""
    dark = shades(dark_page=True)
    return f"{shades()}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
