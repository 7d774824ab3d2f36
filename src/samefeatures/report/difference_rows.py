"""Results as rows with names: every table and every record in them, those of later versions too."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import lru_cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from samefeatures.study.results import StudyResults

Row = Mapping[str, Any]
Place = tuple[str, str, str]

FACTS = (
    "title", "networks", "methods", "measures", "fit_data", "eval_data", "class_names", "settings",
    "warnings", "versions",
)  # fmt: skip
"""Fields of the results that are no numbers: they are compared as facts."""

FOUND = ("top1", "top5", "effect")
"""What was found of a network, beside what it is."""

LABELS = {
    "cells": "", "controls.rows": "control", "controls.spaces.rows": "space",
    "controls.spaces.beyond": "beyond", "controls.spaces.answers": "answers",
    "controls.spaces": "spaces", "fits": "fit", "classes": "class", "curves": "curve",
    "tasks": "task", "tasks.cells": "",
}  # fmt: skip
"""What tables are called where that is not their path."""

OF = ("source", "of", "network", "label")
"""Fields that say what a row is of; the first that it has."""

NOTHING = 1e-12
"""What another order of sums may make of nothing, where no relative difference says it."""

TEXTS = (str, str | None)

Kind = Literal["table", "mapping", "record", "value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A row of a table.

    Attributes:
        table: Path of the table, e.g. ``controls.spaces.beyond``.
        place: Label, source and target, unlike those of any other row.
        row: Values by column.
    """

    table: str
    place: Place
    row: Row


def named_rows(results: StudyResults) -> list[Named]:
    """Everything that was found: a row an entry of every table, and one a record without a table.

    A table is a tuple or a mapping of records, wherever it stands; its rows are known by the names
    in them: by ``name``, else by all texts that have no default, and a seed. Where that leaves some
    alike, they are numbered in their order.
    """
    rows = [Named(table="networks", place=("network", n.name, ""), row=_found(n)) for n in
            results.networks]  # fmt: skip
    for each in fields(results):
        if each.name not in FACTS:
            rows += _walk(getattr(results, each.name), type(results), each, each.name, "")
    taken: dict[Place, int] = {}
    out = []
    for named in rows:
        taken[named.place] = count = taken.get(named.place, 0) + 1
        label, source, target = named.place
        label = label if count == 1 else f"{label} ({count})"
        out.append(Named(table=named.table, place=(label, source, target), row=named.row))
    return out


def _found(record: Any) -> Row:
    return dict(_columns({name: getattr(record, name) for name in FOUND}))


def _walk(value: Any, of: type, field: Field[Any], path: str, above: str) -> Iterator[Named]:
    """Rows of a field: of each record in it, and of the tables in these."""
    kind, _ = _kind(of, field.name)
    label = LABELS.get(path, path.rpartition(".")[2] if above else path.replace(".", " "))
    if kind == "table":
        for record in value:
            yield from _record(record, path, _join(above, label), bool(above), keyed=True)
    elif kind == "mapping":
        for name, record in value.items():
            named = _join(above, f"{label} {name}")
            yield from _record(record, path, named, True, keyed=True)
    elif kind == "record" and value is not None:
        yield from _record(value, path, _join(above, label), bool(above), keyed=False)
    elif kind == "value":  # of the results themselves
        yield Named(table=path, place=(label, "", ""), row=dict(_columns({field.name: value})))


def _record(record: Any, path: str, label: str, named: bool, *, keyed: bool) -> Iterator[Named]:
    """Its own row, then those of the tables in it; ``named`` where there are names in the label."""
    names = _names(record) if keyed else {}
    of = next((name for name in OF if name in names), "")
    rest = [text for name in names if name not in (of, "target") and (text := _text(names[name]))]
    front = [f"{label} {rest[0]}".strip(), *rest[1:]] if rest and not named else [label, *rest]
    place = (", ".join(filter(None, front)), _text(names.get(of)), _text(names.get("target")))
    inner, row = [], dict[str, Any]()
    for each in fields(record):
        value, (kind, of_kind) = getattr(record, each.name), _kind(type(record), each.name)
        if kind in ("table", "mapping") or (kind == "record" and not keyed):
            inner.append((value, each))
        elif kind == "record":  # a part of its row
            parts = {f.name: getattr(value, f.name, None) for f in fields(of_kind)}
            own = {f.name for f in fields(record)}
            row.update(_columns({f"{each.name}.{n}" if n in own else n: parts[n] for n in parts}))
        else:
            row.update(_columns({each.name: value}))
    if row:
        yield Named(table=path, place=place, row=row)
    for value, each in inner:
        yield from _walk(
            value, type(record), each, f"{path}.{each.name}", place[0] if keyed else ""
        )


def _text(name: object) -> str:
    return "" if name is None else str(name)


def _join(above: str, label: str) -> str:
    return ", ".join(filter(None, (above, label)))


def _names(record: Any) -> dict[str, Any]:
    """What tells a row from the others of its table."""
    for alone in ("name", "id"):
        if hasattr(record, alone):
            return {alone: getattr(record, alone)}
    of: Any = type(record)
    hints = _hints(of)
    texts = [f.name for f in fields(record) if f.default is MISSING and hints[f.name] in TEXTS]
    found = {name: getattr(record, name) for name in texts}
    if hasattr(record, "label"):  # a class
        found["label"] = record.label
    if getattr(record, "seed", 0):
        found["seed"] = record.seed
    return found


def _columns(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """A mapping is a column a key; those of measures are called as they are."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            front = "" if name == "measures" else f"{name}."
            yield from ((f"{front}{key}", entry) for key, entry in value.items())
        else:
            yield name, value


def _kind(of: type, name: str) -> tuple[Kind, Any]:
    """Whether a field is a table or a record, and of what, as its type says."""
    hint = _hints(of)[name]
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    for option in options:
        if is_dataclass(option):
            return "record", option
        inner = get_args(option)
        if get_origin(option) is tuple and is_dataclass(inner[0]):
            return "table", inner[0]
        if get_origin(option) is Mapping and is_dataclass(inner[1]):
            return "mapping", inner[1]
    return "value", None


@lru_cache
def _hints(of: Any) -> dict[str, Any]:
    return get_type_hints(of)


def alike(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two values of a row are the same: numbers up to a relative tolerance."""
    if isinstance(one, float) and isinstance(other, float):
        both = math.isnan(one) and math.isnan(other)
        nothing = NOTHING if tolerance else 0.0
        return both or math.isclose(one, other, rel_tol=tolerance, abs_tol=nothing)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        same = one.keys() == other.keys()
        return same and all(alike(one[key], other[key], tolerance) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        same = len(one) == len(other)
        return same and all(alike(a, b, tolerance) for a, b in zip(one, other, strict=False))
    return bool(one == other)
