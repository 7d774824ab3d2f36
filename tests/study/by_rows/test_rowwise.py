"""Rows that are mapped are judged as the maps that would have been made."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from samefeatures.algebra import HOST
from samefeatures.features.rows import ArrayRows
from samefeatures.joint.blocks import Blocks
from samefeatures.joint.record import Moments
from samefeatures.maps import OLS, Method, Ridge, SourceProblem
from samefeatures.networks.record import Head
from samefeatures.study.by_rows import judge as judging
from samefeatures.study.by_rows.judge import Judge, MapOfRows
from samefeatures.study.by_rows.rowwise import is_cheaper, judged_rows

DIMS = {"a": 6, "b": 4, "constant": 3}
FIT, EVAL, CLASSES = 40, 9, 5


def world(fit: int) -> tuple[Judge, SourceProblem]:
    """Shared causes far from zero; one network never varies, and has no head."""
    rng = np.random.default_rng(0)
    cause = rng.normal(size=(fit + EVAL, 5))
    values = {
        name: (30 + cause @ rng.normal(size=(5, d)) + 0.1 * rng.normal(size=(fit + EVAL, d)))
        * (name != "constant")
        for name, d in DIMS.items()
    }
    rows = {k: v.astype(np.float32) for k, v in values.items()}
    networks: dict[str, Any] = {
        name: SimpleNamespace(
            name=name,
            fingerprint=name,
            head=None if name == "constant" else Head(
                rng.normal(size=(CLASSES, d)).astype(np.float32), np.zeros(CLASSES, np.float32)
            ),
        )
        for name, d in DIMS.items()
    }  # fmt: skip
    sides = {}
    for side, part in (("fit", slice(0, fit)), ("eval", slice(fit, None))):
        sides[side] = Moments(list(DIMS), list(DIMS.values()))
        sides[side].update(*(rows[name][part] for name in DIMS))
    held = {k: ArrayRows(name=k, values=v[fit:], fingerprint=k) for k, v in rows.items()}
    labels = rng.integers(0, CLASSES, EVAL)
    judge = Judge(networks=networks, rows=held, labels=labels, moments=sides["eval"], algebra=HOST)
    return judge, SourceProblem("a", networks, sides["fit"])


@pytest.mark.parametrize("method", [OLS(), Ridge(alpha=0.1)])
@pytest.mark.parametrize("fit", [FIT, 4])
def test_both_ways_find_the_same(method: Method, fit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    judge, problem = world(fit)

    def judged(rowwise: bool) -> list[MapOfRows]:
        monkeypatch.setattr(judging, "is_cheaper", lambda *_: rowwise)
        return list(judge.maps(method, problem, None))

    found, expected = judged(True), judged(False)
    assert [m.target for m in found] == ["b", "constant"]
    for mine, theirs in zip(found, expected, strict=True):
        assert mine.top1 == theirs.top1
        assert mine.r2 == (None if theirs.r2 is None else pytest.approx(theirs.r2, rel=1e-6))
    assert found[0].top1 is not None
    assert (found[1].top1, found[1].r2) == (None, None), "no head, and nothing varies"


def test_methods_without_an_inverse_are_judged_as_maps() -> None:
    """A strength that is chosen differs from target to target."""
    _, problem = world(FIT)
    assert Ridge(alpha="auto").inverse(problem) is None
    inverse = OLS().inverse(problem)
    (fitted,) = OLS().fit(problem, ["b"])
    weight = problem.moments.block("b", "a") @ inverse.matrix
    np.testing.assert_allclose(weight, fitted.weight, atol=1e-10)


def test_few_rows_are_cheaper_many_are_not() -> None:
    assert is_cheaper(1000, 128, 1000)
    assert not is_cheaper(50_000, 2048, 1000)
    assert not is_cheaper(1000, 128, 0)
    assert is_cheaper(20, 8, 5)
    assert not is_cheaper(21, 8, 5)


def test_a_target_that_varies_by_little_has_its_r2() -> None:
    """Of rows whose squares come to less than one."""
    judge, problem = world(FIT)
    inverse = OLS().inverse(problem)
    x, y = (judge.rows[name].span(0, EVAL) for name in "ab")
    small = np.float32(1e-3)
    rows = {"a": judge.rows["a"], "b": ArrayRows(name="b", values=small * y, fingerprint="b")}
    moments, fit = Moments(["a", "b"], [6, 4]), problem.moments
    moments.update(x, small * y)
    less = Blocks(
        n=fit.n,
        means={"a": fit.mean_of("a"), "b": small * fit.mean_of("b")},
        products={("a", "a"): fit.block("a", "a"), ("a", "b"): small * fit.block("a", "b")},
    )
    given: dict[str, Any] = {"networks": judge.networks, "labels": judge.labels}
    whole = judged_rows(problem, inverse, ["b"], rows=judge.rows, judge=judge.moments, **given)
    scaled = SourceProblem("a", judge.networks, less)
    found = judged_rows(scaled, inverse, ["b"], rows=rows, judge=moments, **given)
    assert moments.sum_of_squares("b") < 1
    assert next(found).r2 == pytest.approx(next(whole).r2, rel=1e-4)


def test_without_labels_nothing_is_counted() -> None:
    judge, problem = world(FIT)
    for labels in (judge.labels, None):
        found = judged_rows(
            problem,
            OLS().inverse(problem),
            ["b", "constant"],
            networks=judge.networks,
            rows=judge.rows,
            labels=labels,
            judge=judge.moments,
        )
        b, constant = found
        assert (b.target, constant.target) == ("b", "constant")
        assert (b.correct is None) == (labels is None)
        assert constant.correct is None
        assert np.isfinite(b.r2)
        assert np.isnan(constant.r2)
