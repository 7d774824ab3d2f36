"""One method's cells by source and target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from samefeatures.base.brief import brief
from samefeatures.base.drawn import Drawn
from samefeatures.base.errors import UnknownNameError
from samefeatures.base.options import check_known
from samefeatures.study.results.cell import Cell
from samefeatures.study.results.frames import pandas_frame, polars_frame
from samefeatures.study.results.summaries import MeasureSummary

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Table(Drawn, Mapping[tuple[str, str], Cell]):
    """``table["a", "b"]`` is the cell of features of a in the head of b; notebooks show it shaded.

    Attributes:
        method: Whose cells they are.
        names: The networks, in the order of the study.
        cells: Those that are there, by (source, target).
        measures: Of the cells.
    """

    method: str
    names: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]
    measures: tuple[MeasureSummary, ...] = ()

    def __repr__(self) -> str:
        return brief(self, method=self.method, names=self.names, cells=len(self.cells))

    def __getitem__(self, pair: tuple[str, str]) -> Cell:
        """A cell.

        Raises:
            UnknownNameError: when there is no such network, or the cell was not scored.
        """
        if not (isinstance(pair, tuple) and [isinstance(n, str) for n in pair] == [True, True]):
            raise UnknownNameError(
                f"A table has cells by source and target, not by {pair!r}. Give two names: "
                "table['source', 'target']."
            )
        if pair in self.cells:
            return self.cells[pair]
        for name in pair:
            check_known(name, self.names, "This study has no network", UnknownNameError)
        raise UnknownNameError(f"{self.method}: {pair[0]} → {pair[1]} was not scored.")

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.cells)

    def __len__(self) -> int:
        return len(self.cells)

    def to_pandas(self, column: str = "top1") -> pd.DataFrame:
        """A pandas frame, sources down and targets across; NaN where nothing was scored.

        Args:
            column: Of ``results.csv``, a measure too.

        Raises:
            UnknownNameError: when there is no such column.
            MissingExtraError: without pandas.
        """
        frame = pandas_frame(self._columns(column)).set_index("source")
        return frame.rename_axis(columns="target")

    def to_polars(self, column: str = "top1") -> pl.DataFrame:
        """A polars frame: a column ``source``, then one a target; null where nothing was scored.

        Args:
            column: Of ``results.csv``, a measure too.

        Raises:
            UnknownNameError: when there is no such column.
            MissingExtraError: without polars.
        """
        return polars_frame(self._columns(column))

    def _columns(self, column: str) -> dict[str, list[Any]]:
        rows = {pair: cell.row for pair, cell in self.cells.items()}
        known = dict.fromkeys(name for row in rows.values() for name in row)
        check_known(column, known, "Cells have no column", UnknownNameError)
        return {
            "source": list(self.names),
            **{b: [rows.get((a, b), {}).get(column) for a in self.names] for b in self.names},
        }
