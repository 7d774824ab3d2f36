"""The record of a whole study, and its file."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from samefeatures.base.errors import StoreError
from samefeatures.base.files import write_whole
from samefeatures.base.records import record
from samefeatures.study.results.cell import Cell
from samefeatures.study.results.controls import Controls
from samefeatures.study.results.summaries import (
    ClassChange,
    CurveSummary,
    DataSummary,
    FitSummary,
    MeasureSummary,
    MethodSummary,
    NetworkSummary,
)
from samefeatures.study.results.tasks import TaskResults


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResults:
    """A whole study.

    Attributes:
        cells: Every method's N x N cells, diagonals included.
        classes: Per method the classes that gain most, then those that lose most.
        measures: Of the cells, in the order of their columns.
        controls: Where the study asks for them.
        class_names: By index; empty where the study names none.
        tasks: Questions that no network was trained on, in the order of the study.
    """

    title: str
    networks: tuple[NetworkSummary, ...]
    methods: tuple[MethodSummary, ...]
    cells: tuple[Cell, ...]
    fits: tuple[FitSummary, ...]
    fit_data: DataSummary
    eval_data: DataSummary
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    measures: tuple[MeasureSummary, ...] = ()
    classes: tuple[ClassChange, ...] = ()
    class_names: tuple[str, ...] = ()
    controls: Controls | None = None
    warnings: tuple[str, ...] = ()
    curves: tuple[CurveSummary, ...] = ()
    tasks: tuple[TaskResults, ...] = ()

    def table(self, method: str) -> dict[tuple[str, str], Cell]:
        """Cells of one method by (source, target)."""
        return {(c.source, c.target): c for c in self.cells if c.method == method}

    def class_name(self, label: int) -> str:
        """``5``, or ``5 sandal`` where the classes have names."""
        return f"{label} {self.class_names[label]}" if self.class_names else str(label)

    def median_change(self, method: str, *, over: str) -> float:
        """Median ``change_vs_source_pct``: ``over="maps"`` leaves the diagonal out, as is sound;
        ``over="cells"`` counts its zeros too, as the thesis did."""
        if over not in ("maps", "cells"):
            raise ValueError(f"over is {over!r}; it must be 'maps' or 'cells'.")
        return statistics.median(
            c.change_vs_source_pct
            for c in self.cells
            if c.method == method and (over == "cells" or c.source != c.target)
        )

    def save(self, path: Path) -> None:
        """Write as JSON."""
        plain = {**asdict(self), "cells": [cell.row for cell in self.cells]}
        write_whole(path, (json.dumps(plain, indent=1, default=str) + "\n").encode())

    @classmethod
    def load(cls, path: Path) -> StudyResults:
        """Read what ``save`` wrote.

        Raises:
            StoreError: when the file is missing or is not such a file.
        """
        try:
            raw = _completed(json.loads(path.read_text()))
            cells = tuple(Cell.parse(row) for row in raw["cells"])
            return record(cls, {**raw, "cells": cells})
        except FileNotFoundError:
            raise StoreError(
                f"There are no results at {path}. Run the study first: samefeatures run"
            ) from None
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{path} is not a results file of this version ({error}). Score the study again: "
                "samefeatures score"
            ) from None


def _completed(raw: dict[str, Any]) -> dict[str, Any]:
    """With what earlier versions left out, as methods and measures say it themselves."""
    if "measures" in raw:
        return raw
    from samefeatures.maps import METHODS
    from samefeatures.similarity import MEASURES

    kinds = [method.get("kind") or method["name"] for method in raw["methods"]]
    uses = [METHODS.get(k).uses if k in METHODS.names else "images" for k in kinds]
    methods = [{**m, "uses": u} for m, u in zip(raw["methods"], uses, strict=True)]
    measures = [asdict(MeasureSummary.of(MEASURES.get(name))) for name in ("r2", "cosine")]
    return {**raw, "methods": methods, "measures": measures}
