"""Loss curves: the numbers drawn, the same bytes each time, and their place in the page."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from samefeatures.report.curves import curves_of, draw, picture
from samefeatures.report.html import page
from samefeatures.report.write import write_report
from samefeatures.study.results import CurveSummary, FitSummary, StudyResults

PAIRS = [("net_a", "net_b"), ("net_b", "net_a"), ("net_a", "net_c")]


def curve(method: str, pair: tuple[str, str], unit: str, *losses: float) -> CurveSummary:
    return CurveSummary(
        method=method,
        source=pair[0],
        target=pair[1],
        unit=unit,
        at=tuple(range(1, len(losses) + 1)),
        loss=losses,
    )


@pytest.fixture
def fitted(make: Callable[..., StudyResults]) -> StudyResults:
    table = [[90.0, 89.0, 88.0], [91.5, 92.0, 91.0], [92.9, 93.1, 94.0]]
    passes = [(0.3, 0.21, 0.2), (0.5, 0.41, 0.402, 0.4), (0.11, 0.1)]
    batches = [(2.0, 0.5, 0.3), (2.1, 0.7, 0.5), (1.9, 0.4, 0.2)]
    curves = [curve("cosine", pair, "pass", *v) for pair, v in zip(PAIRS, passes, strict=True)]
    curves += [curve("adam", pair, "batch", *v) for pair, v in zip(PAIRS, batches, strict=True)]
    fits = [
        FitSummary(
            method=c.method, source=c.source, target=c.target, steps=len(c.loss), loss=c.loss[-1]
        )
        for c in curves
    ]
    return make({"ols": table, "cosine": table, "adam": table}, fits=fits, curves=tuple(curves))


def test_what_is_drawn_are_the_curves_and_their_median(fitted: StudyResults) -> None:
    cosine, adam = curves_of(fitted)
    (axes,) = picture(adam).axes
    drawn = [tuple(line.get_ydata()) for line in axes.lines]
    assert drawn == [c.loss for c in adam.curves] + [(2.0, 0.5, 0.3)]
    (axes,) = picture(cosine).axes
    drawn = [tuple(line.get_ydata()) for line in axes.lines]
    # The end itself has no place on a logarithmic axis; maps that have ended count as 0.
    assert drawn[0] == pytest.approx((50, 5))
    assert drawn[1] == pytest.approx((25, 2.5, 0.5))
    assert drawn[2] == pytest.approx((10,))
    assert drawn[3] == pytest.approx((25, 2.5))


def test_the_caption_gives_steps_and_losses(fitted: StudyResults) -> None:
    cosine, adam = curves_of(fitted)
    assert "2 to 4 (median 3) passes" in cosine.says
    assert "final loss 0.1 to 0.4 (median 0.2)" in cosine.says
    assert "3 batches" in adam.says


def test_the_files_are_the_same_bytes_each_time(fitted: StudyResults, tmp_path: Path) -> None:
    (found, _) = curves_of(fitted)
    first, second = tmp_path / "1", tmp_path / "2"
    for folder in (first, second):
        folder.mkdir()
        names = [f"curve_cosine{ending}" for ending in (".png", ".svg", ".pdf")]
        assert [p.name for p in draw(found, folder)] == names
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()
    texts = {t.text for t in ET.parse(first / "curve_cosine.svg").iter() if t.tag.endswith("text")}
    assert {"pass over the fit rows", "loss above its end, %"} <= texts


def test_no_label_leaves_the_picture_or_meets_another(fitted: StudyResults) -> None:
    for found in curves_of(fitted):
        figure = picture(found)
        canvas = figure.canvas
        assert isinstance(canvas, FigureCanvasAgg)
        canvas.draw()  # type: ignore[no-untyped-call]
        (axes,) = figure.axes
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            shown = [
                label.get_window_extent()
                for place, label in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
                if low <= place <= high and label.get_text()
            ]
            assert len(shown) >= 2
            for i, box in enumerate(shown):
                assert figure.bbox.x0 <= box.x0 <= box.x1 <= figure.bbox.x1
                assert figure.bbox.y0 <= box.y0 <= box.y1 <= figure.bbox.y1
                assert not any(box.overlaps(other) for other in shown[:i])


def test_the_page_shows_them_and_loads_nothing(fitted: StudyResults, tmp_path: Path) -> None:
    write_report(fitted, tmp_path)
    text = (tmp_path / "report.html").read_text()
    sources = re.findall(r'<img src="data:image/svg\+xml;base64,([^"]+)"', text)
    assert len(sources) == 2
    assert all(ET.fromstring(base64.b64decode(source)) is not None for source in sources)
    assert "Loss of the iterative fits" in text
    assert "Loss of the iterative fits" not in page(fitted)


def test_they_are_written_with_the_report(fitted: StudyResults, tmp_path: Path) -> None:
    names = {path.name for path in write_report(fitted, tmp_path)}
    assert {"curve_cosine.png", "curve_cosine.svg", "curve_adam.png", "curve_adam.svg"} <= names
    assert not {n for n in names if n.startswith("curve_ols")}


def test_results_with_curves_come_back(fitted: StudyResults, tmp_path: Path) -> None:
    fitted.save(tmp_path / "study.json")
    assert StudyResults.load(tmp_path / "study.json").curves == fitted.curves


def test_a_loss_of_nothing_is_drawn_without_complaint(fitted: StudyResults) -> None:
    exact = tuple(curve("cosine", pair, "pass", 0.0) for pair in PAIRS)
    (found,) = curves_of(replace(fitted, curves=exact))
    picture(found).canvas.draw()  # type: ignore[no-untyped-call]
