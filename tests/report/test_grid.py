"""Cells in order, and how numbers and names are written."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable

import pytest

from samefeatures.base.shown import plain
from samefeatures.report import latex, markdown
from samefeatures.report.grid import count, grids, number, penalty, signed
from samefeatures.study.results import MethodSummary, StudyResults


def test_rows_are_sources_and_columns_targets(good: StudyResults) -> None:
    grid = grids(good)[0]
    cell = grid.rows[0][2]
    assert cell is not None
    assert (cell.source, cell.target, cell.top1) == ("net_a", "net_c", 88.0)
    assert len(grid.hybrids) == 6
    assert len(grid.scored) == 9


def test_the_order_of_the_cells_does_not_matter(good: StudyResults) -> None:
    shuffled = dataclasses.replace(good, cells=good.cells[::-1])
    assert grids(shuffled) == grids(good)


def test_a_missing_cell_stays_missing(good: StudyResults) -> None:
    ridge = grids(good)[1]
    assert ridge.rows[0][2] is None
    assert len(ridge.hybrids) == 5


def test_labels_carry_options(good: StudyResults) -> None:
    assert [grid.label for grid in grids(good)] == ["ols", "ridge (alpha 0.01)", "logit", "naive"]


def test_a_method_that_is_only_in_the_cells_is_shown(good: StudyResults) -> None:
    fewer = dataclasses.replace(good, methods=good.methods[:1])
    assert [grid.method for grid in grids(fewer)] == ["ols", "ridge", "logit", "naive"]


def test_file_names_are_safe_and_distinct(good: StudyResults) -> None:
    names = ["weak ridge", "weak/ridge", "Weak_Ridge", "../..", "ols"]
    methods = tuple(MethodSummary(name=name, options={}) for name in names)
    odd = dataclasses.replace(good, methods=methods, cells=())
    slugs = [grid.slug for grid in grids(odd)]
    assert slugs == ["weak_ridge", "weak_ridge_2", "Weak_Ridge_3", "method", "ols"]


@pytest.mark.parametrize(
    ("value", "text", "with_sign"),
    [
        (79.566, "79.57", "+79.57"),
        (-1.014, "−1.01", "−1.01"),
        (-0.001, "0.00", "0.00"),
        (0.001, "0.00", "0.00"),
        (0.276, "0.28", "+0.28"),
        (math.nan, "–", "–"),
        (math.inf, "–", "–"),
    ],
)
def test_numbers(value: float, text: str, with_sign: str) -> None:
    assert number(value) == text
    assert signed(value) == with_sign


def test_control_characters_become_visible() -> None:
    assert plain("a\x1b[31mb\nc") == r"a\x1b[31mb\nc"


def test_penalty_is_the_loss_and_nothing_on_the_diagonal(make: Callable[..., StudyResults]) -> None:
    grid = grids(make({"ols": [[80.0, 60.0], [70.0, 50.0]]}))[0]
    assert penalty(grid.rows[0][1]) == pytest.approx(25)
    assert penalty(grid.rows[1][0]) == pytest.approx(-40)
    assert penalty(grid.rows[0][0]) == 0
    assert math.isnan(penalty(None))


def test_spaces_of_every_width_are_shown_and_nothing_else_that_does_not_print() -> None:
    """Thousands are apart by a narrow space; Japanese names by a wide one."""
    for text in (count(12_345), "ネット\N{IDEOGRAPHIC SPACE}甲", "a\N{NO-BREAK SPACE}b"):
        assert plain(text) == text
        assert markdown.escape(text) == text
        assert latex.escape(text) == re.sub(r"\s", " ", text)
    odd = "a\N{LINE SEPARATOR}b\tc\x85\N{RIGHT-TO-LEFT OVERRIDE}"
    assert plain(odd) == r"a\u2028b\tc\x85\u202e"
