"""The record of compared arrays: that of a study."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from samefeatures.base.arrays import Float32
from samefeatures.features.given import GivenRows
from samefeatures.features.prints import among
from samefeatures.joint.record import Moments
from samefeatures.maps import Method
from samefeatures.maps.arrays import ArraySpace
from samefeatures.networks.record import Head
from samefeatures.similarity import MEASURES
from samefeatures.study.arrays import Sides
from samefeatures.study.cells import cells_of
from samefeatures.study.classes import class_changes, count_classes
from samefeatures.study.label_warnings import label_warnings
from samefeatures.study.results import (
    DataSummary,
    MeasureSummary,
    MethodSummary,
    NetworkSummary,
    StudyResults,
)
from samefeatures.study.scoring import Scored
from samefeatures.study.summaries import fit_warnings, shared_warnings
from samefeatures.study.versions import CORE, MISSING, installed


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Moments of all spaces on the same rows, and (n, 8) prints of the rows."""

    moments: Moments
    prints: Float32


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Compared:
    """All that was found, and what it was found of.

    Attributes:
        sides: The rows.
        fit: What was seen of those that maps were fitted on.
        judge: What was seen of those held out.
        methods: By label.
        measures: Key by name.
        heads: By space.
        scored: Cells in the making.
        title: Of the report.
    """

    sides: Sides
    fit: Seen
    judge: Seen
    methods: Mapping[str, Method]
    measures: Mapping[str, str]
    heads: Mapping[str, Head]
    scored: Scored
    title: str


def record_of(found: Compared) -> StudyResults:
    """As a study would give it; nothing is written."""
    scored, labels = found.scored, found.scored.labels
    facts = scored.every_fact
    methods = tuple(
        MethodSummary(name=label, options=_options(each), kind=each.name, uses=each.uses)
        for label, each in found.methods.items()
    )
    counted = [] if labels is None else count_classes(scored.predictions, labels)
    return StudyResults(
        title=found.title,
        networks=tuple(_network(part, found) for part in found.sides.fit.values()),
        methods=methods,
        measures=tuple(MeasureSummary.of(MEASURES.get(name)) for name in found.measures),
        cells=tuple(cells_of(scored, found.measures)),
        fits=tuple(fact.fit for fact in facts),
        curves=tuple(fact.curve for fact in facts if fact.curve is not None),
        fit_data=_data("rows that maps were fitted on", found.fit.moments.n),
        eval_data=replace(
            _data("rows held out", found.judge.moments.n),
            commonest=None if labels is None else int(np.bincount(labels).max()),
        ),
        settings=_settings(found),
        versions=_versions(found.methods.values()),
        classes=tuple(class_changes(counted)),
        warnings=(
            *fit_warnings(methods, [fact.fit for fact in facts]),
            *shared_warnings(
                int(among(found.judge.prints, found.fit.prints).sum()), scored.rows, what="row"
            ),
            *_label_warnings(found),
        ),
    )


def _label_warnings(found: Compared) -> Iterable[str]:
    if found.scored.labels is None:
        return ()
    networks = {name: ArraySpace(name) for name in found.heads}
    classes = next(iter(found.heads.values())).classes
    return label_warnings(networks, found.scored.own, found.scored.labels, classes)


def _options(method: Method) -> dict[str, object]:
    """As tables show them: of a method on rows, which has many, only those that were changed."""
    if not method.needs_rows:
        return dict(method.options)
    plain = type(method)().options
    return {name: value for name, value in method.options.items() if value != plain[name]}


def _settings(found: Compared) -> dict[str, object]:
    rows = found.sides.fit.items()
    return {
        "spaces": {name: f"{part.dim} features, {part.dtype.name}" for name, part in rows},
        "methods": [
            {"name": each.name, "label": label, **each.options}
            for label, each in found.methods.items()
        ],
        "measures": list(found.measures),
        **found.sides.said,
    }


def _network(part: GivenRows, found: Compared) -> NetworkSummary:
    scored, head = found.scored, found.heads.get(part.name)
    own = scored.own.get(part.name) if scored.labels is not None else None
    return NetworkSummary(
        name=part.name,
        source="array",
        feature_dim=part.dim,
        classes=None if head is None else head.classes,
        parameters=None,
        preprocessing=None,
        fingerprint="",
        top1=own.top1 if own else float("nan"),
        top5=own.top5 if own else float("nan"),
    )


def _data(name: str, rows: int) -> DataSummary:
    return DataSummary(name=name, images=rows, rows=rows, fingerprint="")


def _versions(methods: Iterable[Method]) -> dict[str, str]:
    names = (*CORE, *(name for method in methods for name in method.packages))
    found = {"platform": platform.platform(), **{name: installed(name) for name in names}}
    return {name: said for name, said in found.items() if said != MISSING}
