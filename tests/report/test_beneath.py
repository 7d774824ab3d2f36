"""Answers alone and pixels stand under the table, in every medium."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from spaces_by_hand import with_spaces
from test_html import Tags
from test_latex import compile_tex
from test_markdown import render
from test_terminal import printed

from samefeatures.report import latex, markdown
from samefeatures.report.beneath import HEADING, about, beneath
from samefeatures.report.grid import grids, written
from samefeatures.report.html import page
from samefeatures.report.summary import numbers
from samefeatures.study.results import StudyResults


def test_a_row_for_each_source_and_one_of_pixels(spaced: StudyResults) -> None:
    lines = beneath(spaced)
    assert [line.label for line in lines] == [
        "net_a: its answers alone",
        "net_b: its answers alone",
        "net_c: its answers alone",
        "pixels",
    ]
    own = {net.name: net.top1 for net in spaced.networks}
    for i, line in enumerate(lines[:3]):
        assert line.cells[i] is None
        for cell in filter(None, line.cells):
            assert cell.row.top1 == own[f"net_{'abc'[i]}"]
            assert written(cell) == (f"{cell.row.top1:.2f}", "0.00")
    assert [written(cell) for cell in lines[3].cells] == [("30.00", "")] * 3


def test_they_stand_under_the_first_fitted_method_alone(
    spaced: StudyResults, controlled: StudyResults
) -> None:
    found = [bool(grid.beneath) for grid in grids(spaced)]
    assert found == [True, *([False] * (len(found) - 1))]
    assert not any(grid.beneath for grid in grids(controlled))


def test_medians_of_the_table_do_not_count_them(
    spaced: StudyResults, controlled: StudyResults
) -> None:
    with_them, without = (numbers(grids(results)[0]) for results in (spaced, controlled))
    assert with_them.change_over_maps == without.change_over_maps
    assert with_them.hybrids == without.hybrids == 6


def test_rows_in_every_medium(spaced: StudyResults) -> None:
    for text in (Tags(page(spaced)).text, render(markdown.document(spaced)), printed(spaced)):
        assert text.count("its answers alone") >= 3
        assert "30.00" in text
        assert "the source's answers alone (its predicted class" in " ".join(text.split())
    for text in (Tags(page(spaced)).text, printed(spaced)):
        assert HEADING in " ".join(text.split())
    assert r"\textit{net\_b: its answers alone}" in latex.table(grids(spaced)[0])
    assert "answers" not in latex.table(grids(spaced)[1])


def test_the_page_tells_all_of_a_row_under_the_table(spaced: StudyResults) -> None:
    text = page(spaced)
    assert "net_a: its answers alone → net_b\nCorrect: 9\N{NARROW NO-BREAK SPACE}000 of" in text
    assert "Change vs net_a itself: 0.00 %" in text
    assert "pixels → net_c" in text
    assert "Change vs None" not in text


def test_latex_of_them_compiles(spaced: StudyResults, tmp_path: Path) -> None:
    assert "Overfull" not in compile_tex(tmp_path, [latex.table(grids(spaced)[0])])


@pytest.mark.parametrize("lost", [0.0, 40.0])
def test_answers_that_lose_are_shaded(make: Callable[..., StudyResults], lost: float) -> None:
    results = with_spaces(make({"ols": [[80.0, 80.0], [80.0, 80.0]]}), lost=lost)
    assert (r"\cellcolor" in latex.table(grids(results)[0])) is (lost > 0)


def test_what_stands_there_is_what_is_told(spaced: StudyResults) -> None:
    lines = beneath(spaced)
    assert about(lines).endswith(
        "(its predicted class and nothing else), and the pixels of the image."
    )
    assert about(lines[:3]).endswith("(its predicted class and nothing else).")
    assert about(lines[3:]).endswith("as they are: the pixels of the image.")
    assert about(()) == ""
