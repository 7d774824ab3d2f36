"""Marks, and what an eval set can show, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from samefeatures.report.certainty import (
    eval_set_note,
    italics_note,
    marked,
    marks_note,
    p_value,
    source_mark,
    target_mark,
)
from samefeatures.report.grid import Grid, grids
from samefeatures.study.results import StudyResults


def test_marks_follow_the_level(unsure: StudyResults) -> None:
    cells = unsure.table("ols")
    first = cells["net_a", "net_b"]
    assert (target_mark(first), source_mark(first)) == ("ᵗ", "")
    assert target_mark(replace(first, p_vs_target=0.0499)) == ""
    assert source_mark(cells["net_b", "net_a"]) == "ˢ"
    assert source_mark(replace(first, p_vs_source=0.05)) == "ˢ"
    assert marked(first) == ("79.80ᵗ", "−0.25")
    assert marked(cells["net_b", "net_a"]) == ("79.60", "−0.50ˢ")
    own = cells["net_a", "net_a"]
    assert (target_mark(own), source_mark(own)) == ("", "")
    assert (target_mark(None), source_mark(None)) == ("", "")


def test_marks_are_counted(unsure: StudyResults) -> None:
    (grid,) = grids(unsure)
    assert "own network (1 of 2; 0 are better, 1 worse). ˢ" in marks_note(grid)
    assert "not from the source's (1)." in marks_note(grid)
    gains = tuple(replace(c, fixed=9, broken=1, p_vs_target=0.01) for c in unsure.cells)
    (grid,) = grids(replace(unsure, cells=gains))
    assert "own network (0 of 2; 2 are better, 0 worse)" in marks_note(grid)


def test_few_disagreements_are_said_to_show_nothing(unsure: StudyResults) -> None:
    few = tuple(replace(cell, fixed=2, broken=2) for cell in unsure.cells)
    (grid,) = grids(replace(unsure, cells=few))
    assert "with the 4 disagreements of the median map not even that is possible" in eval_set_note(
        grid
    )


def test_the_observed_difference_needs_more_than_the_best_case(unsure: StudyResults) -> None:
    (grid,) = grids(unsure)
    # By hand: 1.96 · √(0.797 · 0.203 / 10000) is 0.0079.
    assert eval_set_note(grid).startswith("95 % intervals: ± 0.79 points (median). The least")
    # The best of 2 tests: 2 · 2⁻⁷ is 0.016 < 0.025, 2 · 2⁻⁶ is not.
    assert "could have shown is 7 images (0.07 points)" in eval_set_note(grid)
    assert "with the 110 disagreements of the median map it takes" in eval_set_note(grid)
    # Median of (40 + 60) and (40 + 80) is 110: of 110, 67 to 43 has p 0.028, 68 to 42 0.017.
    assert "it takes 26 images (0.26 points)" in eval_set_note(grid)
    assert marks_note(grid).endswith("corrected by Holm over the 2 maps, level 5 %.")


@pytest.mark.parametrize("n", [5, 6])
def test_too_few_images_for_any_difference_are_called_so(
    make: Callable[..., StudyResults], n: int
) -> None:
    (grid,) = grids(make({"ols": [[80.0, 60.0], [60.0, 80.0]]}, n=n))
    note = eval_set_note(grid)
    assert note.endswith(f"{n} images can't show any difference from a target: it takes 7 or more.")
    assert "could have shown" not in note


def test_just_enough_images_could_have_shown_one(make: Callable[..., StudyResults]) -> None:
    (grid,) = grids(make({"ols": [[80.0, 60.0], [60.0, 80.0]]}, n=7))
    assert "these 7 images could have shown is 7 images (100.00 points)" in eval_set_note(grid)


def test_one_hybrid_alone_has_a_note(make: Callable[..., StudyResults]) -> None:
    (grid,) = grids(make({"ols": [[80.0, 60.0], [None, 80.0]]}, n=10_000))
    # A single test: 2⁻⁵ · 2 is above 0.05 for 5 images, at most for 6.
    assert "these 10000 images could have shown is 6 images (0.06 points)" in eval_set_note(grid)


def test_nothing_is_said_of_nothing(make: Callable[..., StudyResults]) -> None:
    (grid,) = grids(make({"ols": [[80.0]]}))
    assert isinstance(grid, Grid)
    assert (marks_note(grid), eval_set_note(grid)) == ("", "")


def test_p_values_are_never_rounded_to_zero() -> None:
    shown = [p_value(p) for p in (1.0, 0.049, 0.0004, 1e-200, 0.0, float("nan"))]
    assert shown == ["1.000", "0.049", "0.0004", "1e-200", "< 1e-300", "–"]


def test_italics_are_explained_where_there_is_a_hybrid(
    unsure: StudyResults, make: Callable[..., StudyResults]
) -> None:
    (grid, *_) = grids(unsure)
    assert italics_note(grid).startswith("In italics: ")
    assert italics_note(grid).split(". ")[-1] == marks_note(grid).split(". ")[-1]
    (alone,) = grids(make({"ols": [[80.0]]}))
    assert italics_note(alone) == ""
