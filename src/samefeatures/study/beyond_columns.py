"""What is shared beyond what is given, as columns of the results: measures of two spaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from samefeatures.study.results import Cell, MeasureSummary, SpaceFindings

SAME = 1.0
"""A network explains itself, whatever is given."""


def with_columns(cells: Iterable[Cell], found: SpaceFindings) -> Iterator[Cell]:
    """The cells, with a measure more for everything that is given."""
    columns = found.r2_beyond()
    for cell in cells:
        pair = (cell.source, cell.target)
        beyond = {c: SAME if pair[0] == pair[1] else v[pair] for c, v in columns.items()}
        yield replace(cell, measures={**cell.measures, **beyond})


def column_summaries(found: SpaceFindings) -> tuple[MeasureSummary, ...]:
    """How tables name and shade them."""
    given = {row.column: row.given for row in found.beyond}
    return tuple(
        MeasureSummary(
            name=column,
            label=f"R² beyond {words(known)}",
            says=f"share of what {said(known)} leave of the target's features, held-out images, "
            "that the source's features explain",
            judges="spaces",
            same=SAME,
            apart=0.0,
            asked=True,
        )
        for column, known in given.items()
    )


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
