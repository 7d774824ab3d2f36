"""Medians and counts, against the published ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from samefeatures.report.certainty import eval_set_note, marks_note
from samefeatures.report.grid import grids
from samefeatures.report.summary import fit_notes, measure_lines, median_line, numbers, under
from samefeatures.study.results import FitSummary, MeasureSummary, StudyResults


def test_published_table(published: StudyResults) -> None:
    found = numbers(grids(published)[0])
    assert round(found.change_over_maps, 2) == -2.17
    assert round(found.change_over_cells, 2) == -1.89
    assert (found.beat, found.hybrids, found.possible) == (38, 90, 90)
    assert found.worst is not None
    assert (found.worst.source, found.worst.target) == ("inception_v1", "inception_v2")
    assert round(found.smallest, 1) == -11.6
    assert found.best is not None
    assert (found.best.source, found.best.target) == ("nasnet_large", "pnasnet_large")


def test_all_numbers_by_hand(make: Callable[..., StudyResults]) -> None:
    """The fixture's agreement is 0.9 times the accuracy, its R² a 120th."""
    (grid,) = grids(make({"ols": [[90.0, 60.0, 72.0], [84.0, 90.0, 66.0], [78.0, 87.0, 90.0]]}))
    found = numbers(grid)
    assert (found.label, found.hybrids, found.possible, found.beat) == ("ols", 6, 6, 0)
    assert found.change_over_maps == pytest.approx(100 * (75 - 90) / 90)
    assert found.change_over_cells == pytest.approx(100 * (84 - 90) / 90)
    assert (found.smallest, found.largest) == pytest.approx((-100 / 3, -10 / 3))
    assert (found.loss, found.agreement, found.r2) == pytest.approx((15, 67.5, 0.625))
    assert found.best is grid.rows[2][1]
    assert found.worst is grid.rows[0][1]
    assert median_line(found) == (
        "Median change vs source: −16.67 % over the 6 maps, −6.67 % over all cells with the "
        "diagonal (as the thesis counts). Median loss vs target: 15.00 points. 0 of 6 hybrids beat "
        "the target's own accuracy."
    )
    assert under(grid) == [median_line(found), marks_note(grid), eval_set_note(grid)]


def test_a_measure_that_was_asked_for_has_a_line(make: Callable[..., StudyResults]) -> None:
    asked = MeasureSummary(
        name="near", label="Near", says="how near", judges="map", same=1.0, apart=0.0, asked=True
    )
    plain = make({"ols": [[90.0, 60.0, 72.0], [84.0, 90.0, 66.0], [78.0, 87.0, 90.0]]})
    values = {60: 0.1, 72: 0.25, 84: 0.5, 66: 0.75, 78: math.nan, 87: 0.9, 90: 1.0}
    cells = tuple(replace(c, measures={"near": values[int(c.top1)]}) for c in plain.cells)
    (grid,) = grids(replace(plain, cells=cells, measures=(asked,)))
    assert measure_lines(grid, "map") == ["Near: median 0.500 (0.100 to 0.900); how near."]
    assert measure_lines(grid, "spaces") == []
    assert under(grid)[-1] == measure_lines(grid, "map")[0]
    none = tuple(replace(c, measures={"near": math.nan}) for c in plain.cells)
    assert measure_lines(grids(replace(plain, cells=none, measures=(asked,)))[0], "map") == []


def test_medians_are_those_of_the_results(good: StudyResults) -> None:
    for grid in grids(good):
        found = numbers(grid)
        assert found.change_over_maps == good.median_change(grid.method, over="maps")
        assert found.change_over_cells == good.median_change(grid.method, over="cells")


def test_the_line_labels_both_medians_and_tells_of_missing_cells(good: StudyResults) -> None:
    ols, ridge = (median_line(numbers(grid)) for grid in grids(good)[:2])
    assert "over the 6 maps" in ols
    assert "over all cells with the diagonal (as the thesis counts)" in ols
    assert "3 of 6 hybrids beat" in ols
    assert "over 5 of 6 maps, −0.64 % over these cells with the diagonal" in ridge


def test_a_single_network_has_no_hybrids(make: Callable[..., StudyResults]) -> None:
    found = numbers(grids(make({"ols": [[80.0]]}))[0])
    assert math.isnan(found.change_over_maps)
    assert found.best is None
    assert median_line(found) == "No hybrid was scored."


def test_a_source_without_correct_images_does_not_spoil_the_medians(
    make: Callable[..., StudyResults],
) -> None:
    found = numbers(grids(make({"ols": [[0.0, 10.0], [40.0, 50.0]]}))[0])
    assert found.change_over_maps == pytest.approx(-20)
    assert (found.smallest, found.largest) == (found.change_over_maps,) * 2
    assert (found.hybrids, found.best, found.worst) == (2, found.worst, found.best)
    assert (found.best and found.best.source) == "net_b"


def test_a_draw_with_the_target_beats_nothing(make: Callable[..., StudyResults]) -> None:
    found = numbers(grids(make({"ols": [[80.0, 50.0], [81.0, 50.0]]}))[0])
    assert found.beat == 1  # 81 against 80; 50 against 50 is a draw


def test_notes_are_grouped_by_the_deficient_network(good: StudyResults) -> None:
    assert fit_notes(good) == (
        "ols from net_b: minimum-norm solution: rank 80 of 96",
        "logit into net_c: not lossless: the head has rank 8 of 10",
    )


def test_a_note_of_one_pair_names_both_and_a_rank_speaks_for_itself(
    make: Callable[..., StudyResults],
) -> None:
    table = [[80.0] * 3] * 3
    fits = [
        FitSummary(method="ols", source="net_a", target="net_b", note="odd"),
        FitSummary(method="ridge", source="net_a", target="net_b", rank=3, full_rank=4),
        FitSummary(method="ridge", source="net_a", target="net_c", rank=3, full_rank=4),
        FitSummary(method="naive", source="net_a", target="net_c"),
    ]
    assert fit_notes(make({"ols": table}, fits=fits)) == (
        "ols from net_a into net_b: odd",
        "ridge from net_a: rank 3 of 4",
    )


def test_of_two_networks_a_note_names_the_one_it_holds_for(
    make: Callable[..., StudyResults],
) -> None:
    fits = [FitSummary(method="ols", source="net_a", target="net_b", note="odd")]
    assert fit_notes(make({"ols": [[80.0] * 2] * 2}, fits=fits)) == ("ols from net_a: odd",)


def test_where_both_groupings_are_as_long_heads_are_named_for_what_heads_decide(
    make: Callable[..., StudyResults],
) -> None:
    fits = [
        FitSummary(method=name, source="net_a", target="net_b", note="odd")
        for name in ("ols", "logit")
    ]
    table = [[80.0] * 2] * 2
    assert fit_notes(make({"ols": table, "logit": table}, fits=fits)) == (
        "ols from net_a: odd",
        "logit into net_b: odd",
    )
