"""Strengths that were chosen: what is drawn, what is said, and their places in the report."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from samefeatures.report.html import page
from samefeatures.report.markdown import document
from samefeatures.report.strengths import HEADING, strengths_of
from samefeatures.report.strengths_figure import draw, picture
from samefeatures.report.write import write_report
from samefeatures.study.results import FitSummary, StudyResults

ALPHAS = (0.01, 1.0, 100.0)
LEFT = {
    ("net_a", "net_b"): (0.5, 0.2, 0.9),
    ("net_b", "net_a"): (0.1, 0.3, 0.8),
    ("net_a", "net_c"): (9.0, 0.6, 0.7),
}


def fit(pair: tuple[str, str], left: tuple[float, ...]) -> FitSummary:
    path = tuple(zip(ALPHAS, left, strict=True))
    alpha = ALPHAS[left.index(min(left))]
    return FitSummary(method="ridge", source=pair[0], target=pair[1], alpha=alpha, path=path)


@pytest.fixture
def chosen(make: Callable[..., StudyResults]) -> StudyResults:
    table = [[90.0, 89.0, 88.0], [91.5, 92.0, 91.0], [92.9, 93.1, 94.0]]
    fits = [fit(pair, left) for pair, left in LEFT.items()]
    fits.append(FitSummary(method="ols", source="net_a", target="net_b"))
    options = {"ridge": {"alpha": "auto", "folds": 5}}
    return make({"ols": table, "ridge": table}, fits=fits, options=options)


def test_every_map_their_median_and_the_choices_are_drawn(chosen: StudyResults) -> None:
    (found,) = strengths_of(chosen)
    (axes,) = picture(found).axes
    drawn = [tuple(line.get_ydata()) for line in axes.lines]
    expected = [tuple(1 - x for x in left) for left in LEFT.values()]
    assert drawn == [pytest.approx(line) for line in (*expected, (0.5, 0.7, 0.2))]
    dots = axes.collections[0].get_offsets()
    assert [tuple(dot) for dot in dots] == [
        pytest.approx(at) for at in ((1.0, 0.8), (0.01, 0.9), (1.0, 0.4))
    ]
    assert axes.get_ylim()[0] == -0.1, "an R² of -8 would leave no room for the others"
    assert axes.get_xscale() == "log"


def test_the_caption_says_what_was_chosen(chosen: StudyResults) -> None:
    (found,) = strengths_of(chosen)
    assert "thin: 3 maps, thick: the median" in found.says
    assert "chosen, 0.01 to 1 (median 1), with R² of 0.800 in the median." in found.says
    (alone,) = strengths_of(replace(chosen, fits=chosen.fits[:1]))
    assert "thin: one map" in alone.says
    assert "chosen, 1, with R² of 0.800" in alone.says


def test_the_files_are_the_same_bytes_each_time(chosen: StudyResults, tmp_path: Path) -> None:
    (found,) = strengths_of(chosen)
    for folder in (tmp_path / "1", tmp_path / "2"):
        folder.mkdir()
        names = [f"strengths_ridge{ending}" for ending in (".png", ".svg", ".pdf")]
        assert [path.name for path in draw(found, folder)] == names
    for path in (tmp_path / "1").iterdir():
        assert path.read_bytes() == (tmp_path / "2" / path.name).read_bytes()


def test_they_stand_in_the_report_and_in_no_other(
    chosen: StudyResults, good: StudyResults, tmp_path: Path
) -> None:
    names = {path.name for path in write_report(chosen, tmp_path)}
    assert {"strengths_ridge.png", "strengths_ridge.svg", "strengths_ridge.pdf"} <= names
    text = (tmp_path / "report.html").read_text()
    assert HEADING in text
    assert len(re.findall(r'<img src="data:image/svg\+xml;base64,', text)) == 1
    (found,) = strengths_of(chosen)
    assert found.says in text
    assert f"## {HEADING}: ridge (alpha auto, folds 5)" in document(chosen)
    assert found.says in document(chosen)
    for other in (page(good), document(good)):
        assert HEADING not in other
    assert not {path.name for path in write_report(good, tmp_path)} & {"strengths_ridge.png"}
    assert not (tmp_path / "strengths_ridge.png").exists()


def test_paths_come_back_with_the_results(chosen: StudyResults, tmp_path: Path) -> None:
    chosen.save(tmp_path / "study.json")
    assert StudyResults.load(tmp_path / "study.json").fits == chosen.fits
