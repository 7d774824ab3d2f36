"""Two results side by side: what was changed by hand, and nothing else, differs."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from samefeatures.base.errors import ConfigError
from samefeatures.report.difference import CellDiff, FactDiff, diff
from samefeatures.report.difference_lines import difference_lines
from samefeatures.study.results import StudyResults


def with_cell(results: StudyResults, place: int, **changes: Any) -> StudyResults:
    cells = list(results.cells)
    cells[place] = replace(cells[place], **changes)
    return replace(results, cells=tuple(cells))


def test_the_same_is_the_same(spaced: StudyResults) -> None:
    found = diff(spaced, spaced)
    assert found.same
    assert (found.cells, found.facts) == ((), ())
    assert found.compared > len(spaced.cells)  # controls and spaces too
    assert difference_lines(found) == [f"The same: {found.compared} rows compared."]


def test_a_cell_that_differs_is_named_with_both_values(good: StudyResults) -> None:
    other = with_cell(good, 1, correct=9100, top1=91.0, ci_low=90.42, ci_high=91.55)
    (cell,) = diff(good, other).cells
    assert (cell.method, cell.source, cell.target) == ("ols", "net_a", "net_b")
    assert cell.changed["correct"] == (8900, 9100)
    assert cell.changed["top1"] == (89.0, 91.0)
    assert set(cell.changed) == {"correct", "top1", "ci_low", "ci_high"}
    assert cell.apart
    lines = difference_lines(diff(good, other))
    assert lines[0].startswith("ols: 1 row differs, at most correct by 200, top1 by 2, ci_low by ")
    assert lines[1] == "  net_a → net_b: top1 89.00 → 91.00, intervals do not overlap"
    # Four tables of nine cells but one, three networks, fits and classes.
    rows = 35 + 3 + len(good.fits) + len(good.classes)
    assert lines[-1] == f"1 of {rows} rows differs."
    assert not diff(good, with_cell(good, 1, ci_low=88.5)).cells[0].apart


def test_rounding_is_no_difference_and_counts_are_exact(good: StudyResults) -> None:
    near = good.cells[1].measures["r2"] * (1 + 1e-12)
    nearly = with_cell(good, 1, measures={"r2": near, "cosine": good.cells[1].cosine})
    assert diff(good, nearly).same
    assert not diff(good, nearly, tolerance=0).same
    one_more = with_cell(good, 1, fixed=good.cells[1].fixed + 1)
    assert not diff(good, one_more, tolerance=0.5).same
    unknown = with_cell(good, 1, top1=math.nan)
    assert diff(unknown, unknown).same
    assert not diff(good, unknown).same


def test_networks_methods_and_measures_of_one_alone(good: StudyResults) -> None:
    fewer = replace(
        good,
        networks=good.networks[:2],
        methods=good.methods[1:],
        cells=tuple(
            c for c in good.cells if c.method != "ols" and "net_c" not in (c.source, c.target)
        ),
    )
    fewer = replace(fewer, cells=tuple(replace(c, measures={"r2": c.r2}) for c in fewer.cells))
    found = diff(good, fewer)
    assert {cell.only for cell in found.cells} == {"first"}
    assert FactDiff(about="columns", name="cosine", first=True, second=None) in found.facts
    lines = difference_lines(found)
    assert lines[:2] == ["Networks in the first alone: net_c", "Methods in the first alone: ols"]
    assert "ols: 9 rows in the first alone" in lines
    alone = f"{len(found.cells)} are in one of both alone"
    assert (
        lines[-1] == f"None of {found.compared} rows differs, {alone}; what was asked differs too."
    )
    assert "Columns in the first alone: cosine" in lines
    back = diff(fewer, good)
    assert CellDiff(
        method="ols", source="net_a", target="net_b", changed={}, only="second"
    ) in back.cells  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "about", "name"),
    [
        ({"settings": {"data": {"fit": "other"}}}, "settings", "data.fit"),
        ({"title": "another"}, "title", ""),
        ({"warnings": ()}, "warnings", "net_b: 80 fit rows are too few for 96 features"),
        ({"versions": {"samefeatures": "0.1.0"}}, "versions", "platform"),
    ],
)
def test_facts_have_a_path(
    good: StudyResults, changes: dict[str, Any], about: str, name: str
) -> None:
    found = diff(good, replace(good, **changes))
    assert (about, name) in {(fact.about, fact.name) for fact in found.facts}
    assert found.same is (about != "settings")
    if found.same:
        assert (
            difference_lines(found)[-1]
            == f"The same but for {about}: {found.compared} rows compared."
        )


def test_other_images_and_options(good: StudyResults) -> None:
    other = replace(
        good,
        eval_data=replace(good.eval_data, fingerprint="00" * 32, rows=9_999),
        methods=tuple(
            replace(m, options={"alpha": 0.1} if m.options else {}) for m in good.methods
        ),
        networks=tuple(replace(n, fingerprint="ff" * 32) for n in good.networks),
    )
    told = {(f.about, f.name): (f.first, f.second) for f in diff(good, other).facts}
    assert told["eval images", "rows"] == (10_000, 9_999)
    assert told["methods", "ridge.alpha"] == (0.01, 0.1)
    assert told["networks", "net_a.fingerprint"] == ("00" * 32, "ff" * 32)
    assert not any(about == "fit images" for about, _ in told)


def test_the_tolerance_is_relative(good: StudyResults) -> None:
    """A small number that is half of another is no rounding."""
    small, half = (with_cell(good, 1, measures={"r2": r2, "cosine": 0.5}) for r2 in (2e-4, 1e-4))
    assert not diff(small, half, tolerance=0.4).same
    assert diff(small, half, tolerance=0.6).same
    none, nearly = (with_cell(good, 1, measures={"r2": r2, "cosine": 0.5}) for r2 in (0.0, 1e-15))
    assert diff(none, nearly).same
    assert not diff(none, nearly, tolerance=0).same


def test_what_was_asked_alone_may_differ(good: StudyResults) -> None:
    lines = difference_lines(diff(good, replace(good, settings={"data": {"fit": "other"}})))
    assert lines[-1].startswith("None of ")
    assert lines[-1].endswith(" rows differs; what was asked differs.")


def test_a_row_that_knows_an_accuracy_which_the_other_does_not(controlled: StudyResults) -> None:
    assert controlled.controls is not None
    first, *rest = controlled.controls.rows
    rows = (replace(first, top1=None, correct=None, ci_low=None, ci_high=None), *rest)
    other = replace(controlled, controls=replace(controlled.controls, rows=rows))
    lines = difference_lines(diff(controlled, other))
    assert f"  {first.source} → {first.target}: top1 {first.top1:.2f} → –" in lines


def test_where_things_lie_is_no_difference(good: StudyResults) -> None:
    one, other = (
        replace(good, settings={**good.settings, "out": out, "store": out}) for out in ("a", "b")
    )
    assert diff(one, other).same


def test_json_is_whole_and_finite(good: StudyResults) -> None:
    found = diff(good, with_cell(good, 1, top1=math.nan)).as_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["same"] is False
    assert found["cells"][0]["changed"]["top1"] == [89.0, None]


@pytest.mark.parametrize("tolerance", [-1e-9, 1.0, math.nan, True, "0"])
def test_a_tolerance_that_is_none(good: StudyResults, tolerance: Any) -> None:
    with pytest.raises(ConfigError, match="tolerance is"):
        diff(good, good, tolerance=tolerance)
