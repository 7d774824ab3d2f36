"""Columns as data frames, with the names and types that their CSV file gives when it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from samefeatures.base.errors import require

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

Columns = Mapping[str, Sequence[Any]]
"""Lists of n texts, whole numbers or floats; None where there is no value."""


def pandas_frame(columns: Columns) -> pd.DataFrame:
    """Whole numbers with gaps are floats, as pandas reads them.

    Raises:
        MissingExtraError: without pandas.
    """
    pandas = require("pandas", extra="pandas", purpose="A pandas frame")
    frame: pd.DataFrame = pandas.DataFrame(
        {name: [float("nan")] * len(v) if _empty(v) else v for name, v in columns.items()}
    )
    return frame


def polars_frame(columns: Columns) -> pl.DataFrame:
    """Gaps are nulls; NaN stays what it is.

    Raises:
        MissingExtraError: without polars.
    """
    polars = require("polars", extra="polars", purpose="A polars frame")
    given = {name: polars.Float64 for name, values in columns.items() if _empty(values)}
    frame: pl.DataFrame = polars.DataFrame(columns, schema_overrides=given)
    return frame


def _empty(values: Sequence[Any]) -> bool:
    return all(value is None for value in values)
