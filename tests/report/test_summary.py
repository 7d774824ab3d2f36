"""Medians and counts, against the published ones."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from samefeatures.report.grid import grids
from samefeatures.report.summary import fit_notes, median_line, numbers
from samefeatures.study.results import FitSummary, StudyResults


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
    assert "over the 5 of 6 maps" in ridge


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
