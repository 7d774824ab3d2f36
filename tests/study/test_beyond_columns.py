"""Columns of what is shared beyond controls, of findings and cells made by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from samefeatures.similarity.measures.angle import Angle
from samefeatures.similarity.measures.cka import CKA
from samefeatures.similarity.measures.r2 import R2
from samefeatures.study.beyond_columns import column_summaries, said, with_columns, words
from samefeatures.study.results import BeyondRow, Cell, MeasureSummary, SpaceFindings

BLANK = Cell(
    method="ols", source="a", target="b", n=9, correct=None, top1=math.nan, correct_top5=None,
    top5=math.nan, source_top1=math.nan, target_top1=math.nan, change_vs_source_pct=math.nan,
    loss_vs_target_points=math.nan, agreement=math.nan, measures={}, ci_low=math.nan,
    ci_high=math.nan, p_vs_target=math.nan, p_vs_source=math.nan, p_vs_target_raw=math.nan,
    p_vs_source_raw=math.nan, fixed=None, broken=None,
)  # fmt: skip
GIVENS = ("answers", "soft answers, pixels, labels")
VALUES = {
    (given, pair): (0.1 * k, 0.5 + 0.01 * k, 1 + 0.1 * k)
    for k, (given, pair) in enumerate((g, p) for g in GIVENS for p in ("ab", "ba"))
}
"""R², CKA and angle by what is given and by pair, no two the same."""


def findings() -> SpaceFindings:
    """And a null beside them, which is no column."""
    rows = [
        BeyondRow(
            given=given, of=of, source=pair[0], target=pair[1], r2=r2 + apart, ci_low=None,
            ci_high=None, measures={"cka": cka + apart, "angle": angle + apart},
        )
        for (given, pair), (r2, cka, angle) in VALUES.items()
        for of, apart in (("features", 0.0), ("class noise", 7.0))
    ]  # fmt: skip
    return SpaceFindings(beyond=tuple(rows))


def cells(**own: float) -> list[Cell]:
    """Of a with itself, and both ways between a and b."""
    plain = {"r2": 0.3, "cka": 0.4}
    return [
        replace(BLANK, source=a, target=b, measures={**plain, **own} if a == b else plain)
        for a, b in ("aa", "ab", "ba")
    ]


def test_every_pair_has_what_was_found_of_it() -> None:
    found = {(cell.source, cell.target): cell for cell in with_columns(cells(), findings())}
    assert list(found) == [("a", "a"), ("a", "b"), ("b", "a")]
    for (given, pair), (r2, cka, angle) in VALUES.items():
        measures = found[pair[0], pair[1]].measures
        assert (measures["r2"], measures["cka"]) == (0.3, 0.4)
        beyond = "_beyond_" + "_".join(given.split(", "))
        columns = {name + beyond: v for name, v in (("r2", r2), ("cka", cka), ("angle", angle))}
        assert {name: measures[name] for name in columns} == columns
        assert len(measures) == 2 + 3 * len(GIVENS)


def test_a_network_is_itself_where_it_is_near_itself_at_all() -> None:
    (own, *_) = with_columns(cells(), findings())
    assert own.measures["r2_beyond_answers"] == R2.same
    assert own.measures["cka_beyond_answers"] == CKA.same
    assert own.measures["angle_beyond_answers"] == Angle.same != CKA.same
    (dead, *_) = with_columns(cells(cka=math.nan), findings())
    assert math.isnan(dead.measures["cka_beyond_answers"])
    assert dead.measures["angle_beyond_answers"] == Angle.same  # not among the cell's measures


def test_columns_are_named_and_told_apart() -> None:
    found = {summary.name: summary for summary in column_summaries(findings())}
    assert list(found) == [
        f"{name}_beyond_{given}"
        for given in ("answers", "soft answers_pixels_labels")
        for name in ("r2", "cka", "angle")
    ]
    r2 = found["r2_beyond_answers"]
    assert r2 == MeasureSummary(
        name="r2_beyond_answers",
        label="R² beyond answers",
        says="share of what the source's answers leave of the target's features, held-out images, "
        "that the source's features explain",
        judges="spaces",
        same=R2.same,
        apart=R2.apart,
        asked=True,
    )
    angle = found["angle_beyond_soft answers_pixels_labels"]
    assert angle == MeasureSummary(
        name="angle_beyond_soft answers_pixels_labels",
        label=f"{Angle.label} beyond soft answers, pixels and labels",
        says=f"{Angle.says}; of what the source's soft answers, pixels and true labels leave of "
        "both, held-out images",
        judges="spaces",
        same=Angle.same,
        apart=Angle.apart,
        asked=True,
    )
    assert (angle.same, angle.apart) != (r2.same, r2.apart)


@pytest.mark.parametrize(
    ("given", "short", "long"),
    [
        ("pixels", "pixels", "pixels"),
        ("answers, pixels", "answers and pixels", "the source's answers and pixels"),
        (
            "pixels, labels, answers",
            "pixels, labels and answers",
            "pixels, true labels and the source's answers",
        ),
    ],
)
def test_what_is_given_in_words(given: str, short: str, long: str) -> None:
    assert (words(given), said(given)) == (short, long)


def test_without_findings_cells_stay_as_they_are() -> None:
    assert list(with_columns(cells(), SpaceFindings())) == cells()
    assert column_summaries(SpaceFindings()) == ()
