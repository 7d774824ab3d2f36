"""Two results side by side: what differs in their cells, intervals, images and settings."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from samefeatures.base.brief import brief
from samefeatures.base.options import check_number
from samefeatures.study.results import ControlRow, DataSummary, SpaceRow, StudyResults

Row = Mapping[str, Any]
Place = tuple[str, str, str]

ROUNDING = 1e-9
"""Relative difference that another order of sums may make."""

BESIDE = ("title", "warnings", "versions", "platform")
"""What facts are about that decide nothing: numbers may be the same all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactDiff:
    """A setting, a network, a method, a set of images, or a version.

    Attributes:
        about: ``settings``, ``networks``, ``methods``, ``fit images``, ``eval images`` and others.
        name: Which, e.g. ``methods.1.alpha``.
        first: What the first results say; None where they do not have it.
        second: The same of the second.
    """

    about: str
    name: str
    first: Any
    second: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class CellDiff:
    """A cell, or a row of controls or tasks, that is not the same in both.

    Attributes:
        method: Of the study, or ``control …``, ``space …``, ``task …``.
        source: Whose features.
        target: Whose head.
        changed: By column, what both results say; columns that one lacks are facts.
        only: ``first`` or ``second``, where the other has no such cell; else None.
        apart: Whether the 95 % intervals of its accuracy do not overlap; None without them.
    """

    method: str
    source: str
    target: str
    changed: Mapping[str, tuple[Any, Any]]
    only: str | None = None
    apart: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsDiff:
    """All that differs.

    Attributes:
        facts: What was asked, of what, with what.
        cells: In the order of the first results.
        compared: Cells that both have.
    """

    facts: tuple[FactDiff, ...]
    cells: tuple[CellDiff, ...]
    compared: int

    def __repr__(self) -> str:
        return brief(
            self,
            same=self.same,
            facts=[fact.about for fact in self.facts],
            cells=len(self.cells),
            compared=self.compared,
        )

    @property
    def same(self) -> bool:
        """Whether nothing differs but titles, warnings and versions."""
        return not self.cells and all(fact.about in BESIDE for fact in self.facts)

    def as_dict(self) -> dict[str, Any]:
        """For JSON, with ``same``; what is not finite is None."""
        plain = {"same": self.same, **asdict(self)}
        found: dict[str, Any] = json.loads(json.dumps(plain, default=str), parse_constant=_none)
        return found


def diff(first: StudyResults, second: StudyResults, *, tolerance: float = ROUNDING) -> ResultsDiff:
    """What differs between two results, e.g. of a study that was run twice.

    Cells are compared by method, source and target, column by column, those of controls and tasks
    too; numbers are the same where they differ by no more than ``tolerance``, relative to the
    larger one, and counts only where they are equal.

    Args:
        first: The results to start from.
        second: The others.
        tolerance: From 0 to below 1.

    Raises:
        ConfigError: when the tolerance is none.
    """
    check_number("tolerance", tolerance, zero=True, below=1.0)
    ours, theirs = _rows(first), _rows(second)
    cells = []
    for place in dict.fromkeys([*ours, *theirs]):
        found = _cell(place, ours.get(place), theirs.get(place), tolerance)
        if found is not None:
            cells.append(found)
    facts = (*_facts(first, second), *_columns(ours, theirs))
    compared = len(ours.keys() & theirs.keys())
    return ResultsDiff(facts=facts, cells=tuple(cells), compared=compared)


def _rows(results: StudyResults) -> dict[Place, Row]:
    """Everything that has numbers, by place."""
    rows: dict[Place, Row] = {}
    for cell in results.cells:
        rows[cell.method, cell.source, cell.target] = cell.row
    for task in results.tasks:
        for row in task.table:
            rows[f"task {task.name}, {row['method']}", row["source"], row["target"]] = row
    if results.controls is not None:
        for control in results.controls.rows:
            rows[f"control {control.control}", control.source, control.target] = _of(control)
        for space in results.controls.spaces.rows:
            seed = f" {space.seed}" if space.seed else ""
            rows[f"space {space.kind}{seed}", space.of or "", space.target] = _of(space)
    return rows


def _of(row: ControlRow | SpaceRow) -> Row:
    return {field.name: getattr(row, field.name) for field in fields(row)}


def _cell(place: Place, ours: Row | None, theirs: Row | None, tolerance: float) -> CellDiff | None:
    method, source, target = place
    if ours is None or theirs is None:
        only = "second" if ours is None else "first"
        return CellDiff(method=method, source=source, target=target, changed={}, only=only)
    changed = {
        name: (value, theirs[name])
        for name, value in ours.items()
        if name in theirs and not _alike(value, theirs[name], tolerance)
    }
    if not changed:
        return None
    apart = _apart(ours, theirs)
    return CellDiff(method=method, source=source, target=target, changed=changed, apart=apart)


def _alike(one: Any, other: Any, tolerance: float) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        both = math.isnan(one) and math.isnan(other)
        return both or math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance)
    return bool(one == other)


def _apart(ours: Row, theirs: Row) -> bool | None:
    found = [row.get(end) for row in (ours, theirs) for end in ("ci_low", "ci_high")]
    ends = [end for end in found if isinstance(end, float) and math.isfinite(end)]
    if len(ends) < 4:
        return None
    low, high, other_low, other_high = ends
    return high < other_low or other_high < low


def _columns(ours: Mapping[Place, Row], theirs: Mapping[Place, Row]) -> Iterator[FactDiff]:
    """Measures that one of both lacks."""
    mine, other = (dict.fromkeys(c for r in rows.values() for c in r) for rows in (ours, theirs))
    for name in dict.fromkeys([*mine, *other]):
        if (name in mine) != (name in other):
            first, second = (True if name in columns else None for columns in (mine, other))
            yield FactDiff(about="columns", name=name, first=first, second=second)


def _facts(first: StudyResults, second: StudyResults) -> Iterator[FactDiff]:
    for about, ours, theirs in zip(ABOUT, _said(first), _said(second), strict=True):
        for name, one, other in _unlike("", ours, theirs):
            yield FactDiff(about=about, name=name, first=one, second=other)


ABOUT = (
    "title", "networks", "methods", "fit images", "eval images", "settings", "warnings", "versions"
)  # fmt: skip


def _said(results: StudyResults) -> tuple[Any, ...]:
    networks = {
        n.name: {"source": n.source, "fingerprint": n.fingerprint} for n in results.networks
    }
    methods = {m.name: {"kind": m.kind or m.name, **m.options} for m in results.methods}
    # Networks, methods and images are told by themselves, and where things lie decides nothing.
    told = ("networks", "methods", "title", "out", "store")
    settings = {key: value for key, value in results.settings.items() if key not in told}
    images = (_images(results.fit_data), _images(results.eval_data))
    warnings = dict.fromkeys(results.warnings, True)
    found = (results.title, networks, methods, *images, settings, warnings, results.versions)
    plain: list[Any] = json.loads(json.dumps(found, default=str))
    return tuple(plain)


def _images(data: DataSummary) -> Row:
    return {
        "name": data.name,
        "fingerprint": data.fingerprint,
        "images": data.images,
        "rows": data.rows,
        "views": data.views,
        "left out": sorted(image.id for image in data.left_out),
    }


def _unlike(name: str, one: Any, other: Any) -> Iterator[tuple[str, Any, Any]]:
    """Path and both values wherever they differ; what one lacks is None there, as a whole."""
    pairs: list[tuple[object, Any, Any]] | None = None
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        pairs = [(key, one.get(key), other.get(key)) for key in dict.fromkeys([*one, *other])]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(i, *both) for i, both in enumerate(zip(one, other, strict=True))]
    if pairs is not None:
        for key, ours, theirs in pairs:
            yield from _unlike(f"{name}.{key}" if name else str(key), ours, theirs)
    elif one != other:
        yield name, one, other


def _none(_: str) -> None:
    return None
