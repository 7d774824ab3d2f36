"""Sums by the answers of a network, of rows in memory, against loops over the classes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from array_worlds import moments_of, networks_of, rows_of
from npz_worlds import CLASSES, make_worlds
from samefeatures.base.arrays import Float64, Int64
from samefeatures.features.nests import places_of
from samefeatures.joint.nested import Nest, nested_moments
from samefeatures.similarity.strengths import GRID
from samefeatures.study.by_rows.answers import AnswerSpaces, ClassSums, best_shift

N, SIZE = 90, 40
WORLDS = make_worlds(n=N, m=24, noise=1.0)
FIRST = places_of(N, seed=0) < SIZE


@pytest.fixture(scope="module")
def spaces() -> AnswerSpaces:
    evaluation = rows_of(WORLDS, "eval")
    judge = moments_of(evaluation)
    return AnswerSpaces.of(networks_of(WORLDS), rows_of(WORLDS, "fit"), evaluation, judge)


@pytest.fixture(scope="module")
def nest(spaces: AnswerSpaces) -> Nest:
    parts = list(rows_of(WORLDS, "fit").values())
    (found,) = nested_moments(parts, places_of(N, seed=0), [SIZE], beside=spaces.beside)
    return found


def answers(name: str, kind: str) -> Int64:
    logits = WORLDS[name][f"{kind}_features"] @ WORLDS[name]["head_weight"].T
    return np.asarray((logits + WORLDS[name]["head_bias"]).argmax(axis=1))


def centred(name: str) -> Float64:
    rows = WORLDS[name]["fit_features"][FIRST].astype(float)
    return np.asarray(rows - rows.mean(axis=0))


def test_sums_are_of_every_class_about_the_means_of_these_rows(
    spaces: AnswerSpaces, nest: Nest
) -> None:
    assert nest.beside is not None
    for source, targets in (("a", "bc"), ("b", "ac"), ("c", "ab")):
        sums = spaces._sums(nest.beside, source, list(targets))
        mine = [centred_rows(source, k) for k in range(CLASSES)]
        np.testing.assert_allclose(sums.counts, [len(rows) for rows in mine])
        for place, target in enumerate(targets):
            y = centred(target)
            total = [(y[rows].sum(axis=0) ** 2).sum() for rows in mine]
            np.testing.assert_allclose(sums.totals[place], total, rtol=1e-6, atol=1e-6)
            squares = [(y[rows] ** 2).sum() for rows in mine]
            np.testing.assert_allclose(sums.squares[place], squares, rtol=1e-6)


def centred_rows(source: str, answer: int) -> Int64:
    return np.flatnonzero(answers(source, "fit")[FIRST] == answer)


def test_what_is_left_is_of_the_source_and_all_others(spaces: AnswerSpaces, nest: Nest) -> None:
    """On the rows that are fitted a ridge on one-hot columns is taken off."""
    assert nest.beside is not None
    left = spaces.left(nest, "b")
    assert (left.source, left.targets) == ("b", ("a", "c"))
    assert list(left.held) == list(left.squares) == ["b", "a", "c"]
    one_hot = np.eye(CLASSES)[answers("b", "fit")[FIRST]]
    p = one_hot - one_hot.mean(axis=0)
    shift = best_shift(spaces._sums(nest.beside, "b", ["a", "c"]))
    assert 0 < shift < math.inf
    inside = p.T @ p + shift * np.eye(CLASSES)
    for name in "bac":
        y = centred(name)
        # S_BY − S_BP (S_PP + shift)⁻¹ S_PY
        expected = centred("b").T @ (y - p @ np.linalg.solve(inside, p.T @ y))
        np.testing.assert_allclose(left.fit.block("b", name), expected, rtol=1e-6, atol=1e-5)
    assert left.fit.n == SIZE
    assert all(not mean.any() for mean in left.fit.means.values())
    held_p = np.eye(CLASSES)[answers("b", "eval")] - one_hot.mean(axis=0)
    errors = {}
    for name in "bac":
        y = WORLDS[name]["fit_features"][FIRST].astype(float)
        effects = np.linalg.solve(inside, p.T @ (y - y.mean(axis=0)))
        errors[name] = WORLDS[name]["eval_features"] - y.mean(axis=0) - held_p @ effects
    for name, error in errors.items():
        np.testing.assert_allclose(left.squares[name], (error**2).sum(), rtol=1e-6)
        np.testing.assert_allclose(left.held[name], errors["b"].T @ error, rtol=1e-6, atol=1e-5)


def sums_of(classes: list[int], *targets: Float64, count: int = 4) -> ClassSums:
    one_hot = np.eye(count)[classes]
    about = [y - y.mean(axis=0) for y in targets]
    return ClassSums(
        counts=one_hot.sum(axis=0),
        totals=np.stack([((one_hot.T @ y) ** 2).sum(axis=1) for y in about]),
        squares=np.stack([one_hot.T @ (y**2).sum(axis=1) for y in about]),
    )


def left_out(classes: list[int], y: Float64, shift: float) -> float:
    """By the plain loop."""
    error, y = 0.0, y - y.mean(axis=0)
    for i, row in enumerate(y):
        others = [j for j, each in enumerate(classes) if each == classes[i] and j != i]
        weight = len(others) + shift
        guess = y[others].sum(axis=0) / weight if weight else np.zeros_like(row)
        error += float(((row - guess) ** 2).sum())
    return error


def test_two_rows_of_a_class_tell_of_each_other() -> None:
    rng = np.random.default_rng(4)
    classes = [0, 0, 1, 1, 1, 2]
    y, z = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    for shift in (0.0, 0.5, 1.0, 7.0):
        found = sums_of(classes, y, z).left_out(shift)
        expected = [left_out(classes, y, shift), left_out(classes, z, shift)]
        np.testing.assert_allclose(found, expected)


def test_the_strength_is_that_of_least_error_over_the_targets_that_vary() -> None:
    """Each counts by the share of its squares, however large its numbers are."""
    rng = np.random.default_rng(5)
    classes = [*([0] * 5), *([1] * 8), *([2] * 3)]
    told = rng.normal(size=(4, 3))[classes]
    y, z = told + rng.normal(size=(16, 3)), 100 * rng.normal(size=(16, 2))
    still = np.ones((16, 2))
    one_hot = np.eye(4)[classes]
    spread = len(classes) * one_hot.var(axis=0).mean()

    def share(strength: float) -> float:
        shift = strength if math.isinf(strength) else strength * spread
        squares = [float(((each - each.mean(axis=0)) ** 2).sum()) for each in (y, z)]
        return left_out(classes, y, shift) / squares[0] + left_out(classes, z, shift) / squares[1]

    best = min(GRID, key=share)
    assert GRID[0] < best < GRID[-1], "of neither end"
    found = best_shift(sums_of(classes, y, still, z))
    assert found == pytest.approx(best * spread)


def test_nothing_is_taken_off_where_answers_tell_nothing() -> None:
    y = np.random.default_rng(6).normal(size=(7, 2))
    assert best_shift(sums_of([1] * 7, y)) == math.inf, "all answers are one"
    assert best_shift(sums_of([0, 1, 2, 0, 1, 2, 0], np.ones((7, 2)))) == math.inf


def test_the_strength_is_the_same_however_small_the_numbers_are() -> None:
    rng = np.random.default_rng(7)
    classes = [*([0] * 5), *([1] * 8), *([2] * 3)]
    y = rng.normal(size=(4, 3))[classes] + rng.normal(size=(16, 3))
    found = best_shift(sums_of(classes, y))
    assert 0 < found < math.inf
    assert best_shift(sums_of(classes, 1e-3 * y)) == found
