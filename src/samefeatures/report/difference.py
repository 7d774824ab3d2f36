"""Two results side by side: what differs in their cells, intervals, images and settings."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from samefeatures.base.brief import brief
from samefeatures.base.options import check_number
from samefeatures.report.difference_rows import FOUND, Named, Place, Row, alike, named_rows
from samefeatures.study.results import DataSummary, StudyResults

ROUNDING = 1e-9
"""Relative difference that another order of sums may make."""

BESIDE = ("title", "warnings", "versions")
"""What facts are about that decide nothing: numbers may be the same all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactDiff:
    """A setting, a network, a method, a set of images, or a version.

    Attributes:
        about: ``settings``, ``networks``, ``methods``, ``fit images``, ``eval images`` and others;
            ``columns`` that one of both lacks.
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
    """A cell, or a row of another table, that is not the same in both.

    Attributes:
        method: Of the study, or which table: ``control …``, ``beyond …``, ``task …`` and others.
        source: Whose features, or what else the row is of.
        target: Whose head; empty where there is none.
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
        compared: Cells, and rows of other tables, that both have.
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

    Every table of the results is compared row by row: cells by method, source and target, others by
    the names in them. Numbers are the same where they differ by no more than ``tolerance``,
    relative to the larger one, or by less than 1e-12; of a tolerance of 0, and counts, only where
    they are equal.

    Args:
        first: The results to start from.
        second: The others.
        tolerance: From 0 to below 1.

    Raises:
        ConfigError: when the tolerance is none.
    """
    tolerance = check_number("tolerance", tolerance, zero=True, below=1.0)
    ours, theirs = ({r.place: r for r in named_rows(each)} for each in (first, second))
    lacking = _lacking(ours, theirs)
    cells = []
    for place in dict.fromkeys([*ours, *theirs]):
        found = _cell(ours.get(place), theirs.get(place), lacking, tolerance)
        if found is not None:
            cells.append(found)
    facts = (*_facts(first, second, tolerance), *lacking.values())
    compared = len(ours.keys() & theirs.keys())
    return ResultsDiff(facts=facts, cells=tuple(cells), compared=compared)


def _lacking(
    ours: Mapping[Place, Named], theirs: Mapping[Place, Named]
) -> dict[tuple[str, str], FactDiff]:
    """By table and name, columns that one of both lacks in all rows of a table that both have."""
    mine, other = _columns(ours), _columns(theirs)
    found = {}
    for table in mine.keys() & other.keys():
        for name in dict.fromkeys([*mine[table], *other[table]]):
            first, second = (True if name in has[table] else None for has in (mine, other))
            if first is not second:
                told = name if table == "cells" else f"{table}.{name}"
                fact = FactDiff(about="columns", name=told, first=first, second=second)
                found[table, name] = fact
    return found


def _columns(rows: Mapping[Place, Named]) -> dict[str, dict[str, None]]:
    found: dict[str, dict[str, None]] = {}
    for each in rows.values():
        found.setdefault(each.table, {}).update(dict.fromkeys(each.row))
    return found


def _cell(
    ours: Named | None,
    theirs: Named | None,
    lacking: Mapping[tuple[str, str], FactDiff],
    tolerance: float,
) -> CellDiff | None:
    known = ours or theirs
    assert known is not None
    method, source, target = known.place
    if ours is None or theirs is None:
        only = "second" if ours is None else "first"
        return CellDiff(method=method, source=source, target=target, changed={}, only=only)
    changed = {
        name: both
        for name in dict.fromkeys([*ours.row, *theirs.row])
        if (ours.table, name) not in lacking
        and not alike(*(both := (ours.row.get(name), theirs.row.get(name))), tolerance)
    }
    if not changed:
        return None
    apart = _apart(ours.row, theirs.row)
    return CellDiff(method=method, source=source, target=target, changed=changed, apart=apart)


def _apart(ours: Row, theirs: Row) -> bool | None:
    found = [row.get(end) for row in (ours, theirs) for end in ("ci_low", "ci_high")]
    ends = [end for end in found if isinstance(end, float) and math.isfinite(end)]
    if len(ends) < 4:
        return None
    low, high, other_low, other_high = ends
    return high < other_low or other_high < low


def _facts(first: StudyResults, second: StudyResults, tolerance: float) -> Iterator[FactDiff]:
    ours, theirs = _said(first), _said(second)
    for about in ours:
        for name, one, other in _unlike("", ours[about], theirs[about], tolerance):
            yield FactDiff(about=about, name=name, first=one, second=other)


def _said(results: StudyResults) -> dict[str, Any]:
    """By what it is about."""
    networks = {n.name: _without(asdict(n), "name", *FOUND) for n in results.networks}
    methods = {
        m.name: {"kind": m.kind or m.name, "uses": m.uses, **m.options} for m in results.methods
    }
    # Networks, methods and images are told by themselves, and where things lie decides nothing.
    told = ("networks", "methods", "title", "out", "store")
    found = {
        "title": results.title,
        "networks": networks,
        "methods": methods,
        "measures": {m.name: _without(asdict(m), "name") for m in results.measures},
        "fit images": _images(results.fit_data),
        "eval images": _images(results.eval_data),
        "class names": list(results.class_names),
        "settings": _without(results.settings, *told),
        "warnings": dict.fromkeys(results.warnings, True),
        "versions": results.versions,
    }
    plain: dict[str, Any] = json.loads(json.dumps(found, default=str))
    return plain


def _without(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def _images(data: DataSummary) -> Row:
    return {**asdict(data), "left_out": {image.id: image.reason for image in data.left_out}}


def _unlike(name: str, one: Any, other: Any, tolerance: float) -> Iterator[tuple[str, Any, Any]]:
    """Path and both values wherever they differ; what one lacks is None there, as a whole."""
    pairs: list[tuple[object, Any, Any]] | None = None
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        pairs = [(key, one.get(key), other.get(key)) for key in dict.fromkeys([*one, *other])]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(i, *both) for i, both in enumerate(zip(one, other, strict=True))]
    if pairs is not None:
        for key, ours, theirs in pairs:
            yield from _unlike(f"{name}.{key}" if name else str(key), ours, theirs, tolerance)
    elif not alike(one, other, tolerance):
        yield name, one, other


def _none(_: str) -> None:
    return None
