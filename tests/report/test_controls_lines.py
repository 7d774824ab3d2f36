"""Controls in words, in every medium."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_html import Tags
from test_markdown import render
from test_terminal import printed

from samefeatures.report.controls import control_lines
from samefeatures.report.html import page
from samefeatures.report.markdown import document
from samefeatures.study.results import ControlRow, StudyResults


def test_each_control_in_a_line(controlled: StudyResults) -> None:
    lines = {line.name: line for line in control_lines(controlled)}
    assert list(lines) == [
        "ols",
        "naive",
        "shuffled pairs",
        "onto logits",
        "fit set",
        "random weights",
    ]
    assert lines["ols"].top1 == "88.50 (88.00 to 89.00)"
    assert lines["ols"].reading == "net_a itself: 90.00 %"
    assert "chance is 10.00 %: the maps need" in lines["shuffled pairs"].reading
    assert "seed 0" in lines["shuffled pairs"].what
    said = "must equal ols: 1 of 20000 predictions differ, logits by at most 3e-07 of the largest"
    assert lines["onto logits"].reading == said
    assert (lines["fit set"].top1, lines["fit set"].agreement) == ("–", "95.00")
    assert lines["random weights"].reading.startswith("not taken: net_a is known by its")


def changed(results: StudyResults, control: str, **fields: float) -> StudyResults:
    assert results.controls is not None
    rows = [r for r in results.controls.rows if r.control != control]
    like: ControlRow = results.controls.rows[0]
    rows.append(replace(like, control=control, **fields))
    return replace(results, controls=replace(results.controls, rows=tuple(rows), left_out={}))


@pytest.mark.parametrize(
    ("control", "fields", "says"),
    [
        ("shuffled pairs", {"top1": 60.0}, "needs an explanation before anything else is believed"),
        ("random weights", {"top1": 70.0}, "training the source adds 18.50 points"),
        ("fit set", {"top1": 99.0, "agreement": 97.0}, "top-1 99.00 % and 88.50 %"),
    ],
)
def test_readings_follow_the_numbers(
    controlled: StudyResults, control: str, fields: dict[str, float], says: str
) -> None:
    lines = control_lines(changed(controlled, control, **fields))
    (line,) = [line for line in lines if line.name == control]
    assert says in line.reading


def test_they_stand_in_every_medium(controlled: StudyResults, good: StudyResults) -> None:
    shown = (Tags(page(controlled)).text, render(document(controlled)), printed(controlled))
    for text in shown:
        together = " ".join(text.split())
        assert "Of the maps out of net_a, the first network of the study" in together
        assert "88.50 (88.00 to 89.00)" in together
    assert "<features>" not in shown[1]
    for text in (page(good), document(good), printed(good)):
        assert "the maps out of" not in text
