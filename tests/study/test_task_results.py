"""What the record of a task says, and its rows of the table."""

from __future__ import annotations

from dataclasses import fields, replace

from samefeatures.study.results import Cell, TaskAnswers, TaskProbe, TaskResults

CELL = Cell(
    method="ols",
    source="a",
    target="b",
    n=40,
    correct=30,
    top1=75.0,
    correct_top5=40,
    top5=100.0,
    source_top1=50.0,
    target_top1=60.0,
    change_vs_source_pct=50.0,
    loss_vs_target_points=-15.0,
    agreement=80.0,
    measures={},
    ci_low=59.8,
    ci_high=85.8,
    p_vs_target=0.25,
    p_vs_source=0.5,
    p_vs_target_raw=0.125,
    p_vs_source_raw=0.5,
    fixed=8,
    broken=2,
)
ALONE = TaskAnswers(source="b", target="a", n=40, correct=24, top1=60.0, ci_low=44.6, ci_high=73.7)
TASK = TaskResults(
    name="hue",
    rule=False,
    classes=3,
    fit_rows=50,
    n=40,
    chance=37.5,
    cells=(CELL, replace(CELL, method="ridge")),
    answers=(ALONE,),
    probes=(
        TaskProbe(network="a", strength=0.1, steps=7),
        TaskProbe(network="b", strength=0.1, steps=9, message="it does not converge"),
    ),
    notes=("7 images are known",),
)


def test_a_task_is_shown_in_a_line() -> None:
    shown = "TaskResults(name='hue', classes=3, fit_rows=50, n=40, chance=37.5, cells=2)"
    assert repr(TASK) == shown


def test_probes_that_do_not_converge_are_named_and_notes_of_images_of_its_own() -> None:
    assert TASK.warnings == ["7 images are known", "hue: b: it does not converge."]
    assert replace(TASK, rule=True).warnings == ["hue: b: it does not converge."]
    assert replace(TASK, probes=TASK.probes[:1], notes=()).warnings == []


def test_answers_alone_are_rows_below_the_cells_with_the_same_columns() -> None:
    first, second, alone = TASK.table
    assert first == {"task": "hue", **CELL.row, "chance": 37.5, "classes": 3}
    assert second == {**first, "method": "ridge"}
    assert list(alone) == list(first)
    own = {field.name: getattr(ALONE, field.name) for field in fields(ALONE)}
    known = {"task": "hue", "method": "answers alone", "chance": 37.5, "classes": 3}
    assert alone == {name: {**own, **known}.get(name) for name in first}
    assert replace(TASK, cells=(CELL,)).table == [first, alone]
