"""What is shared beyond what is given, as columns of the results: measures of two spaces."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

from samefeatures.similarity import MEASURES, Measure
from samefeatures.study.results import Cell, MeasureSummary, SpaceFindings
from samefeatures.study.results.spaces import beyond_column


def with_columns(cells: Iterable[Cell], found: SpaceFindings) -> Iterator[Cell]:
    """The cells, with measures more for everything that is given; a network is itself, whatever
    that is, where it is near itself at all."""
    columns = found.columns()
    of = {column: measure for column, (measure, _) in _known(found).items()}
    for cell in cells:
        if cell.source == cell.target:
            beyond = {c: _with_itself(cell, of[c]) for c in columns}
        else:
            beyond = {c: values[cell.source, cell.target] for c, values in columns.items()}
        yield replace(cell, measures={**cell.measures, **beyond})


def _with_itself(cell: Cell, measure: type[Measure]) -> float:
    silent = math.isnan(cell.measures.get(measure.name, measure.same))
    return math.nan if silent else measure.same


def column_summaries(found: SpaceFindings) -> tuple[MeasureSummary, ...]:
    """How tables name and shade them."""
    return tuple(
        MeasureSummary(
            name=column,
            label=f"{measure.label} beyond {words(known)}",
            says=_says(measure, known),
            judges="spaces",
            same=measure.same,
            apart=measure.apart,
            asked=True,
        )
        for column, (measure, known) in _known(found).items()
    )


def _known(found: SpaceFindings) -> dict[str, tuple[type[Measure], str]]:
    """Measure, and what is given, by column of the results."""
    return {
        beyond_column(name, row.given): (MEASURES.get(name), row.given)
        for row in found.beyond
        for name in ("r2", *row.measures)
    }


def _says(measure: type[Measure], given: str) -> str:
    if measure.name == "r2":
        return (
            f"share of what {said(given)} leave of the target's features, held-out images, that "
            "the source's features explain"
        )
    return f"{measure.says}; of what {said(given)} leave of both, held-out images"


def words(given: str) -> str:
    """``answers, pixels`` with an ``and``."""
    *front, last = given.split(", ")
    return f"{', '.join(front)} and {last}" if front else last


def said(given: str) -> str:
    """With whose answers they are."""
    return words(", ".join(_OWNED.get(word, word) for word in given.split(", ")))


_OWNED = {
    "answers": "the source's answers",
    "soft answers": "the source's soft answers",
    "labels": "true labels",
}
