"""How near all pairs of spaces are, by every measure: N x N tables, and one long one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from samefeatures.base.brief import brief
from samefeatures.base.errors import UnknownNameError
from samefeatures.base.options import check_known
from samefeatures.study.results.frames import pandas_frame, polars_frame
from samefeatures.study.results.spaces import beyond_column
from samefeatures.study.results.summaries import MeasureSummary

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from samefeatures.base.arrays import Float64
    from samefeatures.study.results.study import StudyResults

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Similarity:
    """Measures of two spaces over all pairs of networks, on the eval rows.

    Attributes:
        title: Of the study.
        names: The networks, in the order of the study.
        n: Eval rows.
        measures: In the order of the study.
        values: By measure, then by (source, target); NaN where a measure says nothing. A network
            with itself has what the measure says of the same space.
        beyond: By measure, then by what is given, then as ``values``: of what the controls leave of
            both spaces, where the results of the study hold it.
        sampled: Rows that a measure is of, where they are not all n.
        notes: What a reader of the numbers should know.
        results: Of the same networks on the same rows, where the study is scored.
    """

    title: str
    names: tuple[str, ...]
    n: int
    measures: tuple[MeasureSummary, ...]
    values: Mapping[str, Mapping[Pair, float]]
    beyond: Mapping[str, Mapping[str, Mapping[Pair, float]]] = field(default_factory=dict)
    sampled: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    results: StudyResults | None = None

    def __repr__(self) -> str:
        measures = [measure.name for measure in self.measures]
        return brief(self, title=self.title, networks=self.names, n=self.n, measures=measures)

    def measure(self, name: str) -> MeasureSummary:
        """What a measure is.

        Raises:
            UnknownNameError: when it was not taken.
        """
        known = {measure.name: measure for measure in self.measures}
        check_known(name, known, "There is no measure", UnknownNameError)
        return known[name]

    def rows(self, name: str) -> int:
        """Eval rows that a measure is of.

        Raises:
            UnknownNameError: when the measure was not taken.
        """
        return self.sampled.get(self.measure(name).name, self.n)

    def matrix(self, name: str, *, beyond: str | None = None) -> Float64:
        """(N, N), sources down and targets across, in the order of ``names``.

        Args:
            name: Of a measure.
            beyond: What is given, e.g. ``answers``; None for the spaces as they are.

        Raises:
            UnknownNameError: when the measure was not taken, or not beyond this.
        """
        import numpy as np  # whoever prints results needs none

        values = self.values[self.measure(name).name]
        if beyond is not None:
            known = self.beyond.get(name, {})
            check_known(beyond, known, f"{name} was not taken beyond", UnknownNameError)
            values = known[beyond]
        return np.array([[values[a, b] for b in self.names] for a in self.names], np.float64)

    def order(self, name: str) -> tuple[str, ...]:
        """The networks in the order of the dendrogram of a measure: see ``dendrogram_order``.

        Raises:
            UnknownNameError: when the measure was not taken.
        """
        from samefeatures.scores.order import dendrogram_order

        distances = abs(self.matrix(name) - self.measure(name).same)
        return tuple(self.names[i] for i in dendrogram_order(distances))

    def given(self, name: str) -> tuple[str, ...]:
        """What a measure is known beyond."""
        return tuple(self.beyond.get(self.measure(name).name, {}))

    @property
    def columns(self) -> dict[str, list[Any]]:
        """Of ``similarity.csv``: a row for each measure, source and target; None where a measure
        says nothing, or is not known beyond what is given."""
        rows = [(m.name, a, b) for m in self.measures for a in self.names for b in self.names]
        givens = dict.fromkeys(given for known in self.beyond.values() for given in known)
        found: dict[str, list[Any]] = {
            "measure": [name for name, *_ in rows],
            "source": [a for _, a, _ in rows],
            "target": [b for *_, b in rows],
            "value": [_known(self.values[name][a, b]) for name, a, b in rows],
            "rows": [self.rows(name) for name, *_ in rows],
        }
        for given in givens:
            known = [self.beyond.get(name, {}).get(given, {}).get((a, b)) for name, a, b in rows]
            found[beyond_column("value", given)] = [None if v is None else _known(v) for v in known]
        return found

    def to_pandas(self) -> pd.DataFrame:
        """A pandas frame with the columns of ``similarity.csv``.

        Raises:
            MissingExtraError: without pandas.
        """
        return pandas_frame(self.columns)

    def to_polars(self) -> pl.DataFrame:
        """A polars frame with the columns of ``similarity.csv``.

        Raises:
            MissingExtraError: without polars.
        """
        return polars_frame(self.columns)


def similarity_of(results: StudyResults) -> Similarity | None:
    """The measures of two spaces that a scored study's cells hold; None where there are none."""
    found = results.controls.spaces if results.controls else None
    columns = found.columns() if found else {}
    names = tuple(network.name for network in results.networks)
    measures = tuple(m for m in results.measures if m.judges == "spaces" and m.name not in columns)
    cells = {(c.source, c.target): c for c in results.cells}  # the same whatever the method
    if len(names) < 2 or not measures or len(cells) < len(names) ** 2:
        return None
    givens = dict.fromkeys(row.given for row in found.beyond) if found else {}
    n, sample = results.eval_data.rows, results.settings.get("sample")
    from samefeatures.features.sample import SAMPLE  # loads numpy, which tables need not

    count = min(n, sample if isinstance(sample, int) else SAMPLE)

    def values(column: str) -> dict[Pair, float]:
        return {pair: cell.measure(column) for pair, cell in cells.items()}

    return Similarity(
        title=results.title,
        names=names,
        n=n,
        measures=measures,
        values={m.name: values(m.name) for m in measures},
        beyond={
            m.name: {
                given: values(column)
                for given in givens
                if (column := beyond_column(m.name, given)) in columns
            }
            for m in measures
        },
        sampled={m.name: count for m in measures if _reads_rows(m.name)},
        results=results,
    )


def _reads_rows(name: str) -> bool:
    from samefeatures.similarity import MEASURES  # loads numpy likewise

    return name in MEASURES.names and MEASURES.get(name).reads == "rows"


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
