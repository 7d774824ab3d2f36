"""Pictures: the same bytes each time, no text on another, text that stays text."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Bbox
from PIL import Image

from samefeatures.report.drawing import DOTS_PER_INCH, MUTED
from samefeatures.report.figure import draw, picture
from samefeatures.report.grid import Grid, grids
from samefeatures.report.plate import CELL
from samefeatures.report.shading import background, shade
from samefeatures.study.results import StudyResults

Make = Callable[..., StudyResults]


def boxes(grid: Grid) -> tuple[list[tuple[str, float, Bbox]], Bbox]:
    """Every text with its angle and its box, and that of the page, in pixels."""
    figure = picture(grid)
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    canvas.draw()  # type: ignore[no-untyped-call]
    (axes,) = figure.axes
    found = [(t.get_text(), float(t.get_rotation()), t.get_window_extent()) for t in axes.texts]
    return found, Bbox(figure.bbox.get_points())


@pytest.mark.parametrize("count", [1, 2, 3, 10, 15])
@pytest.mark.parametrize("name", ["n{}", "a_network_with_a_rather_long_name_{}"])
def test_no_text_overlaps_another_or_leaves_the_page(make: Make, count: int, name: str) -> None:
    table = [[100.0 if i == j else 0.5 for j in range(count)] for i in range(count)]
    results = make({"ridge": table}, [name.format(i) for i in range(count)])
    texts, page = boxes(grids(results)[0])
    for text, _, box in texts:
        assert page.x0 <= box.x0 <= box.x1 <= page.x1, text
        assert page.y0 <= box.y0 <= box.y1 <= page.y1, text
    # Slanted names lie side by side: their upright boxes cross, they themselves do not.
    slanted = [box for _, angle, box in texts if angle == 45]
    level = [(text, box) for text, angle, box in texts if angle != 45]
    for (one, a), (other, b) in itertools.combinations(level, 2):
        assert not a.overlaps(b), (one, other)
    for head, (text, box) in itertools.product(slanted, level):
        assert not head.overlaps(box), text
    assert len(slanted) == count


def test_marks_stand_in_the_cells_and_in_the_legend(unsure: StudyResults, tmp_path: Path) -> None:
    texts, page = boxes(grids(unsure)[0])
    shown = [text for text, _, _ in texts]
    assert {"79.80ᵗ", "−0.25", "79.60", "−0.50ˢ"} <= set(shown)
    assert {"80.00", "0.00"} <= set(shown)  # no mark on the diagonal
    assert any("ᵗ not significantly different from the target's" in text for text in shown)
    for text, _, box in texts:
        assert page.x0 <= box.x0 <= box.x1 <= page.x1, text
    for (one, _, a), (other, _, b) in itertools.combinations(texts, 2):
        if "net" not in one + other:
            assert not a.overlaps(b), (one, other)


def test_slanted_names_keep_their_distance(make: Make) -> None:
    texts, _ = boxes(grids(make({"ols": [[50.0] * 3] * 3}))[0])
    left = [box.x0 for _, angle, box in texts if angle == 45]
    height = min(box.height for _, angle, box in texts if angle == 0)
    assert (left[1] - left[0]) * 0.7071 > 1.2 * height


def test_pictures_are_the_same_each_time(good: StudyResults, tmp_path: Path) -> None:
    grid = grids(good)[1]
    first = [path.read_bytes() for path in draw(grid, tmp_path, "one")]
    second = [path.read_bytes() for path in draw(grid, tmp_path, "two")]
    assert first == second


def test_pdf_says_no_date_and_embeds_its_letters(unsure: StudyResults, tmp_path: Path) -> None:
    pdf = draw(grids(unsure)[0], tmp_path, "table")[2].read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert not re.search(rb"Date|Creator|Producer|matplotlib", pdf, re.IGNORECASE)
    assert b"/Subtype /Type3" not in pdf.replace(b"\n", b" ")
    assert b"/FontFile2" in pdf


@pytest.mark.parametrize(("count", "shown"), [(16, "70.5"), (26, "71"), (40, "71"), (41, None)])
def test_many_networks_have_a_figure_for_paper(make: Make, count: int, shown: str | None) -> None:
    """One number a cell, at the size of a page: letters of 5 points, or none."""
    names = [f"network_of_some_length_{i}" for i in range(count)]
    table = [[80.0 if i == j else 70.54 for j in range(count)] for i in range(count)]
    found = make({"ols": table}, names)
    unsure = replace(found.cells[1], p_vs_target=1.0)
    grid = grids(replace(found, cells=(found.cells[0], unsure, *found.cells[2:])))[0]
    figure = picture(grid)
    (axes,) = figure.axes
    texts = [text.get_text() for text in axes.texts]
    numbers = [text for text in axes.texts if re.fullmatch(r"\d+(\.\d)?", text.get_text())]
    cells = [text for text in numbers if text.get_text() == shown]
    if shown is None:
        assert not any("70" in text or "71" in text for text in texts)
        assert not any("talic" in text for text in texts)
    else:
        assert len(cells) == count * (count - 1)
        assert figure.get_size_inches()[0] <= 7.05
        assert min(text.get_fontsize() for text in cells) >= 5
        assert [text.get_style() for text in cells].count("italic") == 1
        assert any(text.startswith("Italic: not significantly") for text in texts)
    figure.canvas.draw()  # type: ignore[no-untyped-call]
    page = Bbox(figure.bbox.get_points())
    for text in axes.texts:
        box = text.get_window_extent()
        assert page.x0 <= box.x0 <= box.x1 <= page.x1, text
        assert page.y0 <= box.y0 <= box.y1 <= page.y1, text
    upright = [t.get_window_extent() for t in axes.texts if t.get_rotation() == 90]
    for one, other in itertools.pairwise(upright[1:]):
        assert not one.overlaps(other)


def test_svg_text_stays_text(published: StudyResults, tmp_path: Path) -> None:
    _, svg, _ = draw(grids(published)[0], tmp_path, "table")
    texts = [
        "".join(node.itertext()).strip()
        for node in ET.parse(svg).iter("{http://www.w3.org/2000/svg}text")
    ]
    for cell in published.cells:
        assert f"{cell.top1:.2f}" in texts
    assert texts.count("inception_resnet_v2") == 2
    assert "−11.60" in texts
    assert "date" not in svg.read_text().lower().split("<g", 1)[0]


def test_names_are_no_formulas_and_no_markup(nasty: StudyResults, tmp_path: Path) -> None:
    _, svg, _ = draw(grids(nasty)[0], tmp_path, "table")
    text = "".join(ET.parse(svg).getroot().itertext())
    for network in nasty.networks:
        assert text.count(network.name) == 2


def test_png_shades_the_loss_and_not_the_gain(make: Make, tmp_path: Path) -> None:
    grid = grids(make({"ols": [[50.0, 5.0], [60.0, 50.0]]}))[0]
    png, _, _ = draw(grid, tmp_path, "table")
    with Image.open(png) as image:
        assert image.width < 2000
        colours = image.convert("RGB").getcolors(1 << 24) or []
    pixels = {colour: count for count, colour in colours}
    filled = background(shade(90))
    dark = tuple(int(filled[i : i + 2], 16) for i in (1, 3, 5))
    one_cell = CELL[0] * CELL[1] * DOTS_PER_INCH**2
    assert 0.7 * one_cell < pixels[dark] <= one_cell
    # White fills the page, the gain and the diagonal; no blue but that of the loss fills a cell.
    muted = tuple(int(MUTED[i : i + 2], 16) for i in (1, 3, 5))  # of text
    blues = {c: n for c, n in pixels.items() if is_blue(c) and c not in (dark, muted)}
    assert max(blues.values()) < 0.3 * one_cell


def is_blue(colour: object) -> bool:
    assert isinstance(colour, tuple)
    return bool(colour[2] - colour[0] > 20)


def test_global_settings_are_left_alone(good: StudyResults, tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    draw(grids(good)[0], tmp_path, "table")
    assert dict(mpl.rcParams) == before


def test_rows_of_answers_and_pixels_stand_under_the_table(spaced: StudyResults) -> None:
    texts, page = boxes(grids(spaced)[0])
    shown = [text for text, _, _ in texts]
    assert "net_a: its answers alone" in shown
    assert shown.count("pixels") == 1
    assert shown.count("30.00") == 3
    for text, _, box in texts:
        assert page.x0 <= box.x0 <= box.x1 <= page.x1, text
        assert page.y0 <= box.y0 <= box.y1 <= page.y1, text
    level = [(text, box) for text, angle, box in texts if angle != 45]
    for (one, a), (other, b) in itertools.combinations(level, 2):
        assert not a.overlaps(b), (one, other)
    assert "pixels" not in [text for text, _, _ in boxes(grids(spaced)[1])[0]]
