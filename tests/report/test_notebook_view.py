"""What notebooks show of results and tables: shaded as the page, escaped, small."""

from __future__ import annotations

import math
import pkgutil
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from test_html import Tags

import samefeatures as sf
from samefeatures.base import drawn
from samefeatures.report.html import page
from samefeatures.report.notebook import MOST
from samefeatures.study.results import StudyResults


def shades(text: str) -> list[str]:
    """Class of every cell of the tables, in order."""
    cells = [attrs for attrs in Tags(text).named("td") if "title" in attrs]
    return [str(attrs["class"]) for attrs in cells]


def test_results_show_every_method_shaded_as_on_the_page(good: StudyResults) -> None:
    shown = good._repr_html_()
    assert shades(shown) == shades(page(good))[: 4 * 9]
    assert len(Tags(shown).named("details")) == 1 + 3  # warnings, and all methods but the first
    assert "89.00" in shown
    assert "Median change vs source: −1.10 %" in shown


def test_a_table_is_one_of_them(good: StudyResults) -> None:
    shown = good.table("ridge")._repr_html_()
    assert shades(shown) == shades(page(good))[9:18]
    assert "not scored" in shown  # net_a → net_c
    assert Tags(shown).named("details") == []


def test_nothing_in_a_name_is_markup(nasty: StudyResults) -> None:
    for text in (nasty._repr_html_(), nasty.table("ols")._repr_html_()):
        found = Tags(text)
        assert found.named("script") == []
        assert found.named("img") == []
        assert found.named("i") == []
        assert "x#1$y$z|`q`" in found.text
        assert all(name in str(found.tags) for name in ("a&b_<i>50%</i>", "back\\\\slash"))


def test_control_characters_are_written_out(good: StudyResults) -> None:
    odd = replace(good, title="a\x1b[31m\u202eb", warnings=("\x1b]0;x\x07",))
    shown = odd._repr_html_()
    assert r"a\x1b[31m\u202eb" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_it_asks_for_nothing_and_leaves_the_rest_of_the_notebook_alone(good: StudyResults) -> None:
    """Every rule of its style is for what is inside of it; the theme's colours stay."""
    shown = good._repr_html_()
    assert not re.search(r"@import|url\(|https?://|<script|@media", shown)
    style = shown.split("<style>")[1].split("</style>")[0]
    selectors = [part for rule in re.findall(r"([^{}]+)\{", style) for part in rule.split(",")]
    assert len(selectors) > 40
    assert all(part.strip().startswith(".samefeatures") for part in selectors)


@pytest.mark.parametrize("count", [MOST, MOST + 1])
def test_of_many_networks_one_table(make: Callable[..., StudyResults], count: int) -> None:
    table = [[90.0 - abs(i - j) for j in range(count)] for i in range(count)]
    results = make({"naive": table, "ols": table, "ridge": table})
    shown = results._repr_html_()
    assert len(Tags(shown).named("table")) == (3 if count == MOST else 1)
    assert ("Further tables: naive, ridge" in shown) == (count > MOST)


def test_forty_networks_stay_below_half_a_megabyte(make: Callable[..., StudyResults]) -> None:
    table = [[90.0 - abs(i - j) for j in range(40)] for i in range(40)]
    results = make({"ols": table}, [f"a_network_with_a_long_name_{i}" for i in range(40)])
    assert len(results._repr_html_()) < 500_000


def test_one_network(make: Callable[..., StudyResults]) -> None:
    shown = make({"ols": [[90.0]]})._repr_html_()
    assert "1 network," in shown
    assert shades(shown) == ["s0 own"]


def test_every_kind_that_can_be_shown_has_its_drawer() -> None:
    kinds = {kind.__name__ for kind in drawn.Drawn.__subclasses__()}
    assert kinds == set(drawn._DRAWERS) == {"StudyResults", "Table"}
    for place in drawn._DRAWERS.values():
        assert callable(pkgutil.resolve_name(place))
    assert sf.StudyResults in drawn.Drawn.__subclasses__()


def test_where_nothing_was_scored_the_first_measure_is_shown(
    make: Callable[..., StudyResults],
) -> None:
    found = make({"ols": [[90.0, 60.0], [84.0, 90.0]]})
    nothing = dict.fromkeys(("top1", "change_vs_source_pct", "loss_vs_target_points"), math.nan)
    cells = tuple(
        replace(c, correct=None, correct_top5=None, fixed=None, broken=None, **nothing)
        for c in found.cells
    )
    shown = replace(found, cells=cells)
    for text in (shown._repr_html_(), shown.table("ols")._repr_html_()):
        assert ">0.500<" in text  # the R² of 60 % in these studies made by hand
        assert (
            "R²: R² of mapped against true features of the target. Shade: what is missing to 1"
            in text
        )
        assert "top-1" not in text.split("</table>")[0]
        assert "classifier" not in text
