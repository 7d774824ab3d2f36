"""What ``samefeatures run --json`` and ``report --json`` print: a study in short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from samefeatures.base.numbers import finite_or_none
from samefeatures.report.grid import Grid, grids
from samefeatures.report.judged import judged
from samefeatures.report.level import baseline, chance
from samefeatures.report.sentences import sentences
from samefeatures.report.summary import numbers
from samefeatures.study.results import NetworkSummary, StudyResults


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkLine:
    """A network with its own head.

    Attributes:
        name: Short name.
        source: Source string.
        features: Dimensions.
        classes: Of its head; None where it has none.
        top1: Percent; None where it is not known.
        top5: Percent; None where it is not known.
        hardly_above_chance: Whether sentences leave it out for that.
    """

    name: str
    source: str
    features: int
    classes: int | None
    top1: float | None
    top5: float | None
    hardly_above_chance: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodLine:
    """A method over its maps; numbers are None where there is nothing to take them of.

    Attributes:
        name: Its label in the study.
        label: With its options.
        kind: What it is.
        maps: Hybrids that were scored.
        judged: Of these, between two networks above chance.
        median_change_pct: Median percent change against the source's own top-1, over all maps.
        least_change_pct: The least of them.
        greatest_change_pct: The greatest of them.
        median_loss_points: Median points below the target's own top-1.
        median_agreement_pct: Median percent of images on which hybrid and target agree.
        median_r2: Median R² of mapped against true features.
        better_than_target: Hybrids above the target's own top-1.
        median_lost_pct: Over ``judged``: percent lost of what the weaker network has above chance.
    """

    name: str
    label: str
    kind: str
    maps: int
    judged: int
    median_change_pct: float | None
    least_change_pct: float | None
    greatest_change_pct: float | None
    median_loss_points: float | None
    median_agreement_pct: float | None
    median_r2: float | None
    better_than_target: int
    median_lost_pct: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsRecord:
    """A scored study. ``format`` is raised when a field changes its meaning or goes away.

    Attributes:
        title: Of the study.
        out: Its folder.
        files: Paths by what they are: ``page``, ``tables``, ``cells``, ``record``.
        fit_rows: Rows that maps were fitted on.
        eval_images: Images that hybrids were scored on.
        chance_pct: Of a uniform guess; None where no network has a head.
        baseline_pct: Of a guess, or of always naming the most frequent class, whichever is more.
        networks: In the order of the study.
        methods: In the order of the study.
        sentences: To take away.
        warnings: What a reader of the numbers should know.
    """

    format: Literal[1] = 1
    title: str
    out: str
    files: Mapping[str, str]
    fit_rows: int
    eval_images: int
    chance_pct: float | None
    baseline_pct: float | None
    networks: tuple[NetworkLine, ...]
    methods: tuple[MethodLine, ...]
    sentences: tuple[str, ...]
    warnings: tuple[str, ...]


def results_record(results: StudyResults, folder: Path, paths: Sequence[Path]) -> ResultsRecord:
    """Of a study in ``folder``, whose report is ``paths``."""
    named = {path.name: str(path) for path in paths}
    tables = grids(results)
    idle = {name for grid in tables for name in judged(grid).idle}
    return ResultsRecord(
        title=results.title,
        out=str(folder),
        files={
            "page": named["report.html"],
            "tables": named["tables.md"],
            "cells": str(folder / "results.csv"),
            "record": str(folder / "study.json"),
        },
        fit_rows=results.fit_data.rows,
        eval_images=results.eval_data.rows,
        chance_pct=finite_or_none(chance(results)),
        baseline_pct=finite_or_none(baseline(results)),
        networks=tuple(_network(net, idle=net.name in idle) for net in results.networks),
        methods=tuple(map(_method, tables)),
        sentences=sentences(results),
        warnings=results.warnings,
    )


def _network(network: NetworkSummary, *, idle: bool) -> NetworkLine:
    return NetworkLine(
        name=network.name,
        source=network.source,
        features=network.feature_dim,
        classes=network.classes,
        top1=finite_or_none(network.top1),
        top5=finite_or_none(network.top5),
        hardly_above_chance=idle,
    )


def _method(grid: Grid) -> MethodLine:
    found, sorted_out = numbers(grid), judged(grid)
    return MethodLine(
        name=grid.method,
        label=grid.label,
        kind=grid.kind,
        maps=found.hybrids,
        judged=len(sorted_out.cells),
        median_change_pct=finite_or_none(found.change_over_maps),
        least_change_pct=finite_or_none(found.smallest),
        greatest_change_pct=finite_or_none(found.largest),
        median_loss_points=finite_or_none(found.loss),
        median_agreement_pct=finite_or_none(found.agreement),
        median_r2=finite_or_none(found.r2),
        better_than_target=found.beat,
        median_lost_pct=finite_or_none(sorted_out.lost),
    )
