"""Medians of tables and rows of the file, counted by hand."""

from __future__ import annotations

import math

import pytest

from samefeatures.study.by_rows.judge import MapOfRows
from samefeatures.study.by_rows.law import forecasts
from samefeatures.study.by_rows.medians import Place, Tables, followed, table_rows

PLACE = Place(method="ols", rows=20, seed=3)


def of(
    pair: str, top1: float | None, r2: float | None = None, beyond: float | None = None
) -> MapOfRows:
    return MapOfRows(source=pair[0], target=pair[1], top1=top1, r2=r2, r2_beyond_answers=beyond)


def test_a_point_is_the_median_of_what_is_known() -> None:
    maps = (
        of("ab", 40.0, 0.5, 0.1),
        of("ba", 60.0, 0.7, None),
        of("ac", 30.0, 0.9, 0.4),
        of("bc", None, None, 0.3),
    )
    found = followed({PLACE: maps}, {"a": 50.0, "b": 80.0, "c": 40.0}, dims=[4, 7])
    (point,) = found.points
    assert (point.method, point.rows, point.seed) == ("ols", 20, 3)
    assert point.change == pytest.approx(-25)  # of -20, -25 and -40
    assert point.loss == pytest.approx(10)  # of 40, -10 and 10
    assert point.r2 == pytest.approx(0.7)
    assert point.r2_beyond_answers == pytest.approx(0.3)


def test_what_nobody_knows_has_no_median() -> None:
    maps = (of("ab", None), of("ba", None, math.nan))
    (point,) = followed({PLACE: maps}, {"a": 50.0}, dims=[4]).points
    assert (point.change, point.loss, point.r2, point.r2_beyond_answers) == (None,) * 4


def test_rows_say_what_hangs_on_accuracies_that_are_known() -> None:
    maps = (
        of("ab", 40.0, 0.5, 0.1),
        of("ac", 40.0),
        of("ca", 40.0),
        of("za", 40.0),
        of("ab", None),
    )
    found = list(table_rows(PLACE, maps, {"a": 50.0, "b": 80.0, "z": 0.0}))
    assert found[0] == {
        "method": "ols",
        "rows": 20,
        "seed": 3,
        "source": "a",
        "target": "b",
        "top1": 40.0,
        "change_vs_source_pct": -20.0,
        "loss_vs_target_points": 40.0,
        "r2": 0.5,
        "r2_beyond_answers": 0.1,
    }
    said = [(row["change_vs_source_pct"], row["loss_vs_target_points"]) for row in found]
    assert said == [(-20.0, 40.0), (-20.0, None), (None, 10.0), (None, 10.0), (None, None)]


def test_forecasts_are_of_sizes_above_the_widest_network() -> None:
    sizes = (10, 20, 40, 80, 160)
    tables: Tables = {
        Place(method="ols", rows=n, seed=0): (of("ab", None, 0.9 - n**-0.5),) for n in sizes
    }
    found = followed(tables, {}, dims=[4, 15, 8])
    assert [point.rows for point in found.points] == list(sizes)
    assert found.forecasts == tuple(forecasts(found.points, 15))
    assert found.forecasts[0].since == 20
