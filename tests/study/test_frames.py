"""Frames are what pandas and polars read of the CSV file."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from samefeatures.base.errors import MissingExtraError, UnknownNameError
from samefeatures.study.results import StudyResults
from samefeatures.study.study import Study
from samefeatures.study.tables import write_cells


@pytest.fixture
def results(npz_study: Study) -> StudyResults:
    """With gaps in whole numbers, which the diagonal has, and a NaN."""
    found = npz_study.score()
    first, *others = found.cells
    assert first.follows is None
    first = replace(first, measures={**first.measures, "r2": math.nan})
    return replace(found, cells=(first, *others))


def test_pandas_has_what_it_would_read(results: StudyResults, tmp_path: Path) -> None:
    csv, *_ = write_cells(results.cells, tmp_path)
    pd.testing.assert_frame_equal(results.to_pandas(), pd.read_csv(csv))


def test_polars_has_what_it_would_read(results: StudyResults, tmp_path: Path) -> None:
    csv, *_ = write_cells(results.cells, tmp_path)
    assert_frame_equal(results.to_polars(), pl.read_csv(csv))
    assert results.to_polars()["disagree"].null_count() > 0
    assert results.to_polars()["r2"].is_nan().sum() == 1


def test_a_column_without_any_value_is_of_floats(results: StudyResults, tmp_path: Path) -> None:
    """Results of earlier versions say nothing of whom hybrids follow."""
    older = replace(results, cells=tuple(replace(c, follows=None) for c in results.cells))
    csv, *_ = write_cells(older.cells, tmp_path)
    pd.testing.assert_frame_equal(older.to_pandas(), pd.read_csv(csv))
    assert older.to_polars()["disagree"].dtype == pl.Float64


def test_names_that_look_like_numbers_stay_text(results: StudyResults) -> None:
    renamed = tuple(replace(cell, source="007") for cell in results.cells)
    found = replace(results, cells=renamed)
    assert set(found.to_pandas()["source"]) == {"007"}
    assert set(found.to_polars()["source"]) == {"007"}


def test_a_table_is_source_by_target(results: StudyResults) -> None:
    table = results.table("ols")
    for column in ("top1", "cosine", "n", "fixed"):
        pandas, polars = table.to_pandas(column), table.to_polars(column)
        assert list(pandas.index) == list(pandas.columns) == ["a", "b", "c"]
        assert (pandas.index.name, pandas.columns.name) == ("source", "target")
        assert polars.columns == ["source", "a", "b", "c"]
        for (a, b), cell in table.items():
            assert pandas.loc[a, b] == cell.row[column]
            assert polars.filter(pl.col("source") == a)[b].item() == cell.row[column]
    assert table.to_pandas().equals(table.to_pandas("top1"))


def test_what_was_not_scored_is_a_gap(results: StudyResults) -> None:
    kept = tuple(c for c in results.cells if (c.source, c.target) != ("a", "c"))
    table = replace(results, cells=kept).table("ols")
    assert math.isnan(table.to_pandas().loc["a", "c"])
    assert table.to_polars()["c"].to_list()[0] is None


def test_a_misspelt_column_gets_the_nearest(results: StudyResults) -> None:
    with pytest.raises(UnknownNameError, match=r"no column 'cosin'\. Did you mean 'cosine'"):
        results.table("ols").to_pandas("cosin")
    with pytest.raises(UnknownNameError, match="Did you mean 'top1'"):
        results.table("ols").to_polars("top_1")


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_without_the_package_one_line_says_what_to_install(
    results: StudyResults, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    for found in (results, results.table("ols")):
        with pytest.raises(MissingExtraError) as raised:
            getattr(found, f"to_{package}")()
        assert str(raised.value).endswith(f"pip install 'samefeatures[{package}]'")
        assert "\n" not in str(raised.value)
