"""The record of a scored study, its tables and predictions: made of its findings, and written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from arro3.io import write_csv

from samefeatures.base.files import writing
from samefeatures.base.removal import remove
from samefeatures.similarity import MEASURES
from samefeatures.study.beyond_columns import column_summaries, with_columns
from samefeatures.study.by_rows.medians import Tables, followed, table_rows
from samefeatures.study.cells import cells_of
from samefeatures.study.classes import ClassCounts, class_changes, count_classes, write_classes
from samefeatures.study.config import StudyConfig
from samefeatures.study.inputs import StudyInputs
from samefeatures.study.label_warnings import label_warnings
from samefeatures.study.measuring import Measuring
from samefeatures.study.predictions import write_predictions
from samefeatures.study.results import (
    CanonicalResults,
    Controls,
    DataSummary,
    MeasureSummary,
    Ranks,
    SpaceFindings,
    SpectraSummary,
    StudyResults,
    TaskResults,
)
from samefeatures.study.scoring import Scored
from samefeatures.study.sides import Side
from samefeatures.study.summaries import (
    fit_warnings,
    image_warnings,
    method_summary,
    network_summary,
    settings_of,
    shared_warnings,
    versions_summary,
)
from samefeatures.study.tables import (
    SPECTRA,
    write_canonical,
    write_cells,
    write_controls,
    write_ranks,
    write_spectra,
    write_table,
    write_tasks,
)


def write_results(
    config: StudyConfig,
    inputs: StudyInputs,
    scored: Scored,
    *,
    measuring: Measuring,
    fit_data: DataSummary,
    evaluation: Side,
    controls: Controls | None,
    tasks: tuple[TaskResults, ...] = (),
    ranks: Ranks | None = None,
    by_rows: Tables | None = None,
    spectra: SpectraSummary | None = None,
    canonical: CanonicalResults | None = None,
    shared: int,
    folder: Path,
) -> StudyResults:
    """The record of a scored study, its tables and predictions, all written.

    Args:
        config: Its settings.
        inputs: Its networks, and the names of its classes.
        scored: All scores.
        measuring: Took what is measured, in the order of the columns.
        fit_data: What maps were fitted on.
        evaluation: What hybrids were scored on.
        controls: Where the study asks for them.
        tasks: Those that the study asks.
        ranks: Maps of every rank, where the study asks for them.
        by_rows: Tables of maps of fewer rows, where the study asks for them.
        spectra: Of all spaces and maps, where it asks for them.
        canonical: What the networks share, where the study asks for it.
        shared: Eval images that are fit images too.
        folder: Of the study.

    Raises:
        StoreError: when ``folder`` can't be written.
    """
    predictions, labels = scored.predictions, scored.labels
    per_class = [] if labels is None else count_classes(predictions, labels)
    facts = scored.every_fact
    spaces = controls.spaces if controls else SpaceFindings()
    own = {name: score.top1 for name, score in scored.own.items()}
    dims = [net.dim for net in inputs.networks.values()]
    results = StudyResults(
        title=config.title,
        networks=tuple(
            network_summary(net, scored.own.get(name) if labels is not None else None)
            for name, net in inputs.networks.items()
        ),
        methods=tuple(
            method_summary(entry.label, entry.build(), entry.options) for entry in config.methods
        ),
        measures=(
            *(MeasureSummary.of(MEASURES.get(name)) for name in measuring.keys),
            *column_summaries(spaces),
        ),
        cells=tuple(with_columns(cells_of(scored, measuring.keys, measuring.with_itself), spaces)),
        fits=tuple(fact.fit for fact in facts),
        curves=tuple(fact.curve for fact in facts if fact.curve is not None),
        fit_data=fit_data,
        eval_data=replace(
            evaluation.summary, commonest=None if labels is None else int(np.bincount(labels).max())
        ),
        settings=settings_of(config),
        versions=versions_summary(config),
        classes=tuple(class_changes(per_class)),
        class_names=inputs.class_names,
        controls=controls,
        tasks=tasks,
        ranks=ranks,
        by_rows=followed(by_rows, own, dims=dims) if by_rows else None,
        spectra=spectra,
        canonical=canonical,
    )
    results = replace(results, warnings=tuple(_warnings(results, inputs, scored, shared)))
    _write(results, evaluation.ids, scored, per_class, folder)
    with writing(folder):
        _write_by_rows(by_rows, own, folder)
    return results


def _warnings(
    results: StudyResults, inputs: StudyInputs, scored: Scored, shared: int
) -> Iterator[str]:
    """What a reader must know, of what was given first."""
    yield from inputs.notes
    yield from fit_warnings(results.methods, results.fits)
    yield from image_warnings(results.fit_data, results.eval_data)
    yield from shared_warnings(shared, scored.rows)
    for task in results.tasks:
        yield from task.warnings
    if scored.labels is not None:
        yield from label_warnings(inputs.networks, scored.own, scored.labels, inputs.classes)
    if results.controls:
        yield from results.controls.spaces.notes


def _write_by_rows(tables: Tables | None, own: Mapping[str, float], folder: Path) -> None:
    """``by_rows.csv``; that of an earlier study that this one lacks is removed."""
    path = folder / "by_rows.csv"
    rows = [row for place, maps in (tables or {}).items() for row in table_rows(place, maps, own)]
    if rows:
        write_table(write_csv, {name: [row[name] for row in rows] for name in rows[0]}, path)
    else:
        remove(path, within=folder)


def _write(
    results: StudyResults,
    ids: Sequence[str] | None,
    scored: Scored,
    per_class: Sequence[ClassCounts],
    folder: Path,
) -> None:
    """The record, its tables, and predictions."""
    with writing(folder):
        write_cells(results.cells, folder)
        path = folder / "predictions.parquet"
        write_predictions(ids, scored.labels, scored.rows, scored.predictions, path)
        write_classes(per_class, folder / "per_class.parquet")
        _write_beside(results, folder)
        results.save(folder / "study.json")


def _write_beside(results: StudyResults, folder: Path) -> None:
    """Tables of controls and tasks; those of an earlier study that this one lacks are removed."""
    written = write_controls(results.controls, folder) if results.controls else []
    if results.tasks:
        written.append(write_tasks(results.tasks, folder / "tasks.csv"))
    if results.ranks:
        written.append(write_ranks(results.ranks, folder / "ranks.csv"))
    if results.canonical:
        written += write_canonical(results.canonical, folder)
    if results.spectra:
        written += write_spectra(results.spectra, folder)
    tables = (
        "controls",
        "spaces",
        "answers",
        "beyond",
        "tasks",
        "ranks",
        *SPECTRA,
        "canonical",
        "directions",
    )
    for name in tables:
        path = folder / f"{name}.csv"
        if path not in written:
            remove(path, within=folder)
