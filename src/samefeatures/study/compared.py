"""The record of compared arrays: that of a study."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any

import numpy as np

from samefeatures.features.prints import equal_among
from samefeatures.maps import Method
from samefeatures.maps.arrays import ArraySpace
from samefeatures.similarity import MEASURES
from samefeatures.study.cells import cells_of
from samefeatures.study.classes import class_changes, count_classes
from samefeatures.study.label_warnings import label_warnings
from samefeatures.study.measuring import Measuring
from samefeatures.study.results import DataSummary, MeasureSummary, StudyResults
from samefeatures.study.scoring import Scored
from samefeatures.study.seen import Seen
from samefeatures.study.summaries import fit_warnings, method_summary, network_summary
from samefeatures.study.versions import CORE, here, installed


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Compared:
    """All that was found, and what it was found of.

    Attributes:
        spaces: By name, with their heads.
        said: Of the rows, for the settings.
        fit: What was seen of those that maps were fitted on.
        judge: What was seen of those held out.
        methods: By label.
        measuring: Took what is measured.
        scored: Cells in the making.
        title: Of the report.
    """

    spaces: Mapping[str, ArraySpace]
    said: Mapping[str, Any]
    fit: Seen
    judge: Seen
    methods: Mapping[str, Method]
    measuring: Measuring
    scored: Scored
    title: str


def record_of(found: Compared) -> StudyResults:
    """As a study would give it; nothing is written."""
    scored, labels = found.scored, found.scored.labels
    facts = scored.every_fact
    methods = tuple(
        method_summary(label, each, _changed(each)) for label, each in found.methods.items()
    )
    brought = [name for method in found.methods.values() for name in method.packages]
    counted = [] if labels is None else count_classes(scored.predictions, labels)
    return StudyResults(
        title=found.title,
        networks=tuple(
            network_summary(space, scored.own.get(name) if labels is not None else None)
            for name, space in found.spaces.items()
        ),
        methods=methods,
        measures=tuple(MeasureSummary.of(MEASURES.get(name)) for name in found.measuring.keys),
        cells=tuple(cells_of(scored, found.measuring.keys, found.measuring.with_itself)),
        fits=tuple(fact.fit for fact in facts),
        curves=tuple(fact.curve for fact in facts if fact.curve is not None),
        fit_data=_data("rows that maps were fitted on", found.fit.moments.n),
        eval_data=replace(
            _data("rows held out", found.judge.moments.n),
            commonest=None if labels is None else int(np.bincount(labels).max()),
        ),
        settings=_settings(found),
        versions=here({name: installed(name) for name in (*CORE, *brought)}),
        classes=tuple(class_changes(counted)),
        warnings=(
            *fit_warnings(methods, [fact.fit for fact in facts]),
            *_equal_warning(
                int(equal_among(found.judge.prints, found.fit.prints).sum()), scored.rows
            ),
            *_label_warnings(found),
        ),
    )


def _label_warnings(found: Compared) -> Iterable[str]:
    if found.scored.labels is None:
        return ()
    classes = next(head.classes for each in found.spaces.values() if (head := each.head))
    own, labels = found.scored.own, found.scored.labels
    return label_warnings(found.spaces, own, labels, classes, what="row")


def _equal_warning(count: int, rows: int) -> Iterator[str]:
    if count:
        yield (
            f"{count} of the {rows} eval rows are equal to fit rows: maps have seen them, and R² "
            "and accuracies are not those of new rows. Give eval rows of their own."
        )


def _changed(method: Method) -> dict[str, object]:
    """Options that are not as a method has them when none is given."""
    plain = {field.name: field.default for field in fields(method)}
    return {n: value for n, value in method.options.items() if value != plain.get(n, MISSING)}


def _settings(found: Compared) -> dict[str, object]:
    return {
        **found.said,
        "methods": [
            {"name": each.name, "label": label, **each.options}
            for label, each in found.methods.items()
        ],
        "measures": list(found.measuring.keys),
    }


def _data(name: str, rows: int) -> DataSummary:
    return DataSummary(name=name, images=rows, rows=rows, fingerprint="")
