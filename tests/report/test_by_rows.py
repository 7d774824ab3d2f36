"""How many images, in words and as a picture: what the numbers carry, and no more."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from samefeatures.report import by_rows_figure
from samefeatures.report.by_rows import by_rows_listing, means
from samefeatures.report.markdown import document
from samefeatures.report.write import write_report
from samefeatures.study.results import ByRows, RowsForecast, RowsPoint, StudyResults
from samefeatures.study.study import Study

R2 = {("ols", 5): 0.3, ("ols", 9): -2.5, ("ols", 1500): 0.6, ("ridge", 5): 0.1}
R2 |= {("ridge", 9): 0.05, ("ridge", 1500): 0.7}
POINTS = tuple(
    RowsPoint(
        method=method, rows=rows, seed=seed, change=-10 * r2 + seed, loss=None,
        r2=r2 + 0.02 * seed, r2_beyond_answers=None,
    )
    for (method, rows), r2 in R2.items()
    for seed in (range(2) if rows < 1500 else range(1))
)  # fmt: skip
FORECASTS = (
    RowsForecast(
        method="ols", value="r2", since=9, limit=0.8, exponent=0.5, tested_at=1500, found=0.6,
        predicted=0.59, rows=15_000, expected=0.75, low=0.7, high=0.8,
    ),
    RowsForecast(method="ridge", value="r2", poor="it does not rise"),
    RowsForecast(method="ridge", value="change", poor="it does not rise"),
)  # fmt: skip


@pytest.fixture
def results(npz_study: Study) -> StudyResults:
    """Three networks of 7 to 11 features, with a curve made by hand."""
    return replace(npz_study.score(), by_rows=ByRows(points=POINTS, forecasts=FORECASTS))


def test_the_list_says_what_the_numbers_carry(results: StudyResults) -> None:
    found = by_rows_listing(results)
    assert found is not None
    says = " ".join(found.says)
    assert "means over 2 random orders" in says
    assert "ols is worst with 9 rows (R² −2.490, 0.310 with 5)" in says
    assert "ridge is worst" not in says, "it has a strength"
    assert "(15,000 rows) expect 0.750 (0.700 to 0.800)" in says
    assert "below 1,500 rows says 0.590 there, and 0.600 was found" in says
    assert found.heads == ("Method", "Fit rows", "Change vs source, %", "R²")
    assert found.rows[2] == ("ols", "1,500", "−6.00", "0.600")
    (note,) = found.notes
    assert note == (
        "Nothing is expected of more images for ridge, R²; ridge, change vs source, %: it does not "
        "rise."
    )
    assert means(ByRows(points=POINTS), "ols", "r2") == pytest.approx(
        {5: 0.31, 9: -2.49, 1500: 0.6}
    )


def test_without_a_curve_there_is_nothing(results: StudyResults, tmp_path: Path) -> None:
    without = replace(results, by_rows=None)
    assert by_rows_listing(without) is None
    assert by_rows_figure.draw(without, tmp_path) == []
    assert "How many images?" not in document(without)


def test_the_report_has_list_and_figure(results: StudyResults, tmp_path: Path) -> None:
    names = [path.name for path in write_report(results, tmp_path)]
    assert {"by_rows.png", "by_rows.svg", "by_rows.pdf"} <= set(names)
    assert "## How many images?" in (tmp_path / "tables.md").read_text()
    page = (tmp_path / "report.html").read_text()
    assert 'id="by-rows"' in page
    assert by_rows_figure.TITLE in page
    assert "R² falls" not in page
    drawn = (tmp_path / "by_rows.png").read_bytes()
    by_rows_figure.draw(results, tmp_path)
    assert (tmp_path / "by_rows.png").read_bytes() == drawn, "same numbers, same bytes"


def test_records_come_back(results: StudyResults, tmp_path: Path) -> None:
    results.save(tmp_path / "study.json")
    assert StudyResults.load(tmp_path / "study.json").by_rows == results.by_rows
    kept = json.loads((tmp_path / "study.json").read_text())
    kept.pop("by_rows")
    kept.pop("sha256")
    (tmp_path / "old.json").write_text(json.dumps(kept))
    assert StudyResults.load(tmp_path / "old.json").by_rows is None


def at_sizes(*sizes: int) -> ByRows:
    return ByRows(
        points=tuple(
            RowsPoint(
                method="ols", rows=rows, seed=0, change=None, loss=None, r2=0.001 * rows,
                r2_beyond_answers=None,
            )
            for rows in sizes
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sizes", "told"), [((60, 150, 300), ["100", "200"]), ((60, 600, 6000), ["100", "1,000"])]
)
def test_an_axis_has_more_than_one_number(sizes: tuple[int, ...], told: list[str]) -> None:
    (axes,) = by_rows_figure.picture(at_sizes(*sizes), [55]).axes
    low, high = axes.get_xlim()
    text = axes.xaxis.get_major_formatter()
    assert [text(tick) for tick in axes.get_xticks() if low <= tick <= high] == told


def test_lines_at_the_features_have_a_key() -> None:
    (axes,) = by_rows_figure.picture(at_sizes(100, 200), [150, 55, 150]).axes
    upright = [line for line in axes.lines if len(set(line.get_xdata())) == 1]
    assert [line.get_xdata()[0] for line in upright] == [55, 150]
    told = axes.get_legend()
    assert [text.get_text() for text in told.get_texts()] == ["ols", "features of a network"]
    assert told.legend_handles[-1].get_color() == upright[0].get_color()
