"""Put a study's findings into the records that the report reads."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from arro3.io import write_csv

from samefeatures.base.files import writing
from samefeatures.base.removal import remove
from samefeatures.maps import Method
from samefeatures.networks.record import Head, ImageNetwork
from samefeatures.scores.heads import Score
from samefeatures.similarity import MEASURES
from samefeatures.study.beyond_columns import column_summaries, with_columns
from samefeatures.study.by_rows.medians import Tables, followed, table_rows
from samefeatures.study.cells import cells_of
from samefeatures.study.classes import ClassCounts, class_changes, count_classes, write_classes
from samefeatures.study.config import StudyConfig
from samefeatures.study.inputs import StudyInputs
from samefeatures.study.label_warnings import label_warnings
from samefeatures.study.predictions import write_predictions
from samefeatures.study.results import (
    CanonicalResults,
    Controls,
    DataSummary,
    FitSummary,
    MeasureSummary,
    MethodSummary,
    NetworkSummary,
    Ranks,
    SpaceFindings,
    SpectraSummary,
    StudyResults,
    TaskResults,
)
from samefeatures.study.scoring import Scored
from samefeatures.study.sides import Side
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
from samefeatures.study.versions import here, versions_of


def write_results(
    config: StudyConfig,
    inputs: StudyInputs,
    scored: Scored,
    *,
    measures: Mapping[str, str],
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
        measures: Key by name, in the order of the columns.
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
    fits = [fact.fit for fact in facts]
    methods = tuple(
        method_summary(entry.label, entry.build(), entry.options) for entry in config.methods
    )
    own = {name: score.top1 for name, score in scored.own.items()} if labels is not None else {}
    dims = [net.dim for net in inputs.networks.values()]
    results = StudyResults(
        title=config.title,
        networks=tuple(
            network_summary(net, scored.own.get(name) if labels is not None else None)
            for name, net in inputs.networks.items()
        ),
        methods=methods,
        measures=(
            *(MeasureSummary.of(MEASURES.get(name)) for name in measures),
            *column_summaries(spaces),
        ),
        cells=tuple(with_columns(cells_of(scored, measures), spaces)),
        fits=tuple(fits),
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
        warnings=(
            *inputs.notes,
            *fit_warnings(methods, fits),
            *image_warnings(fit_data, evaluation.summary),
            *shared_warnings(shared, scored.rows),
            *(text for task in tasks for text in task.warnings),
            *(
                label_warnings(inputs.networks, scored.own, labels, inputs.classes)
                if labels is not None and scored.own
                else ()
            ),
            *spaces.notes,
        ),
    )
    _write(results, evaluation.ids, scored, per_class, folder)
    with writing(folder):
        _write_by_rows(by_rows, own, folder)
    return results


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


def settings_of(config: StudyConfig) -> dict[str, Any]:
    """All of a config as plain values, but for what changes no result."""
    silent = {"cluster", *(() if config.curve else ("curve",))}
    return dict(json.loads(config.model_dump_json(exclude_none=True, exclude=silent)))


class Known(Protocol):
    """What a row of the networks' table says of one; a network that sees images says more."""

    @property
    def name(self) -> str: ...

    @property
    def source(self) -> str: ...

    @property
    def dim(self) -> int: ...

    @property
    def head(self) -> Head | None: ...

    @property
    def fingerprint(self) -> str: ...


def network_summary(network: Known, score: Score | None) -> NetworkSummary:
    """A row of Table 5.1; without a score of the network's own where it has none."""
    image = network if isinstance(network, ImageNetwork) else None
    return NetworkSummary(
        name=network.name,
        source=network.source,
        feature_dim=network.dim,
        classes=network.head.classes if network.head else None,
        parameters=image.parameters if image else None,
        preprocessing=image.preprocessing.as_dict() if image else None,
        fingerprint=network.fingerprint,
        top1=score.top1 if score else math.nan,
        top5=score.top5 if score else math.nan,
        effect=asdict(image.effect) if image and image.effect else None,
    )


def method_summary(label: str, method: Method, given: Mapping[str, object]) -> MethodSummary:
    """A method as the tables name it: with its options, of one on rows those that were given.

    The defaults of ``adam`` are eleven; they would fill the heads of the tables.
    """
    options = given if method.needs_rows else method.options
    return MethodSummary(name=label, options=dict(options), kind=method.name, uses=method.uses)


def fit_warnings(methods: Sequence[MethodSummary], fits: Sequence[FitSummary]) -> Iterator[str]:
    """What solvers said, once for each end of the maps that it holds for."""
    heads = {method.name for method in methods if method.uses == "heads"}
    about: dict[tuple[str, str, str], dict[str, None]] = {}
    of_maps = Counter((fit.method, fit.note) for fit in fits if fit.note and fit.path)
    for (method, note), count in of_maps.items():
        every = sum(fit.method == method for fit in fits)
        yield f"{method}, {count} of {every} maps: {note}."
    for fit in fits:
        if fit.note and not fit.path:
            # A lossy head is the target's; a deficient regression is the source's.
            way, name = ("into", fit.target) if fit.method in heads else ("from", fit.source)
            about.setdefault((fit.method, way, fit.note), {})[name] = None
    for (method, way, note), names in about.items():
        yield f"{method} {way} {', '.join(names)}: {note}."


def image_warnings(fit_data: DataSummary, eval_data: DataSummary) -> Iterator[str]:
    """Images left out."""
    for kind, data in (("fit", fit_data), ("eval", eval_data)):
        if data.left_out:
            yield (
                f"{len(data.left_out)} images of the {kind} set could not be read and were left "
                "out for every network."
            )


def shared_warnings(shared: int, rows: int) -> Iterator[str]:
    """What makes R² and accuracies better than they would be on other images."""
    if shared:
        yield (
            f"{shared} of the {rows} eval images are fit images too, told by their features: maps "
            "have seen them, and R² and accuracies are not those of new images. Give an eval set "
            "of its own."
        )


def versions_summary(config: StudyConfig) -> dict[str, str]:
    """Of everything that could touch a number, where it is installed."""
    return here(versions_of(config))
