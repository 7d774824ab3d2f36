"""Answers taken off by means of classes are the regression on one-hot columns."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import pytest

from samefeatures.algebra.host import Host
from samefeatures.base.arrays import Float64, Int64
from samefeatures.joint.blocks import Blocks, BlockSums
from samefeatures.joint.views import Beside
from samefeatures.maps import AffineMap
from samefeatures.maps.note import FitNote
from samefeatures.similarity.sheet import Sheet
from samefeatures.study.by_rows.left import Left, Within, class_effects, left_of

CLASSES = 6
DIMS = {"a": 4, "b": 3, "c": 5}
SHIFTS = (0.0, 1e-3, 0.3, 20.0, math.inf)


def rows_of(classes: Int64, seed: int) -> dict[str, Float64]:
    """Features far from zero that hang on the class."""
    rng = np.random.default_rng(seed)
    told = np.eye(CLASSES)[classes]
    weights = np.random.default_rng(9)
    return {
        name: 50 + told @ weights.normal(size=(CLASSES, d)) + rng.normal(size=(len(classes), d))
        for name, d in DIMS.items()
    }


def summed(rows: dict[str, Float64], classes: Int64) -> tuple[Blocks, Blocks]:
    """Moments of networks; of answers with networks and among themselves."""
    networks = BlockSums(DIMS, pairs=[(x, y) for x in DIMS for y in DIMS])
    networks.update(rows)
    pairs = [("answers", name) for name in DIMS] + [("answers", "answers")]
    dims = {**DIMS, "answers": CLASSES}
    beside = BlockSums(dims, classes=["answers"], pairs=pairs)
    beside.update({**rows, "answers": classes})
    return networks.blocks(), beside.blocks()


# The last class has no fit row, the first no eval row; then one row each, and one class alone.
CASES = {
    "some": ([0, 0, 1, 2, 2, 2, 3, 4, 1, 0], [1, 2, 5, 5, 3, 1, 4]),
    "one row each": ([0, 1, 2, 3], [5, 0, 0, 1]),
    "one class": ([2, 2, 2], [2, 3]),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("shift", SHIFTS)
def test_left_is_what_the_regression_on_one_hot_columns_leaves(case: str, shift: float) -> None:
    """Against block elimination of the answers' own moments."""
    fit_classes, eval_classes = map(np.array, CASES[case])
    fit, fit_sums = summed(rows_of(fit_classes, 0), fit_classes)
    judge, judge_sums = summed(rows_of(eval_classes, 1), eval_classes)
    targets = ["b", "c"]
    within = Within.of(judge, judge_sums, ("a", "answers"), list(DIMS))
    found = left_of(("a", "answers"), targets, shift, fit=(fit, fit_sums),
                    judge=(judge, judge_sums), within=within)  # fmt: skip
    sheet = Sheet.of(
        Beside(fit, frozenset(DIMS), fit_sums),
        Beside(judge, frozenset(DIMS), judge_sums),
        ["answers", "a"],
        targets,
    ).without("answers", shift)
    close = {"rtol": 1e-6, "atol": 1e-8}
    for name, columns in (("a", slice(0, 4)), ("b", slice(4, 7)), ("c", slice(7, 12))):
        np.testing.assert_allclose(found.fit.block("a", name), sheet.seen[:, columns], **close)
        np.testing.assert_allclose(found.held[name], sheet.held[:, columns], **close)
    np.testing.assert_allclose([found.squares[t] for t in targets], sheet.squares, **close)


@pytest.mark.parametrize("shift", [0.0, 1e-12, 0.7])
def test_effects_of_classes_solve_the_ridge(shift: float) -> None:
    """Of minimum norm without a shift; a tiny shift is as good as none."""
    classes = np.array([0, 0, 1, 3, 3, 3, 4])
    one_hot = np.eye(CLASSES)[classes]
    x = np.random.default_rng(3).normal(size=(7, 2))
    p, y = one_hot - one_hot.mean(axis=0), x - x.mean(axis=0)
    penalty = shift if shift > 1e-6 else 0.0
    expected = np.linalg.pinv(p.T @ p + penalty * np.eye(CLASSES)) @ (p.T @ y)
    found = class_effects(p.T @ y, one_hot.sum(axis=0), shift)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert not found[[2, 5]].any(), "nobody is in these classes"


class Widths(Host):
    """Notes how many columns every product runs over."""

    asked: ClassVar[list[int]] = []

    def product(self, a: Float64, b: Float64) -> Float64:
        self.asked.append(len(b))
        return super().product(a, b)


def test_no_product_runs_over_classes_that_nobody_is_in() -> None:
    fit_classes, eval_classes = np.array([0, 0, 5, 5, 5]), np.array([1, 5, 1])
    fit, fit_sums = summed(rows_of(fit_classes, 0), fit_classes)
    judge, judge_sums = summed(rows_of(eval_classes, 1), eval_classes)
    place = ("a", "answers")
    Widths.asked.clear()
    within = Within.of(judge, judge_sums, place, list(DIMS), algebra=Widths())
    left_of(place, ["b", "c"], 0.3, fit=(fit, fit_sums), judge=(judge, judge_sums),
            within=within, algebra=Widths())  # fmt: skip
    assert within.classes.tolist() == [1, 5]
    assert set(Widths.asked) == {2}
    assert len(Widths.asked) == 3 + 3 * 2


def left(squares: float, held: Float64) -> Left:
    return Left(
        source="a",
        targets=("b",),
        fit=Blocks(n=2, means={}, products={}),
        held={"a": np.diag([2.0, 1.0]), "b": held},
        squares={"a": 3.0, "b": squares},
    )


def test_r2_is_of_the_squares_that_are_left() -> None:
    """However few; of nothing there is none."""
    weight = np.array([[0.5, -1.0]])
    fitted = AffineMap(
        weight=weight, bias=np.zeros(1), source="a", target="b", method="ols",
        source_fingerprint="a", target_fingerprint="b",
        fit=FitNote(rank=2, full_rank=2, condition=1.0, message=""),
    )  # fmt: skip
    held = np.array([[0.4], [-0.3]])
    # 2 · (0.2 + 0.3) is explained, 2 · 0.25 + 1 is put in
    for squares in (4.0, 0.5):
        assert left(squares, held).r2(fitted) == pytest.approx(1 - (squares - 1.0 + 1.5) / squares)
    assert math.isnan(left(0.0, 0 * held).r2(fitted))
