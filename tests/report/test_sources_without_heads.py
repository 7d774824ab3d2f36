"""What is said of sources without a head: beside the target, and the same in every order."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import replace

import numpy as np
import pytest

import samefeatures as sf
from npz_worlds import CLASSES, make_worlds
from samefeatures.report.figure import picture
from samefeatures.report.grid import MISSING, Grid, grids
from samefeatures.report.html import page
from samefeatures.report.html_cells import METRICS, rows
from samefeatures.report.judged import aside_line
from samefeatures.report.latex import table
from samefeatures.report.sentences import sentences
from samefeatures.report.summary import median_line, numbers, under
from samefeatures.report.tiles import of_grid
from samefeatures.study.results import StudyResults

WORLDS = make_worlds(noise=1.0)
IDLE = np.eye(CLASSES)[0]
"""Bias of a head that says one class of whatever it sees."""
DASHED = re.compile(rf"(^|[ (+−]){MISSING} (%|points)")
ORDERS = list(itertools.permutations("abc"))


def compared(
    heads: str, *, idle: str = "", order: tuple[str, ...] = ("a", "b", "c")
) -> StudyResults:
    """Three spaces that see the same, of which some have heads, and some of these tell nothing."""
    given = {
        name: (1e-6 * WORLDS[name]["head_weight"], IDLE)
        if name in idle
        else (WORLDS[name]["head_weight"], WORLDS[name]["head_bias"])
        for name in order
        if name in heads
    }
    return sf.compare(
        {name: WORLDS[name]["fit_features"] for name in order},
        eval={name: WORLDS[name]["eval_features"] for name in order},
        heads=given,
        labels=WORLDS["a"]["eval_labels"],
        methods=[sf.OLS()],
    )


def ols(results: StudyResults) -> Grid:
    return grids(results)[0]


def points(values: list[float]) -> str:
    return f"{np.median(values):+.2f} points".replace("-", "−")


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("heads", ["a", "ab", "abc"])
def test_medians_are_of_what_is_known_in_every_order(heads: str, order: tuple[str, ...]) -> None:
    results = compared(heads, order=order)
    every = [c.change_vs_source_pct for c in results.cells]
    off = [c.change_vs_source_pct for c in results.cells if c.source != c.target]
    assert results.median_change("ols", over="cells") == np.nanmedian(every)
    found = results.median_change("ols", over="maps")
    if heads == "a":
        assert math.isnan(found)
    else:
        assert found == np.nanmedian(off)


def test_a_median_over_no_cells_is_not_known() -> None:
    results = compared("abc")
    own = tuple(cell for cell in results.cells if cell.source == cell.target)
    assert math.isnan(replace(results, cells=own).median_change("ols", over="maps"))


def test_no_dash_has_a_unit_on_the_page() -> None:
    text = page(compared("a"))
    in_numbers = text[text.index("In numbers") :]
    assert not DASHED.search(re.sub(r"<[^>]*>", " ", in_numbers))
    assert ">–</td>" in in_numbers


@pytest.mark.parametrize(("heads", "idle"), [("a", ""), ("ab", ""), ("ab", "b"), ("abc", "b")])
def test_no_dash_is_printed_as_a_number_in_any_order(heads: str, idle: str) -> None:
    said = []
    for order in ORDERS:
        results = compared(heads, idle=idle, order=order)
        said.append({*sentences(results), *under(ols(results))})
        for text in said[-1]:
            assert not DASHED.search(text), text
    assert all(each == said[0] for each in said)


def test_one_head_alone_is_told_beside_its_own_accuracy() -> None:
    results = compared("a")
    table = results.table("ols")
    changes = [-table[source, "a"].loss_vs_target_points for source in "bc"]
    first, *_ = sentences(results)
    assert first.startswith(
        "Over the 2 OLS maps from sources without a head, top-1 accuracy differs from the target "
        f"network's own by a median of {points(changes)} ("
    )
    assert "weaker" not in first
    assert "above chance" not in first
    assert median_line(numbers(ols(results))).startswith("Median loss vs target: ")


def test_a_head_at_chance_leaves_one_map_and_it_is_not_between_networks_above_chance() -> None:
    results = compared("ab", idle="b")
    change = -results.table("ols")["c", "a"].loss_vs_target_points
    first, *_ = sentences(results)
    assert first.startswith(
        "The one OLS map from a source without a head into a network above chance has a top-1 "
        f"accuracy that differs from the target network's own by {points([change])}: "
    )
    assert "weaker" not in first
    assert "between networks above chance" not in first
    assert aside_line(ols(results)).endswith("mean nothing, and there are no others.")


def test_sources_with_and_without_a_head_are_told_apart() -> None:
    results = compared("ab")
    table = results.table("ols")
    with_head = [table[pair].change_vs_source_pct for pair in (("a", "b"), ("b", "a"))]
    without = [-table["c", target].loss_vs_target_points for target in "ab"]
    first, *_ = sentences(results)
    middle = f"{np.median(with_head):+.2f}".replace("-", "−")
    assert first.startswith(
        "Over the 2 OLS maps between networks with heads, top-1 accuracy changes by a median of "
        f"{middle} % relative to the source network's own ("
    )
    assert (
        "; over the 2 OLS maps from sources without a head, top-1 accuracy differs from the target "
        f"network's own by a median of {points(without)} ("
    ) in first
    assert median_line(numbers(ols(results))).startswith(
        f"Median change vs source: {middle} % over 2 of 6 maps, "
    )


def test_one_head_among_many_at_chance_and_none_between_them() -> None:
    results = compared("ab", idle="ab")
    first, *_ = sentences(results)
    assert first.startswith("No OLS map joins two networks that are above chance")


def test_what_is_not_known_has_no_shade() -> None:
    results = compared("ab")
    shown = dict(rows(ols(results), METRICS[0]))
    levels = {
        (s, t): c["level"] for s, row in shown.items() for t, c in zip("abc", row, strict=True)
    }
    assert levels["c", "a"] is levels["c", "b"] is None
    assert levels["a", "c"] is levels["c", "c"] is None, "not counted"
    assert levels["a", "a"] == 0
    assert isinstance(levels["a", "b"], int)
    broken = next(metric for metric in METRICS if metric.key == "fixed")
    assert dict(rows(ols(results), broken))["a"][2]["level"] is None, "nothing was counted"
    html = results._repr_html_()
    assert html is not None
    assert len(re.findall(r'<td class="s[ "]', html)) == 5


def test_only_networks_with_a_head_are_framed() -> None:
    grid = ols(compared("ab"))
    assert [row[i].own for i, row in enumerate(of_grid(grid)) if row[i]] == [True, True, False]
    boxes = [each for each in picture(grid).axes[0].patches if not each.get_fill()]
    assert len(boxes) == 2 + 2, "of the legend two"
    assert r"\fbox{\textbf{--}}" not in table(grid)
