"""The circles: colours cover what the numbers say, and what can't be drawn is said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from samefeatures.base.errors import ReportError
from samefeatures.report.venn import COLOURS, caption, draw, draw_overlaps, innermost_divisor
from samefeatures.scores.overlap import REGIONS, Overlap


def make_overlap(*counts: int, **fields: str) -> Overlap:
    """Counts in the order of ``REGIONS``."""
    names = {"method": "ols", "source": "net_a", "target": "net_b", **fields}
    return Overlap(**names, n=sum(counts), regions=dict(zip(REGIONS, counts, strict=True)))


# Nearly symmetric, so that three circles can have these areas.
EVEN = (900, 260, 255, 250, 300, 310, 305, 40)
# No three circles have these.
HOLE = (13, 0, 76, 0, 1, 0, 650, 5)
# all three, s+h, t+h, s+t, s, t, h, none
PAPER_LIKE = (35_200, 2_660, 900, 1_800, 1_400, 1_122, 1_300, 5_618)


def colours_of(path: Path) -> dict[str, int]:
    with Image.open(path) as image:
        found = image.convert("RGB").getcolors(1 << 24) or []
    return {"#{:02x}{:02x}{:02x}".format(*colour): count for count, colour in found}


def stated_error(text: str) -> float:
    return float(text.split("more than ")[1].split(" %", maxsplit=1)[0])


def check_shares(png: Path, text: str, regions: Mapping[str, int]) -> None:
    """The pixels of every region are as near to scale as the caption says."""
    pixels = colours_of(png)
    covered = sum(pixels[colour] for colour in COLOURS.values())
    total = sum(regions[name] for name in COLOURS)
    for name, colour in COLOURS.items():
        error = 100 * abs(pixels[colour] / covered - regions[name] / total)
        # Lines, numbers and the key's squares cost some pixels.
        assert error < stated_error(text) + 1.5, name


def test_pixels_are_in_proportion_to_the_counts(tmp_path: Path) -> None:
    overlap = make_overlap(*EVEN)
    (png, _, _), text = draw_overlaps([overlap], tmp_path, "venn")
    check_shares(png, text, overlap.regions)
    assert "Areas are to scale" in text
    assert stated_error(text) < 2.5


def test_the_innermost_region_is_a_tenth_where_it_would_fill_the_figure(tmp_path: Path) -> None:
    overlap = make_overlap(*PAPER_LIKE)
    assert innermost_divisor(overlap) == 10
    assert innermost_divisor(make_overlap(*EVEN)) == 1
    (png, _, _), text = draw_overlaps([overlap], tmp_path, "venn")
    assert "scaled down by a factor of 10 for readability, as in the paper" in text
    check_shares(png, text, {**overlap.regions, "all three": 3_520})
    assert stated_error(text) < 8


def test_every_number_is_in_the_key(tmp_path: Path) -> None:
    (_, svg, _), _ = draw_overlaps([make_overlap(*PAPER_LIKE)], tmp_path, "venn")
    text = svg.read_text()
    for count in ("35\u202f200", "2\u202f660", "900", "5\u202f618", "41\u202f060"):
        assert count in text, count
    assert "net_a → net_b" in text
    assert "stroke-dasharray" in text


def test_figures_are_the_same_each_time_and_leave_no_trace(tmp_path: Path) -> None:
    overlaps = [make_overlap(*EVEN), make_overlap(*PAPER_LIKE, source="net_b", target="net_a")]
    first, _ = draw_overlaps(overlaps, tmp_path, "one")
    second, _ = draw_overlaps(overlaps, tmp_path, "two")
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes()
    from matplotlib import pyplot

    assert pyplot.get_fignums() == []


@pytest.mark.parametrize("overlaps", [1, 2])
def test_no_text_leaves_the_page(overlaps: int) -> None:
    names = {"source": "a_network_with_a_rather_long_name", "target": "another_of_these_long_names"}
    figure, _ = draw([make_overlap(*PAPER_LIKE, **names)] * overlaps)
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    canvas.draw()  # type: ignore[no-untyped-call]
    page = figure.bbox
    for text in [*figure.texts, *(t for axes in figure.axes for t in axes.texts)]:
        box = text.get_window_extent()
        assert page.x0 <= box.x0 <= box.x1 <= page.x1, text.get_text()
        assert page.y0 <= box.y0 <= box.y1 <= page.y1, text.get_text()


def test_circles_that_do_not_exist_are_refused_in_words() -> None:
    hole = make_overlap(*HOLE)
    with pytest.raises(ReportError, match="can't be drawn as three circles"):
        draw([hole])


def test_circles_that_mislead_are_refused_with_their_error() -> None:
    with pytest.raises(ReportError, match=r"three circles miss its areas by \d+ % of the whole"):
        draw([make_overlap(10, 300, 0, 300, 10, 10, 10, 5)])


def test_nothing_to_draw_is_said() -> None:
    with pytest.raises(ReportError, match="nothing to draw"):
        draw([make_overlap(0, 0, 0, 0, 0, 0, 0, 5)])


def test_the_caption_says_where_only_one_panel_is_scaled() -> None:
    text = caption([make_overlap(*EVEN), make_overlap(*PAPER_LIKE)], 1.0)
    assert "factor of 10, where it would fill the circles," in text
