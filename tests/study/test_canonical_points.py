"""Points of rows, answers of heads, and what these tell of those: against plain loops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import samefeatures as sf
from array_worlds import networks_of, rows_of
from npz_worlds import make_worlds
from samefeatures.base.arrays import Float32, Float64
from samefeatures.study.canonical import points as module
from samefeatures.study.canonical.points import answers_of, points_of, told_by_answers

WORLDS = make_worlds(n=50, m=30, noise=0.5)


@pytest.mark.parametrize("chunk", [7, 1000])
def test_points_and_answers_are_of_all_rows_in_order(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", chunk)
    rows = rows_of(WORLDS, "fit")
    wide = {name: rows[name].values.astype(float) for name in "ab"}
    space = sf.canonical_space(wide, k=4)
    found = points_of(space, rows)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, space.points(wide).astype(np.float32))
    for name, network in networks_of(WORLDS).items():
        assert network.head is not None
        answers = answers_of(rows[name], network.head)
        assert answers.dtype == np.int32
        logits = network.head.logits(rows[name].values)
        np.testing.assert_array_equal(answers, logits.argmax(axis=1))


def test_bias_decides_answers() -> None:
    network = networks_of(WORLDS)["a"]
    assert network.head is not None
    bias = np.array([0, 0, 0, 1e6, 0], np.float32)
    answers = answers_of(rows_of(WORLDS, "fit")["a"], sf.Head(network.head.weight, bias))
    np.testing.assert_array_equal(answers, np.full(50, 3))


def told(
    points: Float32, answers: Sequence[int], judged: Float32, judged_answers: Sequence[int]
) -> float:
    """Of one direction, (n,) and (m,): the share that shrunk means explain, by a loop."""
    x, y = points.astype(float), judged.astype(float)
    centre, known = x.mean(), sorted(set(answers))
    mine = {c: x[np.array(answers) == c] for c in known}
    between = sum(len(part) * (part.mean() - centre) ** 2 for part in mine.values())
    within = sum(((part - part.mean()) ** 2).sum() for part in mine.values())
    noise = within / max(len(x) - len(known), 1)
    freedom = max(len(known) - 1, 1)
    signal = max(between / freedom - noise, 0) * freedom / len(x)
    guess = []
    for c in judged_answers:
        mean, n = (mine[c].mean() - centre, len(mine[c])) if c in mine else (0.0, 0)
        guess.append(centre + (mean * n / (n + noise / signal) if n and signal else 0.0))
    spread = ((y - y.mean()) ** 2).sum()
    return float(1 - ((y - guess) ** 2).sum() / spread) if spread else float("nan")


CASES = {
    "many of each": ([0] * 5 + [1] * 9 + [3] * 2, [0, 1, 1, 3, 0]),
    "one that no fit image has": ([0] * 5 + [1] * 9 + [3] * 2, [0, 1, 2, 3, 4]),
    "one image alone": ([0] * 4 + [1] * 5 + [2], [0, 1, 2, 2]),
    "one image more than answers": ([0, 1, 2, 3, 3], [0, 1, 2, 3, 3]),
    "one image each": ([0, 1, 2, 4], [0, 1, 2, 4, 4]),
    "two answers": ([0] * 4 + [2] * 3, [0, 2, 0, 2]),
    "one answer": ([1] * 6, [1, 1, 1]),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("scale", [1.0, 1e-3])
@pytest.mark.parametrize("offset", [0.0, 64.0])
def test_what_answers_tell_is_by_shrunk_means(case: str, scale: float, offset: float) -> None:
    """Far from zero too: means are taken in float64."""
    answers, judged_answers = CASES[case]
    rng = np.random.default_rng(8)
    means = rng.normal(size=(5, 3)) * [3, 1, 0]

    def points(given: list[int]) -> Float32:
        found: Float64 = scale * (means[given] + rng.normal(size=(len(given), 3))) + offset
        return found.astype(np.float32)

    fit, judged = points(answers), points(judged_answers)
    found = told_by_answers(
        fit, np.array(answers, np.int32), judged, np.array(judged_answers, np.int32), 5
    )
    expected = [told(fit[:, j], answers, judged[:, j], judged_answers) for j in range(3)]
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


def test_directions_that_do_not_vary() -> None:
    """Over the fit images: their mean is the guess; over those that judge: nothing is said."""
    fit = np.array([[2.0, 1.0], [2.0, 3.0], [2.0, 5.0], [2.0, 7.0]], np.float32)
    judged = np.array([[1.0, 4.0], [3.0, 4.0]], np.float32)
    found = told_by_answers(fit, np.array([0, 0, 1, 1]), judged, np.array([0, 1]), 2)
    assert found[0] == 0
    assert np.isnan(found[1])
