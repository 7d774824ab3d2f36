"""The tables as GitHub-flavoured Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from samefeatures.base.shown import plain
from samefeatures.report.beyond import ABOUT as HEAT
from samefeatures.report.beyond import Heat, heats, texts
from samefeatures.report.certainty import marked
from samefeatures.report.controls import HEADS, control_lines, heading
from samefeatures.report.grid import (
    MISSING,
    PRECISION,
    Grid,
    is_own,
    mapped,
    measured,
    number,
    written,
)
from samefeatures.report.sentences import sentences
from samefeatures.report.shared import listings
from samefeatures.report.strengths import HEADING as CHOSEN
from samefeatures.report.strengths import strengths_of
from samefeatures.report.summary import fit_notes, under
from samefeatures.report.tasks import ABOUT, ALONE, HEADING, task_views
from samefeatures.study.results import Cell, MeasureSummary, StudyResults
from samefeatures.study.results.spaces import BeyondRow

LEGEND = (
    "Rows: source (feature extractor). Columns: target (classifier). Large: top-1 accuracy of the "
    "hybrid in percent. Small: percent change against the source's own accuracy. Bold: a network "
    "with its own head. – : not scored."
)

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def table(grid: Grid) -> str:
    """One method's table, the legend under it, and its medians; where nothing was counted, what its
    first measure came to."""
    if grid.leading is not None:
        return measure_table(grid, grid.leading)
    lines = [*_grid(grid, partial(_cell, digits=grid.digits)), *_beneath(grid)]
    lines += ["", f"{escape(grid.label)}. {LEGEND}"]
    for text in under(grid):
        lines += ["", escape(text)]
    return "\n".join([*lines, ""])


def measure_table(grid: Grid, measure: MeasureSummary) -> str:
    """What a measure came to, source by target."""
    lines = _grid(grid, lambda cell: measured(cell.measure(measure.name)))
    return "\n".join([*lines, "", f"{escape(measure.label)}: {escape(measure.says)}.", ""])


def document(results: StudyResults, *, precision: int = PRECISION) -> str:
    """All tables under one title, with sentences to take away, warnings and notes of the fits.

    Args:
        results: The study.
        precision: Digits behind the point of the percents in cells.
    """
    tables = mapped(results, precision=precision)
    parts = [f"# {escape(results.title)}", ""]
    for warning in results.warnings:
        parts += [f"> **Warning:** {escape(warning)}", ""]
    parts += [f"{i}. {escape(text)}" for i, text in enumerate(sentences(results), start=1)]
    for grid in tables:
        parts += ["", f"## {escape(grid.label)}", "", table(grid)]
        own = [measure for measure in grid.asked("map") if measure != grid.leading]
        parts += [measure_table(grid, measure) for measure in own]
    parts += _shared(results)
    shown = {heat.column for heat in heats(results)}
    for grid in tables[:1]:  # they are the same whatever the method
        for measure in (m for m in grid.asked("spaces") if m.name not in shown):
            parts += ["", f"## {escape(measure.label)}", "", measure_table(grid, measure)]
    parts += _controls(results)
    parts += _tasks(results, precision)
    for found in strengths_of(results):
        parts += [f"## {CHOSEN}: {escape(found.grid.label)}", "", escape(found.says), ""]
    notes = fit_notes(results)
    if notes:
        parts += ["## Notes of the fits", "", *(f"- {escape(note)}" for note in notes), ""]
    return "\n".join(parts)


def _shared(results: StudyResults) -> list[str]:
    """What is shared beyond the answers, and whom hybrids follow; heat maps under the first."""
    lines: list[str] = []
    for found in listings(results):
        lines += ["", f"## {escape(found.title)}", ""]
        lines += [text for said in found.says for text in (escape(said), "")]
        lines += [
            _line([escape(head) for head in found.heads]),
            _line(["---:" if i >= found.words else "---" for i in range(len(found.heads))]),
        ]
        lines += [_line([escape(text) for text in row]) for row in found.rows]
        lines += [text for note in found.notes for text in ("", escape(note))]
        if found.slug == "beyond":
            lines += [text for heat in heats(results) for text in _heat(heat)]
    return [*lines, ""] if lines else []


def _heat(heat: Heat) -> list[str]:
    lines = ["", f"### {escape(heat.title)}", ""]
    lines.append(_line(["Source ↓ Target →", *map(escape, heat.names)]))
    lines.append(_line(["---", *([":---:"] * len(heat.names))]))
    for name, row in zip(heat.names, heat.rows, strict=True):
        lines.append(_line([f"**{escape(name)}**", *map(_beyond, row)]))
    lines += ["", escape(HEAT)]
    return [*lines, *(text for line in heat.lines for text in ("", escape(line)))]


def _beyond(row: BeyondRow | None) -> str:
    if row is None:
        return MISSING
    large, small = texts(row)
    return f"{large}<br><sub>{small}</sub>" if small else large


def _controls(results: StudyResults) -> list[str]:
    """The table of controls under its heading; nothing where there are none."""
    if results.controls is None:
        return []
    lines = ["", "## Controls", "", escape(heading(results.controls)), ""]
    lines += [_line(list(HEADS)), _line(["---"] * len(HEADS))]
    for line in control_lines(results):
        texts = (line.name, line.what, line.top1, line.agreement, line.reading)
        lines.append(_line([escape(text) for text in texts]))
    return [*lines, ""]


def _tasks(results: StudyResults, precision: int) -> list[str]:
    """Every task's table, with answers alone as its last row; nothing where there are none."""
    lines = ["", f"## {HEADING}", "", ABOUT, ""] if results.tasks else []
    for task in task_views(results, precision=precision):
        alone = [f"*{ALONE}*", *(number(top1, precision) for top1 in task.alone)]
        lines += [f"### {escape(task.title)}", "", escape(task.question), ""]
        lines += [*_grid(task.grid, partial(_cell, digits=precision)), _line(alone), ""]
        lines += [text for line in task.lines for text in (escape(line), "")]
    return lines


def escape(text: str) -> str:
    """``text`` so that Markdown shows it as it is, in a table cell too."""
    text = re.sub(r"[&<>]", lambda found: _ENTITIES[found[0]], plain(text))
    return re.sub(r"([\\`*_\[\]|~#$])", r"\\\1", text)


def _grid(grid: Grid, text: Callable[[Cell], str]) -> list[str]:
    """Sources in rows, targets in columns."""
    head = ["Source ↓ Target →", *(escape(name) for name in grid.names)]
    lines = [_line(head), _line(["---", *([":---:"] * len(grid.names))])]
    for name, row in zip(grid.names, grid.rows, strict=True):
        cells = (text(cell) if cell else MISSING for cell in row)
        lines.append(_line([f"**{escape(name)}**", *cells]))
    return lines


def _beneath(grid: Grid) -> list[str]:
    """Rows of control spaces, in italics."""
    lines = []
    for line in grid.beneath:
        texts = [written(cell, grid.digits) for cell in line.cells]
        cells = (f"{large}<br><sub>{small}</sub>" if small else large for large, small in texts)
        lines.append(_line([f"*{escape(line.label)}*", *cells]))
    return lines


def _cell(cell: Cell, *, digits: int) -> str:
    top1, change = marked(cell, digits)
    large = f"**{top1}**" if is_own(cell) else top1
    return f"{large}<br><sub>{change}</sub>"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
