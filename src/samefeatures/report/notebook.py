"""Results and tables as notebooks show them: the shaded N x N table below a cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from samefeatures.base.shown import plain
from samefeatures.report.environment import environment, shades
from samefeatures.report.grid import COLUMNS, ROWS, Grid, count, fitted, grids
from samefeatures.report.html_cells import METRICS, metrics, rows
from samefeatures.report.summary import under
from samefeatures.study.results import StudyResults, Table

MOST = 15
"""Networks up to which all methods are shown; above it the first fitted one."""
DETAILS = 3
"""Lines that a cell shows under the pointer, of all that is known of it: notebooks keep them."""


def results_html(results: StudyResults) -> str:
    """A whole study: what was compared, its warnings, and the tables; all but one are folded.

    A name or a message is never markup. Shades are those of the page; they are the same on light
    and dark themes, and all other colours are the theme's. Where nothing was scored, the cells show
    the first measure.
    """
    every = grids(results)
    first = fitted(every)
    shown = every if len(results.networks) <= MOST else [grid for grid in every if grid is first]
    ordered = sorted(shown, key=lambda grid: grid is not first)
    others = [grid.method for grid in every if grid not in shown]
    networks = "1 network" if len(results.networks) == 1 else f"{len(results.networks)} networks"
    rows_of = f"{count(results.fit_data.rows)} fit rows, {count(results.eval_data.rows)} eval rows"
    facts = [f"{networks}, {rows_of}."]
    if others:
        facts.append(f"Further tables: {', '.join(map(plain, others))}; show one by its name.")
    return _drawn(
        title=results.title,
        facts=facts,
        warnings=results.warnings,
        tables=[_table(grid, under(grid), folded=grid is not first) for grid in ordered],
    )


def table_html(table: Table) -> str:
    """One method's cells, shaded as those of the page."""
    grid = Grid(
        method=table.method,
        kind=table.method,
        uses="images",
        label=table.method,
        slug="",
        names=table.names,
        rows=tuple(tuple(table.cells.get((a, b)) for b in table.names) for a in table.names),
        measures=table.measures,
        level=0.0,
    )
    return _drawn(title="", facts=(), warnings=(), tables=[_table(grid, (), folded=False)])


def _drawn(**parts: Any) -> str:
    template = environment().get_template("notebook.html")
    inner = Markup(shades(within=".samefeatures .grid "))
    return template.render(shades=inner, **parts)


def _table(grid: Grid, says: Sequence[str], *, folded: bool) -> dict[str, Any]:
    first = grid.leading
    metric = METRICS[0] if first is None else metrics([first])[-1]
    about, axes = metric.says, (ROWS, COLUMNS)
    if first is not None:
        about = f"{first.label}: {first.says}. Shade: what is missing to {first.same:g}."
        axes = ("Source", "Target")
    cells = [
        (name, [{**cell, "details": _start(cell["details"])} for cell in row])
        for name, row in rows(grid, metric)
    ]
    return {
        "label": grid.label,
        "names": grid.names,
        "axes": axes,
        "rows": cells,
        "says": [about, *says],
        "folded": folded,
    }


def _start(details: str) -> str:
    return "\n".join(details.splitlines()[:DETAILS])
