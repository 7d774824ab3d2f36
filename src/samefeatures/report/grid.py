"""One method's table as every medium sees it, and how its numbers are written."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from samefeatures.base.shown import plain
from samefeatures.report.beneath import SpaceCell, SpaceLine, beneath
from samefeatures.report.level import baseline
from samefeatures.study.results import Cell, MeasureSummary, MethodSummary, StudyResults

MISSING = "–"
MINUS = "−"
PRECISION = 2
"""Digits behind the point of percents in cells, unless a reader asks for others."""

ROWS = "Source (feature extractor)"
COLUMNS = "Target (classifier)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """N x N cells of one method; a cell that is not there is None.

    Attributes:
        method: Its name in ``Cell.method``.
        kind: What the method is, whatever the study calls it.
        uses: What decides its maps: ``images``, ``heads`` or ``nothing``.
        label: Its name with its options, e.g. ``ridge (alpha 0.01)``.
        slug: Its name as a part of a file name, unlike that of any other method.
        names: The networks, in the order of the study.
        rows: ``rows[i][j]`` maps features of ``names[i]`` into the head of ``names[j]``.
        measures: Of the study.
        level: Percent that needs no network.
        digits: Behind the point of the percents in its cells.
        fit_rows: That its maps were fitted on.
        beneath: Control spaces under the table of the study's first fitted method.
    """

    method: str
    kind: str
    uses: str
    label: str
    slug: str
    names: tuple[str, ...]
    rows: tuple[tuple[Cell | None, ...], ...]
    measures: tuple[MeasureSummary, ...]
    level: float
    digits: int = PRECISION
    fit_rows: int = 0
    beneath: tuple[SpaceLine, ...] = ()

    @property
    def scored(self) -> tuple[Cell, ...]:
        """All cells that were scored, the diagonal too."""
        return tuple(cell for cell in self.taken if cell.scored)

    @property
    def taken(self) -> tuple[Cell, ...]:
        """All cells that are there, those too that hold measures alone."""
        return tuple(cell for row in self.rows for cell in row if cell is not None)

    @property
    def n(self) -> int:
        """Images that every cell was scored on; 0 without cells."""
        return max((cell.n for cell in self.taken), default=0)

    @property
    def pairs(self) -> tuple[Cell, ...]:
        """All cells that are there and lie off the diagonal, as measures are taken of them."""
        return tuple(cell for cell in self.taken if cell.source != cell.target)

    @property
    def hybrids(self) -> tuple[Cell, ...]:
        """All cells that were scored and lie off the diagonal."""
        return tuple(cell for cell in self.scored if cell.source != cell.target)

    @property
    def leading(self) -> MeasureSummary | None:
        """The measure that a table shows where nothing was counted; None where accuracies are."""
        return None if self.scored or not self.measures else self.measures[0]

    def asked(self, judges: str) -> tuple[MeasureSummary, ...]:
        """Measures that the study asks for by name: of the ``map``, or of the two ``spaces``.

        Where nothing was counted all of them: they are what there is.
        """
        known = (m for m in self.measures if m.asked or not self.scored)
        return tuple(measure for measure in known if measure.judges == judges)


def grids(results: StudyResults, *, precision: int = PRECISION) -> tuple[Grid, ...]:
    """One grid per method of the study, in its order.

    Args:
        results: The study.
        precision: Digits behind the point of the percents in cells.
    """
    listed = {method.name for method in results.methods}
    unlisted = dict.fromkeys(c.method for c in results.cells if c.method not in listed)
    methods = (*results.methods, *(MethodSummary(name=name, options={}) for name in unlisted))
    names = tuple(network.name for network in results.networks)
    slugs: list[str] = []
    found = []
    for method in methods:
        cells = results.table(method.name)
        slugs.append(_slug(method.name, slugs))
        grid = Grid(
            method=method.name,
            kind=method.kind or method.name,
            uses=method.uses,
            label=label(method),
            slug=slugs[-1],
            names=names,
            rows=tuple(tuple(cells.get((a, b)) for b in names) for a in names),
            measures=results.measures,
            level=baseline(results),
            digits=precision,
            fit_rows=results.fit_data.rows,
        )
        found.append(grid)
    first = fitted(found)
    return tuple(
        replace(grid, beneath=beneath(results)) if grid is first else grid for grid in found
    )


def mapped(results: StudyResults, *, precision: int = PRECISION) -> tuple[Grid, ...]:
    """``grids`` of two networks or more: one alone has no other to be mapped to."""
    return grids(results, precision=precision) if len(results.networks) > 1 else ()


def fitted(tables: Sequence[Grid]) -> Grid | None:
    """``ols``, else the first method that fits something, else the first."""
    ols = (grid for grid in tables if grid.kind == "ols")
    maps = (grid for grid in tables if grid.uses == "images" and grid.hybrids)
    return next(ols, None) or next(maps, None) or next(iter(tables), None)


def label(method: MethodSummary) -> str:
    """``ridge (alpha 0.01)``, or the bare name of a method without options."""
    options = ", ".join(f"{key} {_option(value)}" for key, value in method.options.items())
    return f"{method.name} ({options})" if options else method.name


def number(value: float, digits: int = 2) -> str:
    """``79.57``, with a true minus sign; a dash for NaN."""
    if not math.isfinite(value):
        return MISSING
    text = f"{value:.{digits}f}"
    return text.replace("-", MINUS) if float(text) else f"{0:.{digits}f}"


def measured(value: float, digits: int = 3) -> str:
    """``number`` of a measure, which has no lower end: ``−1235`` and ``−2.2e15`` fit a cell too."""
    if not math.isfinite(value) or abs(value) < 1000:
        return number(value, digits)
    return number(value, 0) if abs(value) < 1e5 else exponent(value, 1)


def exponent(value: float, digits: int) -> str:
    """``−2.2e15``."""
    base, power = f"{value:.{digits}e}".split("e")
    return f"{base.replace('-', MINUS)}e{int(power)}"


def signed(value: float, digits: int = 2) -> str:
    """``number`` with a plus sign before what is above zero as printed."""
    text = number(value, digits)
    positive = math.isfinite(value) and float(f"{value:.{digits}f}") > 0
    return f"+{text}" if positive else text


def written(cell: SpaceCell | None, digits: int = PRECISION) -> tuple[str, str]:
    """Accuracy and change of a control space, both in percent; pixels have no change."""
    if cell is None:
        return MISSING, ""
    change = signed(cell.change, digits) if math.isfinite(cell.change) else ""
    return number(cell.row.top1, digits), change


def count(value: int | None) -> str:
    """With thin spaces between thousands."""
    return MISSING if value is None else f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def is_own(cell: Cell) -> bool:
    """Whether the cell lies on the diagonal: a network with its own head."""
    return cell.source == cell.target


def lacking(cell: Cell, measure: MeasureSummary) -> float:
    """What is missing to the best value of a measure, in percent of its scale; NaN without one."""
    return 100 * (measure.same - cell.measure(measure.name)) / (measure.same - measure.apart)


def penalty(cell: Cell | None) -> float:
    """What the cell is shaded by: percent lost against the source's own accuracy, or NaN."""
    return math.nan if cell is None else -cell.change_vs_source_pct


def _option(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else plain(str(value))


def _slug(name: str, taken: list[str]) -> str:
    base = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._") or "method"
    # Some file systems take OLS and ols for the same file.
    lower = {slug.lower() for slug in taken}
    slug, count = base, 1
    while slug.lower() in lower:
        count += 1
        slug = f"{base}_{count}"
    return slug
