"""The record of a whole study, and its file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from samefeatures.base.border import border
from samefeatures.base.brief import brief
from samefeatures.base.drawn import Drawn
from samefeatures.base.errors import FileError, NoFileError, StoreError, UnknownNameError
from samefeatures.base.options import check_known
from samefeatures.base.paths import PathLike, as_path
from samefeatures.base.records import record
from samefeatures.base.sealed import read_sealed, write_sealed
from samefeatures.base.strict import check_name
from samefeatures.scores.medians import median
from samefeatures.study.results.by_rows import ByRows
from samefeatures.study.results.canonical import CanonicalResults
from samefeatures.study.results.cell import Cell, columns_of
from samefeatures.study.results.controls import Controls
from samefeatures.study.results.frames import pandas_frame, polars_frame
from samefeatures.study.results.ranks import Ranks
from samefeatures.study.results.spectra import SpectraSummary
from samefeatures.study.results.summaries import (
    ClassChange,
    CurveSummary,
    DataSummary,
    FitSummary,
    MeasureSummary,
    MethodSummary,
    NetworkSummary,
)
from samefeatures.study.results.table import Table
from samefeatures.study.results.tasks import TaskResults

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResults(Drawn):
    """A whole study.

    Attributes:
        cells: Every method's N x N cells, diagonals included.
        classes: Per method the classes that gain most, then those that lose most.
        measures: Of the cells, in the order of their columns.
        controls: Where the study asks for them.
        canonical: How many dimensions the networks share, where the study asks for it.
        class_names: By index; empty where the study names none.
        tasks: Questions that no network was trained on, in the order of the study.
        ranks: Maps of every rank, where the study asks for them.
        by_rows: How many images, where the study asks for it.
        spectra: Dimensions that spaces fill and maps let through, likewise.
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
    ranks: Ranks | None = None
    by_rows: ByRows | None = None
    spectra: SpectraSummary | None = None
    canonical: CanonicalResults | None = None

    def __repr__(self) -> str:
        return brief(
            self,
            title=self.title,
            networks=[network.name for network in self.networks],
            methods=[method.name for method in self.methods],
            cells=len(self.cells),
            eval_rows=self.eval_data.rows,
            warnings=len(self.warnings),
        )

    def table(self, method: str) -> Table:
        """Cells of one method by (source, target).

        Raises:
            UnknownNameError: when the study has no such method.
        """
        methods = dict.fromkeys([*(m.name for m in self.methods), *(c.method for c in self.cells)])
        check_known(method, methods, "This study has no method", UnknownNameError)
        return Table(
            method=method,
            names=tuple(network.name for network in self.networks),
            cells={(c.source, c.target): c for c in self.cells if c.method == method},
            measures=self.measures,
        )

    def find(self, method: str, source: str, target: str) -> Cell | None:
        """A cell; None where there is no such method or network, or it was not scored."""
        wanted = (method, source, target)
        return next((c for c in self.cells if (c.method, c.source, c.target) == wanted), None)

    def to_pandas(self) -> pd.DataFrame:
        """All cells as a pandas frame: a row each, with the columns and types of ``results.csv``.

        Raises:
            MissingExtraError: without pandas.
        """
        return pandas_frame(columns_of(self.cells))

    def to_polars(self) -> pl.DataFrame:
        """All cells as a polars frame: a row each, with the columns and types of ``results.csv``.

        Raises:
            MissingExtraError: without polars.
        """
        return polars_frame(columns_of(self.cells))

    def class_name(self, label: int) -> str:
        """``5``, or ``5 sandal`` where the classes have names."""
        return f"{label} {self.class_names[label]}" if self.class_names else str(label)

    def median_change(self, method: str, *, over: str) -> float:
        """Median ``change_vs_source_pct``: ``over="maps"`` leaves the diagonal out, as is sound;
        ``over="cells"`` counts its zeros too, as the thesis did. Of what is known: sources without
        a head, and cells in which nothing was counted, have no change; NaN where none is known.

        Raises:
            UnknownNameError: when the study has no such method.
        """
        if over not in ("maps", "cells"):
            raise ValueError(f"over is {over!r}; it must be 'maps' or 'cells'.")
        return median(
            cell.change_vs_source_pct
            for cell in self.table(method).values()
            if over == "cells" or cell.source != cell.target
        )

    def check(self) -> None:
        """Refuse what no study can have found; files of earlier versions have no checksum.

        Raises:
            ValueError: naming the cell, or the name that can't be part of a path.
        """
        if not self.cells:
            raise ValueError("it has no cells")
        names = {network.name for network in self.networks}
        for name in [*names, *(m.name for m in self.methods), *(c.method for c in self.cells)]:
            check_name(name, "the name")
        for cell in self.cells:
            place = f"{cell.method}, {cell.source} → {cell.target}"
            if not names >= {cell.source, cell.target}:
                raise ValueError(f"{place}: there is no such network")
            correct, five = cell.correct, cell.correct_top5
            if correct is None or five is None:
                if not (correct is five and math.isnan(cell.top1)):
                    raise ValueError(f"{place}: {cell.top1} % right, and nothing was counted")
                continue
            if not 0 <= correct <= five <= cell.n or cell.n < 1:
                raise ValueError(f"{place}: {correct} right of {cell.n}")
            if not math.isclose(cell.top1, 100 * correct / cell.n, rel_tol=1e-9):
                raise ValueError(f"{place}: {correct} of {cell.n} are not {cell.top1} %")

    def save(self, path: PathLike) -> None:
        """Write as JSON."""
        plain = {**asdict(self), "cells": [cell.row for cell in self.cells]}
        write_sealed(as_path(path), json.loads(json.dumps(plain, default=str)))

    @classmethod
    def load(cls, path: PathLike) -> StudyResults:
        """Read what ``save`` wrote.

        Raises:
            StoreError: when the file is missing or is not such a file.
        """
        path = as_path(path)
        try:
            with border():
                raw = _completed(read_sealed(path))
                cells = tuple(Cell.parse(row) for row in raw["cells"])
                found = replace(record(cls, {**raw, "cells": []}), cells=cells)
                found.check()
                return found
        except NoFileError:
            raise StoreError(
                f"There are no results at {path}. Run the study first: samefeatures run"
            ) from None
        except FileError as error:
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
