"""Where nothing was counted, every medium shows the first measure instead of empty tables."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

import samefeatures as sf
from samefeatures.report import html, latex, markdown
from samefeatures.report.figure import picture
from samefeatures.report.grid import grids, lacking
from samefeatures.report.plate import CELL
from samefeatures.report.sentences import sentences
from samefeatures.report.terminal import print_tables
from samefeatures.report.tiles import of_grid
from samefeatures.study.results import StudyResults

RNG = np.random.default_rng(2)
Z = RNG.normal(size=(300, 4))
SPACES = {
    name: (Z @ RNG.normal(size=(4, d)) + 0.5 * RNG.normal(size=(300, d))).astype(np.float32)
    for name, d in {"a": 5, "b": 7, "c": 3}.items()
}


@pytest.fixture(scope="module")
def results() -> StudyResults:
    return sf.compare(SPACES, methods=[sf.OLS()])


def test_the_first_measure_leads(results: StudyResults) -> None:
    (grid,) = grids(results)
    assert grid.leading is not None
    assert grid.leading.name == "r2"
    assert not grid.scored
    assert len(grid.pairs) == 6
    assert grid.n == 60
    cell = results.table("ols")["a", "b"]
    assert lacking(cell, grid.leading) == pytest.approx(100 * (1 - cell.r2))
    counted = sf.compare(SPACES, heads={"a": (np.eye(5), np.zeros(5))}, labels=np.arange(300) % 5)
    assert [grid.leading for grid in grids(counted)] == [None, None]


def test_every_medium_shows_it(results: StudyResults) -> None:
    (grid,) = grids(results)
    r2 = results.table("ols")["a", "b"].r2
    assert f"| **a** | 1.000 | {r2:.3f} |" in markdown.document(results)
    assert f"{r2:.2f}" in latex.table(grid)
    assert "top-1" not in latex.table(grid)
    tile = of_grid(grid)[0][1]
    assert tile is not None
    assert tile.large == f"{r2:.2f}"
    assert tile.darkness > 0
    text = io.StringIO()
    print_tables(results, Console(file=text, width=80))
    assert re.search(rf"^1 a \[1.000\] +{r2:.3f} ", text.getvalue(), re.MULTILINE)
    assert "change vs source %" not in text.getvalue()


def test_the_page_has_measures_alone(results: StudyResults) -> None:
    page = html.page(results)
    shown = re.findall(r'data-metric="(\w+)"', page)
    assert shown == ["r2", "cosine", "cka"]
    assert f"{results.table('ols')['a', 'b'].r2:.3f}" in page
    assert json.dumps("NaN") not in page


def test_sentences_say_what_there_is(results: StudyResults) -> None:
    first, second = sentences(results)
    assert first.startswith("R² of mapped against true features runs from")
    assert second.startswith("No right answer was counted, for want of heads or of labels")


def test_a_measure_far_below_its_scale_stays_in_its_cell(results: StudyResults) -> None:
    """A map by heads that hardly differ has an R² of −10¹⁵."""
    wide = iter([-2181568507797134.75, -50625.6, -1234.567, -999.99, 0.64, -14.04])
    cells = tuple(
        c if c.source == c.target else replace(c, measures={**c.measures, "r2": next(wide)})
        for c in results.cells
    )
    (grid,) = grids(replace(results, cells=cells))
    texts = ["−2.2e15", "−50626", "−1235", "−999.99", "0.64", "−14.04"]
    assert [tile.large for row in of_grid(grid) for tile in row if tile and not tile.own] == texts
    figure = picture(grid)
    figure.canvas.draw()
    (axes,) = figure.axes
    drawn = {t.get_text(): t.get_window_extent().width for t in axes.texts}
    assert max(drawn[text] for text in texts) < CELL[0] * figure.dpi
    found = replace(results, cells=cells)
    tables = (markdown.table(grid), latex.table(grid).replace("$-$", "−"))
    for text in (*tables, " ".join(sentences(found))):
        assert "−2.2e15" in text
        assert "218156850779" not in text
    page = html.page(found)  # which has the number as it is in what it saves
    assert '<span class="large">−2.2e15</span>' in page
    assert "−218156850779" not in page
