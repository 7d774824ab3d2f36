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
from samefeatures.study.results import ControlRow, SpaceFindings, SpaceRow, StudyResults


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


def space(kind: str, top1: float, *, of: str = "net_a") -> SpaceRow:
    return SpaceRow(
        kind=kind, of=of, target="net_b", n=100, correct=round(top1), top1=top1, ci_low=0.0,
        ci_high=100.0, agreement=top1 + 1, r2=0.5, rank=9, columns=10,
    )  # fmt: skip


def test_control_spaces_of_all_sources_have_a_line_a_kind(controlled: StudyResults) -> None:
    assert controlled.controls is not None
    rows = (
        space("random weights", 60.0),
        space("random weights", 70.0, of="net_c"),
        space("answers", 90.0),
        space("class noise", 89.0),
    )
    spaces = SpaceFindings(rows=rows)
    found = replace(controlled, controls=replace(controlled.controls, spaces=spaces, left_out={}))
    lines = control_lines(found)
    assert [line.name for line in lines[-2:]] == ["class noise", "random weights"]
    assert lines[-1].top1 == "65.00 (60.00 to 70.00)"
    assert lines[-1].agreement == "66.00"
    assert "medians over 2 maps; R² 0.50; chance is 10.00 %" in lines[-1].reading
    assert "but for the last lines" in " ".join(document(found).split())


def test_what_is_learned_by_heart_is_told_from_what_differs_in_the_sets(
    controlled: StudyResults,
) -> None:
    assert controlled.controls is not None
    like = controlled.controls.rows[0]
    more = [
        replace(like, control=f"fit set, {part}", agreement=agreement, n=n)
        for part, agreement, n in (("seen", 95.0, 4000), ("unseen", 93.0, 1000))
    ]
    changed = replace(controlled.controls, rows=(*controlled.controls.rows, *more))
    data = replace(controlled.fit_data, rows=5000)
    found = replace(controlled, controls=changed, fit_data=data)
    lines = {line.name: line for line in control_lines(found)}
    assert lines["fit set, seen"].reading.startswith("on 80 % of the fit rows")
    assert "learned by heart: 2.00 points" in lines["fit set, unseen"].reading
    assert "the sets differ: 4.50 points" in lines["fit set, unseen"].reading  # from 88.5
