"""Frozen records of what a study found: all that the report knows."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from samefeatures.base.errors import StoreError
from samefeatures.base.files import write_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One hybrid on the eval set: a row of ``results.csv``. Percents run from 0 to 100.

    Attributes:
        method: The map's method; on the diagonal the unmapped network, whatever the method.
        source: Whose features.
        target: Whose head.
        n: Eval images scored.
        correct: Images whose label has the largest logit.
        top1: ``100 * correct / n``.
        correct_top5: Images whose label is among the five largest logits.
        top5: ``100 * correct_top5 / n``.
        source_top1: The source's own top-1.
        target_top1: The target's own top-1.
        change_vs_source_pct: ``100 * (top1 - source_top1) / source_top1`` (thesis, Table 5.2).
        loss_vs_target_points: ``target_top1 - top1``; negative is a gain (paper, Table 1).
        agreement: Percent of eval images where hybrid and target network predict the same class.
        r2: 1 - residual / total sum of squares of mapped against true target features.
        cosine: Cosine between mapped and true target features, all images as one vector.
        ci_low: Lower end of the 95 % Wilson interval of ``top1``, in percent.
        ci_high: Its upper end.
        p_vs_target: Exact McNemar test that hybrid and target network are equally often right, on
            the same images; corrected by Holm over the N(N-1) hybrids of the method.
        p_vs_source: The same against the source network.
        p_vs_target_raw: Before the correction.
        p_vs_source_raw: Before the correction.
        fixed: Images that the target network gets wrong and the hybrid right.
        broken: Images that the target network gets right and the hybrid wrong.
    """

    method: str
    source: str
    target: str
    n: int
    correct: int
    top1: float
    correct_top5: int
    top5: float
    source_top1: float
    target_top1: float
    change_vs_source_pct: float
    loss_vs_target_points: float
    agreement: float
    r2: float
    cosine: float
    ci_low: float
    ci_high: float
    p_vs_target: float
    p_vs_source: float
    p_vs_target_raw: float
    p_vs_source_raw: float
    fixed: int
    broken: int


CELL_COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(Cell))


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSummary:
    """A row of Table 5.1 for one network of the study."""

    name: str
    source: str
    feature_dim: int
    classes: int
    parameters: int | None
    preprocessing: Mapping[str, Any] | None
    fingerprint: str
    top1: float
    top5: float
    effect: Mapping[str, Any] | None = None
    """What mixed precision or compilation changes in its features; fields of ``Effect``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodSummary:
    """A method and its options, e.g. ``ridge`` with ``alpha``.

    Attributes:
        name: Its label in the study; the cells carry it.
        options: By name.
        kind: The method itself, where the label is another word; else None.
    """

    name: str
    options: Mapping[str, Any]
    kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FitSummary:
    """What the solver said of one map.

    Attributes:
        rank: Rank of the matrix that was inverted.
        full_rank: What the rank would have to be.
        condition: Its condition number, as the method defines it.
        note: One sentence where something needs saying, else empty.
        steps: Passes or batches of an iterative fit.
        loss: What an iterative fit ended with.
    """

    method: str
    source: str
    target: str
    rank: int | None = None
    full_rank: int | None = None
    condition: float | None = None
    note: str = ""
    steps: int | None = None
    loss: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassChange:
    """A class that gains or loses much under the maps of a method.

    Attributes:
        label: Class index.
        n: Eval images of the class.
        change_points: Mean over the maps of the hybrid's accuracy on the class minus the target
            network's, in points.
        maps_gaining: Maps under which more images of the class are right than in the target.
        maps_losing: Maps under which fewer are.
        maps: All maps of the method.
    """

    method: str
    label: int
    n: int
    change_points: float
    maps_gaining: int
    maps_losing: int
    maps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlRow:
    """One hybrid of a control.

    Attributes:
        control: ``ols`` (the real maps, to compare with), ``naive``, ``shuffled pairs``,
            ``random weights``, ``onto logits`` or ``fit set``.
        source: Whose features, or whose architecture.
        target: Whose head.
        n: Rows scored: eval images, or fit rows.
        correct: Right predictions; None where the rows have no labels.
        top1: Percent; None where the rows have no labels.
        ci_low: Lower end of its 95 % Wilson interval.
        ci_high: Its upper end.
        agreement: Percent of rows where hybrid and target network predict the same class.
    """

    control: str
    source: str
    target: str
    n: int
    correct: int | None
    top1: float | None
    ci_low: float | None
    ci_high: float | None
    agreement: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """Controls of the maps out of one source, by least squares.

    Attributes:
        source: The first network of the study.
        seed: Of the permutation and of the random weights.
        rows: One per control and target.
        logit_predictions_differing: Predictions over all targets in which OLS onto the target's
            logits and OLS onto its features followed by its head are not the same.
        logit_difference: Largest difference of their logits, relative to the largest logit.
        left_out: Why a control could not be taken, by its name.
    """

    source: str
    seed: int
    rows: tuple[ControlRow, ...]
    logit_predictions_differing: int
    logit_difference: float
    left_out: Mapping[str, str]

    @classmethod
    def parse(cls, raw: dict[str, Any]) -> Controls:
        """From what ``asdict`` made, by way of JSON."""
        return cls(**{**raw, "rows": tuple(ControlRow(**row) for row in raw["rows"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An image that could not be read, and why."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveSummary:
    """The loss of an iterative fit, thinned out.

    Attributes:
        unit: What a step is: ``batch`` or ``pass``.
        at: Numbers of steps, from 1.
        loss: Mean loss over the steps after the number before, up to this one.
    """

    method: str
    source: str
    target: str
    unit: str
    at: tuple[int, ...]
    loss: tuple[float, ...]

    @classmethod
    def parse(cls, raw: dict[str, Any]) -> CurveSummary:
        """From what ``asdict`` made, by way of JSON."""
        return cls(**{**raw, "at": tuple(raw["at"]), "loss": tuple(raw["loss"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSummary:
    """An image set of the study.

    Attributes:
        images: Images listed.
        rows: Feature rows used: images that could be read times views.
        views: Random crops per image, or None for the plain centre crop.
    """

    name: str
    images: int
    rows: int
    fingerprint: str
    views: Mapping[str, Any] | None = None
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResults:
    """A whole study.

    Attributes:
        cells: Every method's N x N cells, diagonals included.
        classes: Per method the classes that gain most, then those that lose most.
        controls: Where the study asks for them.
        class_names: By index; empty where the study names none.
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
    classes: tuple[ClassChange, ...] = ()
    class_names: tuple[str, ...] = ()
    controls: Controls | None = None
    warnings: tuple[str, ...] = ()
    curves: tuple[CurveSummary, ...] = ()

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
        write_whole(path, (json.dumps(asdict(self), indent=1, default=str) + "\n").encode())

    @classmethod
    def load(cls, path: Path) -> StudyResults:
        """Read what ``save`` wrote.

        Raises:
            StoreError: when the file is missing or is not such a file.
        """
        try:
            raw = json.loads(path.read_text())
            return cls(
                title=raw["title"],
                networks=tuple(NetworkSummary(**r) for r in raw["networks"]),
                methods=tuple(MethodSummary(**r) for r in raw["methods"]),
                cells=tuple(Cell(**r) for r in raw["cells"]),
                fits=tuple(FitSummary(**r) for r in raw["fits"]),
                fit_data=_data_summary(raw["fit_data"]),
                eval_data=_data_summary(raw["eval_data"]),
                settings=raw["settings"],
                versions=raw["versions"],
                classes=tuple(ClassChange(**r) for r in raw["classes"]),
                class_names=tuple(raw["class_names"]),
                controls=Controls.parse(raw["controls"]) if raw["controls"] else None,
                warnings=tuple(raw["warnings"]),
                curves=tuple(CurveSummary.parse(r) for r in raw["curves"]),
            )
        except FileNotFoundError:
            raise StoreError(
                f"There are no results at {path}. Run the study first: samefeatures run"
            ) from None
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{path} is not a results file of this version ({error}). Score the study again: "
                "samefeatures score"
            ) from None


def _data_summary(raw: dict[str, Any]) -> DataSummary:
    return DataSummary(**{**raw, "left_out": tuple(LeftOut(**r) for r in raw["left_out"])})
