"""Result tables on disk: CSV, Parquet and JSON through Arrow."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from arro3.core import Array, DataType, Table
from arro3.io import write_csv, write_json, write_parquet

from samefeatures.base.files import write_whole
from samefeatures.study.results import (
    AnswersRow,
    BeyondRow,
    CanonicalPair,
    CanonicalResults,
    Cell,
    ControlRow,
    Controls,
    MapSpectrum,
    RankRow,
    Ranks,
    SpaceRow,
    SpaceSpectrum,
    SpectraSummary,
    TaskResults,
)
from samefeatures.study.results.cell import columns_of

Column = npt.NDArray[np.integer]
SPECTRA = ("spectra", "map_spectra")
_TYPES = {str: DataType.utf8(), int: DataType.int64(), float: DataType.float64()}


def write_cells(cells: Sequence[Cell], folder: Path) -> list[Path]:
    """Write ``results.csv``, ``results.parquet`` and ``results.json`` (a list of records)."""
    columns = columns_of(cells)
    writers: dict[str, Any] = {"csv": write_csv, "parquet": write_parquet, "json": write_json}
    return [write_table(w, columns, folder / f"results.{end}") for end, w in writers.items()]


def write_controls(controls: Controls, folder: Path) -> list[Path]:
    """Write ``controls.csv``, and with control spaces ``spaces.csv``, ``answers.csv`` and
    ``beyond.csv``: one row per record, one column per field."""
    spaces = controls.spaces
    tables: dict[str, tuple[type, Sequence[Any]]] = {
        "controls": (ControlRow, controls.rows),
        "spaces": (SpaceRow, spaces.rows),
        "answers": (AnswersRow, spaces.answers),
        "beyond": (BeyondRow, spaces.beyond),
    }
    return [
        write_table(write_csv, _columns(kind, rows), folder / f"{name}.csv")
        for name, (kind, rows) in tables.items()
        if rows
    ]


def write_canonical(canonical: CanonicalResults, folder: Path) -> list[Path]:
    """Write ``canonical.csv``, a row for each k and pair, and ``directions.csv``, one for each
    direction."""
    directions: dict[str, Sequence[Any]] = {
        "direction": list(range(1, len(canonical.shared) + 1)),
        "shared": canonical.shared,
        "shared_held_out": canonical.held_out,
    }
    if canonical.answers:
        directions["told_by_answers"] = canonical.answers
    tables: dict[str, Mapping[str, Sequence[Any]]] = {
        "canonical": _columns(CanonicalPair, canonical.pairs),
        "directions": directions,
    }
    return [write_table(write_csv, t, folder / f"{name}.csv") for name, t in tables.items()]


def _columns(kind: type, rows: Sequence[Any]) -> dict[str, list[Any]]:
    """By field; one that holds measures by name is a column for each."""
    out: dict[str, list[Any]] = {}
    for name in (field.name for field in fields(kind)):
        values = [getattr(row, name) for row in rows]
        if isinstance(values[0], Mapping):
            out |= {key: [value[key] for value in values] for key in values[0]}
        else:
            out[name] = values
    return out


def write_tasks(tasks: Sequence[TaskResults], path: Path) -> Path:
    """Write ``tasks.csv``: one row per task, method, source and target, then answers alone."""
    rows = [row for task in tasks for row in task.table]
    return write_table(write_csv, {name: [row[name] for row in rows] for name in rows[0]}, path)


def write_ranks(ranks: Ranks, path: Path) -> Path:
    """Write ``ranks.csv``: one row per pair and rank."""
    return write_table(write_csv, _columns(RankRow, ranks.rows), path)


def write_spectra(spectra: SpectraSummary, folder: Path) -> list[Path]:
    """Write ``spectra.csv``, one row per network, and ``map_spectra.csv``, one row per map."""
    tables = dict(zip(SPECTRA, (spectra.spaces, spectra.maps), strict=True))
    found = []
    for name, rows in ((name, rows) for name, rows in tables.items() if rows):
        kind = SpaceSpectrum if name == "spectra" else MapSpectrum
        columns = {k: v for k, v in _columns(kind, rows).items() if k not in ("at", "shares")}
        found.append(write_table(write_csv, columns, folder / f"{name}.csv"))
    return found


def write_table(
    writer: Callable[..., object], columns: Mapping[str, Sequence[Any] | Column], path: Path
) -> Path:
    """Write columns, (n,) arrays or lists of n, with one of Arrow's writers, whole or not at all.

    A list holds text, integers or floats, and None where there is no value.
    """
    table: dict[str, Any] = {}
    for name, values in columns.items():
        if isinstance(values, np.ndarray):
            table[name] = Array.from_numpy(np.ascontiguousarray(values))
        else:
            kind = next((type(value) for value in values if value is not None), float)
            table[name] = Array(values, type=_TYPES[kind])
    # By way of memory: a full disk is an OSError only where Python itself writes.
    packed = io.BytesIO()
    writer(Table.from_pydict(table), packed)
    write_whole(path, packed.getvalue())
    return path
