"""The whole study as one HTML page that needs nothing but itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from samefeatures.report.both_ways import both_ways
from samefeatures.report.certainty import (
    eval_set_note,
    marks_note,
    p_value,
    source_mark,
    target_mark,
)
from samefeatures.report.controls import HEADS, control_lines, heading
from samefeatures.report.curves import curves_of
from samefeatures.report.grid import (
    COLUMNS,
    MISSING,
    ROWS,
    Grid,
    grids,
    is_own,
    number,
    penalty,
    plain,
    signed,
)
from samefeatures.report.overlaps import MEANING, PairView, counts, loss_line
from samefeatures.report.sentences import sentences
from samefeatures.report.shading import LEVELS, TICKS, background, level, text_on
from samefeatures.report.summary import fit_notes, median_line, numbers
from samefeatures.study.results import Cell, ClassChange, NetworkSummary, StudyResults


@dataclass(frozen=True, slots=True)
class Metric:
    """What a cell can show: a large and a small figure, shaded by what is missing.

    Attributes:
        missing: What the cell is shaded by, in percent or points from 0 to 100.
    """

    key: str
    label: str
    says: str
    large: Callable[[Cell], str]
    small: Callable[[Cell], str]
    missing: Callable[[Cell], float]


def _top1(cell: Cell) -> str:
    return number(cell.top1)


METRICS: tuple[Metric, ...] = (
    Metric(
        "top1",
        "Accuracy",
        "Large: top-1 accuracy in percent. Small: percent change against the source's own "
        "accuracy. Shade: percent lost against the source.",
        lambda cell: _top1(cell) + target_mark(cell),
        lambda cell: signed(cell.change_vs_source_pct) + source_mark(cell),
        penalty,
    ),
    Metric(
        "loss",
        "Loss vs target",
        "Large: points lost against the target's own accuracy; a negative loss is a gain. Small: "
        "top-1 accuracy in percent. Shade: points lost against the target.",
        lambda cell: number(cell.loss_vs_target_points) + target_mark(cell),
        _top1,
        lambda cell: cell.loss_vs_target_points,
    ),
    Metric(
        "interval",
        "Interval",
        "Large: top-1 accuracy in percent. Small: its 95 % Wilson interval. Shade: percent lost "
        "against the source.",
        _top1,
        lambda cell: f"{number(cell.ci_low, 1)}–{number(cell.ci_high, 1)}",
        penalty,
    ),
    Metric(
        "fixed",
        "Fixed and broken",
        "Large: images fixed (the target network wrong, the hybrid right). Small: images broken "
        "(the target network right, the hybrid wrong). Shade: percent of all images broken.",
        lambda cell: _count(cell.fixed),
        lambda cell: _count(cell.broken),
        lambda cell: 100 * cell.broken / cell.n,
    ),
    Metric(
        "agreement",
        "Agreement",
        "Large: percent of images for which hybrid and target network predict the same class, "
        "right or wrong. Small: top-1 accuracy in percent. Shade: percent that differ.",
        lambda cell: number(cell.agreement),
        _top1,
        lambda cell: 100 - cell.agreement,
    ),
    Metric(
        "r2",
        "R²",
        "Large: R² of mapped against true features of the target. Small: top-1 accuracy in "
        "percent. Shade: 100 (1 − R²).",
        lambda cell: number(cell.r2, 3),
        _top1,
        lambda cell: 100 * (1 - cell.r2),
    ),
    Metric(
        "cosine",
        "Cosine",
        "Large: cosine between mapped and true features of the target. Small: top-1 accuracy in "
        "percent. Shade: 100 (1 − cosine).",
        lambda cell: number(cell.cosine, 3),
        _top1,
        lambda cell: 100 * (1 - cell.cosine),
    ),
)


def page(
    results: StudyResults, *, pairs: Sequence[PairView] = (), stale: Sequence[str] = ()
) -> str:
    """The page as text. Every name and message in it is escaped.

    Args:
        results: The study.
        pairs: Overlaps to show, with their figures.
        stale: What to say of overlaps that are not shown.
    """
    environment = Environment(
        loader=PackageLoader("samefeatures.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=number, signed=signed, plain=plain, count=_count, breakable=_breakable
    )
    tables = grids(results)
    return environment.get_template("report.html").render(
        results=results,
        sentences=sentences(results),
        grids=[(grid, numbers(grid), _rows(grid), _under(grid)) for grid in tables],
        both_ways=both_ways,
        target_mark=target_mark,
        pairs=[(pair, _gallery(pair)) for pair in pairs],
        stale=stale,
        controls=control_lines(results),
        controls_heading=heading(results.controls) if results.controls else "",
        control_heads=HEADS,
        meaning=MEANING,
        counts=counts,
        loss_line=loss_line,
        classes=_classes(results, tables),
        metrics=METRICS,
        says={metric.key: metric.says for metric in METRICS},
        views={grid.slug: _views(grid) for grid in tables},
        networks=[(network, _preprocessing(network)) for network in results.networks],
        notes=fit_notes(results),
        data=(("Fit", results.fit_data), ("Eval", results.eval_data)),
        settings=_yaml(results.settings),
        ticks=[(f"{tick:g}", level(tick)) for tick in TICKS],
        axes=(ROWS, COLUMNS),
        curves=curves_of(results),
        missing=MISSING,
        css=Markup(_asset("report.css")),
        shades=Markup(_shades()),
        script=Markup(_asset("report.js")),
        describe=_describe,
    )


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


def _under(grid: Grid) -> list[str]:
    """What stands under a table: medians, marks, and what the eval set can show."""
    lines = (median_line(numbers(grid)), marks_note(grid), eval_set_note(grid))
    return [line for line in lines if line]


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


def _rows(grid: Grid) -> list[tuple[str, list[dict[str, Any]]]]:
    """(source, its cells) as the page shows them before anybody chooses another metric."""
    return [
        (name, [_shown(grid, i, j) for j in range(len(grid.names))])
        for i, name in enumerate(grid.names)
    ]


def _shown(grid: Grid, i: int, j: int) -> dict[str, Any]:
    cell = grid.rows[i][j]
    large, small, darkness = _view(METRICS[0], cell)
    return {
        "large": large,
        "small": small,
        "level": darkness,
        "own": i == j,
        "gain": cell is not None and i != j and cell.change_vs_source_pct > 0,
        "details": _details(cell, grid.names[i], grid.names[j]),
    }


def _views(grid: Grid) -> dict[str, list[tuple[str, str, int]]]:
    """Every metric's cells, row by row: what the script puts in when a reader changes it."""
    return {m.key: [_view(m, cell) for row in grid.rows for cell in row] for m in METRICS}


def _view(metric: Metric, cell: Cell | None) -> tuple[str, str, int]:
    if cell is None:
        return MISSING, "", 0
    darkness = 0 if is_own(cell) else level(metric.missing(cell))
    return metric.large(cell), metric.small(cell), darkness


def _details(cell: Cell | None, source: str, target: str) -> str:
    """All of a cell, a line each: the first is its heading, the others are ``name: value``."""
    if cell is None:
        return f"{plain(source)} → {plain(target)}\nnot scored"
    ends = plain(source) if is_own(cell) else f"{plain(source)} → {plain(target)}"
    lines = [
        f"{ends}, own head" if is_own(cell) else ends,
        f"Correct: {_count(cell.correct)} of {_count(cell.n)} ({number(cell.top1)} %)",
        f"95 % interval: {number(cell.ci_low)} to {number(cell.ci_high)} %",
        f"Correct in top 5: {_count(cell.correct_top5)} ({number(cell.top5)} %)",
        f"Source's own top-1: {number(cell.source_top1)} %",
        f"Target's own top-1: {number(cell.target_top1)} %",
        f"Change vs source: {signed(cell.change_vs_source_pct)} %",
        f"Loss vs target: {number(cell.loss_vs_target_points)} points",
        f"Agreement with target: {number(cell.agreement)} %",
        f"R² of features: {number(cell.r2, 4)}",
        f"Cosine of features: {number(cell.cosine, 4)}",
    ]
    if not is_own(cell):
        lines += [
            f"Fixed: {_count(cell.fixed)}",
            f"Broken: {_count(cell.broken)}",
            f"p vs target, Holm: {p_value(cell.p_vs_target)}",
            f"p vs source, Holm: {p_value(cell.p_vs_source)}",
        ]
    return "\n".join(lines)


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


def _count(value: int | None) -> str:
    """With thin spaces between thousands."""
    return MISSING if value is None else f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _breakable(name: str) -> Markup:
    """A name that may be broken after an underscore and the like, not within a word."""
    return Markup("<wbr>").join(re.split(r"(?<=[_./:-])", plain(name)))


def _yaml(settings: Mapping[str, Any]) -> str:
    # Through JSON, so that tuples, paths and the like become plain values.
    values = json.loads(json.dumps(settings, default=str))
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=88)


def _shades() -> str:
    """One class per shade, for a light and for a dark page."""
    light = (_shade(i, background(i / LEVELS)) for i in range(LEVELS + 1))
    dark = (_shade(i, background(i / LEVELS, dark_page=True)) for i in range(LEVELS + 1))
    return (
        "\n".join(light)
        + "\n@media screen and (prefers-color-scheme: dark) {\n"
        + "\n".join(dark)
        + "\n}\n"
    )


def _shade(place: int, colour: str) -> str:
    return f".s{place} {{ background: {colour}; color: {text_on(colour)}; }}"


def _asset(name: str) -> str:
    folder = resources.files("samefeatures.report") / "templates"
    return (folder / name).read_text(encoding="utf-8")
