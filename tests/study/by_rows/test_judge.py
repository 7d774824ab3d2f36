"""Which way maps are judged, and what is said where heads, labels or answers are not there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from array_worlds import moments_of, networks_of, off_the_host, rows_of
from npz_worlds import CLASSES, make_worlds
from samefeatures.algebra import HOST
from samefeatures.joint.blocks import Blocks
from samefeatures.maps import OLS, SourceProblem
from samefeatures.networks.record import Head
from samefeatures.study.by_rows import judge as judging
from samefeatures.study.by_rows.judge import Judge
from samefeatures.study.by_rows.left import Left

M = 24
WORLDS = make_worlds(n=60, m=M, noise=1.0)
FIT = moments_of(rows_of(WORLDS, "fit"))


def judge_of(*, headless: str = "", **changes: Any) -> Judge:
    rows = rows_of(WORLDS, "eval")
    judge = Judge(
        networks=networks_of(WORLDS, headless=headless),
        rows=rows,
        labels=WORLDS["a"]["eval_labels"],
        moments=moments_of(rows),
        algebra=HOST,
    )
    return replace(judge, **changes)


def problem_of(judge: Judge, source: str = "a", **rest: Any) -> SourceProblem:
    return SourceProblem(source, judge.networks, FIT, **rest)


def top1s(judge: Judge) -> list[float | None]:
    return [each.top1 for each in judge.maps(OLS(), problem_of(judge), None)]


@pytest.mark.parametrize("rowwise", [True, False])
def test_hits_are_counted_where_there_are_heads_and_labels(
    rowwise: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "is_cheaper", lambda *_: rowwise)
    expected = []
    judge = judge_of()
    for fitted in OLS().fit(problem_of(judge), ["b", "c"]):
        world = WORLDS[fitted.target]
        mapped = WORLDS["a"]["eval_features"] @ fitted.weight.T + fitted.bias
        right = (mapped @ world["head_weight"].T + world["head_bias"]).argmax(axis=1)
        expected.append(100 * (right == world["eval_labels"]).mean())
    assert top1s(judge) == pytest.approx(expected)
    assert top1s(judge_of(headless="b")) == [None, pytest.approx(expected[1])]
    assert top1s(judge_of(headless="bc")) == [None, None]
    assert top1s(judge_of(labels=None)) == [None, None]
    assert top1s(judge_of(headless="c", labels=None)) == [None, None]


def test_the_way_is_chosen_by_rows_width_and_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, ...]] = []

    def is_cheaper(*sizes: int) -> bool:
        asked.append(sizes)
        return False

    monkeypatch.setattr(judging, "is_cheaper", is_cheaper)
    wide = Head(np.zeros((CLASSES + 3, 11), np.float32), np.zeros(CLASSES + 3, np.float32))
    judge = judge_of()
    networks = {**judge.networks, "b": replace(judge.networks["b"], head=wide)}
    for each in (
        replace(judge, networks=networks),
        judge_of(headless="b"),
        judge_of(headless="bc"),
        judge_of(labels=None),
    ):
        top1s(each)
    assert asked == [(M, 8, CLASSES + 3), (M, 8, CLASSES), (M, 8, 0), (M, 8, 0)]


def test_rows_are_mapped_where_that_is_cheaper_and_an_inverse_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ways: list[str] = []
    by_rows, as_maps = judging.judged_rows, Judge._as_maps  # type: ignore[attr-defined]

    def rows(*given: Any, **named: Any) -> Any:
        ways.append("rows")
        return by_rows(*given, **named)

    def maps(self: Judge, *given: Any) -> Any:
        ways.append("maps")
        return as_maps(self, *given)

    monkeypatch.setattr(judging, "judged_rows", rows)
    monkeypatch.setattr(Judge, "_as_maps", maps)
    judge = judge_of()
    for source in "abc":  # 24 rows against 2 · 8 + 5, 2 · 11 + 5 and 2 · 7 + 5
        list(judge.maps(OLS(), problem_of(judge, source), None))
    assert ways == ["maps", "rows", "maps"]
    monkeypatch.setattr(OLS, "inverse", lambda *_: None)
    list(judge.maps(OLS(), problem_of(judge, "b"), None))
    assert ways[3:] == ["maps"]


@pytest.mark.parametrize("rowwise", [True, False])
def test_both_ways_run_where_the_study_says(rowwise: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "is_cheaper", lambda *_: rowwise)
    judge = judge_of()
    expected = list(judge.maps(OLS(), problem_of(judge), None))
    device = off_the_host(monkeypatch)
    problem = problem_of(judge, algebra=device)
    found = list(replace(judge, algebra=device).maps(OLS(), problem, None))
    for one, other in zip(expected, found, strict=True):
        assert (other.target, other.top1) == (one.target, one.top1)
        assert other.r2 == pytest.approx(one.r2)


def test_beyond_answers_is_of_maps_of_what_they_leave() -> None:
    """Of a target of which nothing is left, nothing is said."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(50, 8)), rng.normal(size=(50, 11))
    held_x, held_y = rng.normal(size=(30, 8)), rng.normal(size=(30, 11))
    left = Left(
        source="a",
        targets=("b", "c"),
        fit=Blocks(
            n=50,
            means={"a": np.zeros(8), "b": np.zeros(11), "c": np.zeros(7)},
            products={("a", "a"): x.T @ x, ("a", "b"): x.T @ y, ("a", "c"): np.zeros((8, 7))},
        ),
        held={"a": held_x.T @ held_x, "b": held_x.T @ held_y, "c": np.zeros((8, 7))},
        squares={"a": 1.0, "b": float((held_y**2).sum()), "c": 0.0},
    )
    judge = judge_of()
    found = list(judge.maps(OLS(), problem_of(judge), left))
    weight = np.linalg.lstsq(x, y, rcond=None)[0]
    error = ((held_y - held_x @ weight) ** 2).sum()
    assert found[0].r2_beyond_answers == pytest.approx(1 - error / (held_y**2).sum())
    assert found[1].r2_beyond_answers is None
    assert [m.r2_beyond_answers for m in judge.maps(OLS(), problem_of(judge), None)] == [None] * 2
