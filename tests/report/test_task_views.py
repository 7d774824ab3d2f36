"""Tasks in words and tables, in every medium; what they say follows from the numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_html import Tags
from test_markdown import render
from test_terminal import printed

from samefeatures.report.html import page
from samefeatures.report.markdown import document
from samefeatures.report.tasks import ABOUT, HEADING, task_views
from samefeatures.scores.intervals import wilson
from samefeatures.study.results import Cell, StudyResults, TaskAnswers, TaskResults

N = 2000


def cell(like: Cell, top1: float, own: float) -> Cell:
    """A cell of a task, with this accuracy."""
    low, high = wilson(round(N * top1 / 100), N)
    return replace(
        like, n=N, correct=round(N * top1 / 100), top1=top1, target_top1=own, source_top1=own,
        loss_vs_target_points=own - top1, change_vs_source_pct=100 * (top1 - own) / own,
        measures={}, ci_low=low, ci_high=high,
    )  # fmt: skip


def asked(results: StudyResults, *, own: float, hybrid: float, alone: float) -> StudyResults:
    """The study with one task; values rise by a tenth from cell to cell."""
    cells = [c for c in results.cells if c.method in ("ols", "ridge") and c.top1]
    cells = [
        cell(c, (own if c.source == c.target else hybrid) + 0.1 * i, own + 0.1 * i)
        for i, c in enumerate(cells)
    ]
    pairs = [(c.source, c.target) for c in cells if c.method == "ols" and c.source != c.target]
    answers = []
    for i, (source, target) in enumerate(pairs):
        top1 = alone + 0.1 * i
        low, high = wilson(round(N * top1 / 100), N)
        row = TaskAnswers(
            source=source, target=target, n=N, correct=round(N * top1 / 100), top1=top1,
            ci_low=low, ci_high=high,
        )  # fmt: skip
        answers.append(row)
    task = TaskResults(
        name="brightness",
        rule=True,
        classes=2,
        fit_rows=1990,
        n=N,
        chance=50.0,
        cells=tuple(cells),
        answers=tuple(answers),
        probes=(),
        notes=("brightness: net_b: the probe does not <converge>.",),
    )
    return replace(results, tasks=(task,))


def test_numbers_of_a_task(good: StudyResults) -> None:
    (view,) = task_views(asked(good, own=80, hybrid=72, alone=49))
    assert view.question == (
        "Is the image brighter than the median of its class? Probes fitted on 1,990 images, "
        "scored on 2,000 others; chance is 50.0 %."
    )
    # Answers alone of a → b, a → c, b → a, b → c, c → a, c → b: 49.0 to 49.5.
    assert view.alone == pytest.approx((49.3, 49.25, 49.2))
    assert [row[0].top1 for row in view.grid.rows if row[0]] == pytest.approx([80, 72.3, 72.6])
    # Loss of a hybrid is 8 points for all of them.
    assert view.lines[0] == (
        "brightness: ols: median top-1 72.40 % over the 6 maps (72.1 to 72.7 %), 8.00 points "
        "below the target's own features."
    )
    assert view.lines[1].startswith("brightness: ridge (alpha 0.01): median top-1")
    assert view.lines[2] == "brightness: net_b: the probe does not <converge>."
    said = view.lines[-1]
    assert said.startswith(
        "brightness: probes on a network's own features are right on 80.0 to 80.8 % of the "
        "images, on another network's features through the label-free maps on 72.1 to 72.7 %, on "
        "its answers alone on 49.0 to 49.5 % (chance 50.0 %)."
    )
    # For a → b 72.1 − 49.0 of 80.1 − 49.0, and so on: 74 %.
    assert said.endswith(
        "So they share what it takes: of what the target's own features are above answers alone, "
        "the maps carry over 74 % (median); hybrids lie above answers alone for 6 of 6 pairs, by "
        "their 95 % intervals."
    )


@pytest.mark.parametrize(
    ("own", "hybrid", "alone", "says"),
    [
        (80, 72, 49, "So they share what it takes"),
        (80, 50, 49, "shows nothing that the networks share beyond their answers"),
        (80, 79, 78.5, "own features hold hardly anything of it beyond their answers"),
        (90, 80, 79, "shows nothing that the networks share beyond their answers"),
        (51, 50, 49.5, "own features hold hardly anything of it beyond their answers"),
    ],
)
def test_sharing_is_said_only_where_hybrids_are_above_answers_alone(
    good: StudyResults, own: float, hybrid: float, alone: float, says: str
) -> None:
    (view,) = task_views(asked(good, own=own, hybrid=hybrid, alone=alone))
    assert says in view.lines[-1]
    assert ("share what it takes" in view.lines[-1]) == (says == "So they share what it takes")


def test_a_task_of_classes_is_asked_in_other_words(good: StudyResults) -> None:
    results = asked(good, own=80, hybrid=72, alone=49)
    task = replace(results.tasks[0], name="cifar10", rule=False, classes=10)
    (view,) = task_views(replace(results, tasks=(task,)))
    assert view.question.startswith("Which of the 10 classes of cifar10 is it? Probes fitted on")


def test_tasks_stand_in_every_medium(good: StudyResults) -> None:
    results = asked(good, own=80, hybrid=72, alone=49)
    for text in (Tags(page(results)).text, render(document(results)), printed(results)):
        together = " ".join(text.split())
        for part in (HEADING, ABOUT, "Is the image brighter", "answers alone", "49.30"):
            assert part in together.replace("&#x27;", "'")
        assert "So they share what it takes" in together
    assert "<converge>" not in page(results)
    for text in (page(good), document(good), printed(good)):
        assert HEADING not in text


def test_maps_are_called_label_free_and_probes_never(good: StudyResults) -> None:
    text = document(asked(good, own=80, hybrid=72, alone=49))
    assert "label-free maps" in text
    assert text.count("label-free") == text.count("label-free maps")
