"""Similarity of all pairs, of records made by hand: what is taken of results, and laid out."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from samefeatures.base.errors import UnknownNameError
from samefeatures.features.sample import SAMPLE
from samefeatures.study.results import Similarity, StudyResults
from samefeatures.study.results.controls import Controls
from samefeatures.study.results.similarity import similarity_of
from samefeatures.study.results.spaces import BeyondRow, SpaceFindings
from small_records import cell, data, measure, results

PAIRS = [(a, b) for a in "abc" for b in "abc"]
NEAR = {pair: float(k + 1) / 16 for k, pair in enumerate(PAIRS)}
FAR = {pair: value / 2 for pair, value in NEAR.items()}
GAPS = {**NEAR, ("b", "a"): math.nan}


def found(**changes: Any) -> Similarity:
    plain: dict[str, Any] = {
        "title": "Few", "names": ("a", "b", "c"), "n": 90, "sampled": {"angle": 40},
        "measures": (measure("cka"), measure("angle", same=0.0, apart=math.nan)),
        "values": {"cka": GAPS, "angle": FAR}, "beyond": {"cka": {"answers": GAPS}},
    }  # fmt: skip
    return Similarity(**{**plain, **changes})


def test_matrices_are_sources_by_targets() -> None:
    one = found()
    assert one.matrix("angle").tolist() == [[FAR[a, b] for b in "abc"] for a in "abc"]
    beyond = found(beyond={"cka": {"answers": FAR, "pixels": NEAR}})
    assert beyond.matrix("cka", beyond="pixels").tolist() == [
        [NEAR[a, b] for b in "abc"] for a in "abc"
    ]
    assert beyond.matrix("cka", beyond="answers")[0, 1] == FAR["a", "b"]
    with pytest.raises(UnknownNameError, match=r"^cka was not taken beyond 'noise'.*: answers, pi"):
        beyond.matrix("cka", beyond="noise")
    with pytest.raises(UnknownNameError, match=r"^angle was not taken beyond 'answers'.*: none"):
        one.matrix("angle", beyond="answers")
    for asked in (one.matrix, one.measure, one.rows, one.order, one.given):
        with pytest.raises(UnknownNameError, match=r"^There is no measure 'r2'.*: cka, angle"):
            asked("r2")


def test_a_measure_says_its_rows_and_what_it_is_known_beyond() -> None:
    one = found()
    assert (one.rows("cka"), one.rows("angle")) == (90, 40)
    assert (one.given("cka"), one.given("angle")) == (("answers",), ())
    assert one.measure("angle").same == 0.0


def test_what_is_near_stands_side_by_side() -> None:
    """Of a measure of nearness, and of a distance: the same numbers are the other way round."""
    values = {("a", "b"): 0.1, ("a", "c"): 0.9, ("b", "c"): 0.2}

    def table(same: float) -> dict[tuple[str, str], float]:
        return {(x, y): same if x == y else values[min(x, y), max(x, y)] for x, y in PAIRS}

    one = found(values={"cka": table(1.0), "angle": table(0.0)})
    assert one.order("cka") == ("a", "c", "b")  # a and c, then b, which is nearer to c
    assert one.order("angle") == ("a", "b", "c")


def test_the_long_table_has_gaps_where_nothing_is_known() -> None:
    columns = found().columns
    assert list(columns) == ["measure", "source", "target", "value", "rows", "value_beyond_answers"]
    assert columns["measure"] == ["cka"] * 9 + ["angle"] * 9
    assert list(zip(columns["source"], columns["target"], strict=True)) == PAIRS * 2
    assert columns["rows"] == [90] * 9 + [40] * 9
    known = [None if math.isnan(value) else value for value in GAPS.values()]
    assert known.count(None) == 1
    assert columns["value"] == [*known, *FAR.values()]
    assert columns["value_beyond_answers"] == [*known, *[None] * 9]


def with_beyond(one: StudyResults, *rows: BeyondRow) -> StudyResults:
    spaces = SpaceFindings(beyond=rows)
    return replace(
        one,
        controls=Controls(
            source="a", seed=0, rows=(), logit_predictions_differing=0, logit_difference=0.0,
            left_out={}, spaces=spaces,
        ),
    )  # fmt: skip


def beyond(given: str, a: str, b: str, **measures: float) -> BeyondRow:
    return BeyondRow(
        given=given, of="features", source=a, target=b, r2=0.5, ci_low=None, ci_high=None,
        measures=measures,
    )  # fmt: skip


def scored(**changes: Any) -> StudyResults:
    """Three networks; a measure of maps, one of moments, and one of rows."""
    cells = tuple(
        cell(a + b, measures={"r2": 0.5, "cka": NEAR[a, b], "mutual_knn": FAR[a, b]})
        for a, b in PAIRS
    )
    measures = (measure("r2", judges="map"), measure("cka"), measure("mutual_knn"))
    plain = {"cells": cells, "measures": measures, "eval_data": data("eval", rows=90)}
    return results("abc", **{**plain, **changes})


def test_results_hold_the_measures_of_two_spaces() -> None:
    of = scored()
    one = similarity_of(of)
    assert one is not None
    assert (one.title, one.names, one.n) == ("Few", ("a", "b", "c"), 90)
    assert [each.name for each in one.measures] == ["cka", "mutual_knn"]
    assert one.values == {"cka": NEAR, "mutual_knn": FAR}
    assert one.beyond == {"cka": {}, "mutual_knn": {}}
    assert one.results is of
    assert one.notes == ()


@pytest.mark.parametrize(
    ("rows", "settings", "expected"),
    [(90, {}, 90), (90, {"sample": 40}, 40), (90, {"sample": 900}, 90), (SAMPLE + 1, {}, SAMPLE)],
)
def test_a_measure_of_rows_is_of_the_sample(
    rows: int, settings: dict[str, int], expected: int
) -> None:
    one = similarity_of(scored(eval_data=data("eval", rows=rows), settings=settings))
    assert one is not None
    assert one.sampled == {"mutual_knn": expected}


def test_a_measure_that_is_not_installed_is_read_all_the_same() -> None:
    cells = tuple(cell(a + b, measures={"of_a_package": NEAR[a, b]}) for a, b in PAIRS)
    one = similarity_of(scored(cells=cells, measures=(measure("of_a_package"),)))
    assert one is not None
    assert (one.values, one.sampled) == ({"of_a_package": NEAR}, {})


def test_values_beyond_controls_are_columns_of_the_cells_and_no_measures() -> None:
    """Of one measure all controls know it, of the other one alone."""
    names = ("cka_beyond_answers", "cka_beyond_answers_pixels", "mutual_knn_beyond_answers")
    columns = (*names, "r2_beyond_answers", "r2_beyond_answers_pixels")
    plain = scored()
    cells = tuple(
        replace(each, measures={**each.measures, **dict.fromkeys(columns, 0.25)})
        for each in plain.cells
    )
    cells = (
        replace(cells[0], measures={**cells[0].measures, "cka_beyond_answers_pixels": 0.75}),
        *cells[1:],
    )
    of = replace(plain, cells=cells, measures=(*plain.measures, *map(measure, columns)))
    rows = [beyond("answers", a, b, cka=0.25, mutual_knn=0.25) for a, b in PAIRS if a != b]
    rows += [beyond("answers, pixels", a, b, cka=0.25) for a, b in PAIRS if a != b]
    one = similarity_of(with_beyond(of, *rows))
    assert one is not None
    assert [each.name for each in one.measures] == ["cka", "mutual_knn"]
    quarter = dict.fromkeys(PAIRS, 0.25)
    assert one.beyond == {
        "cka": {"answers": quarter, "answers, pixels": {**quarter, ("a", "a"): 0.75}},
        "mutual_knn": {"answers": quarter},
    }
    assert one.values == {"cka": NEAR, "mutual_knn": FAR}


def test_there_is_none_without_pairs_or_measures_or_cells() -> None:
    plain = scored()
    assert similarity_of(replace(plain, measures=plain.measures[:1])) is None
    assert similarity_of(replace(plain, cells=plain.cells[1:])) is None
    assert similarity_of(results("a", measures=plain.measures, cells=plain.cells[:1])) is None
    two = [each for each in plain.cells if "c" not in (each.source, each.target)]
    pair = similarity_of(results("ab", measures=plain.measures, cells=tuple(two)))
    assert pair is not None
    assert np.array_equal(pair.matrix("cka"), [[NEAR[a, b] for b in "ab"] for a in "ab"])
