"""Whom a hybrid follows: against plain loops, hybrids made to follow one, and scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from samefeatures.base.errors import LabelError
from samefeatures.scores.follow import error_consistency, follow
from samefeatures.scores.follows import Follows

N, CLASSES = 2000, 7


def says(rng: np.random.Generator, labels: np.ndarray, right: float) -> np.ndarray:
    wrong = (labels + rng.integers(1, CLASSES, len(labels))) % CLASSES
    return np.where(rng.uniform(size=len(labels)) < right, labels, wrong).astype(np.int32)


@pytest.fixture
def world() -> dict[str, np.ndarray]:
    """A hybrid that says what the source says on 60 %, what the target says on 30 %."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, N)
    source, target, other = (says(rng, labels, right) for right in (0.8, 0.6, 0.5))
    whom = rng.choice(3, N, p=[0.6, 0.3, 0.1])
    hybrid = np.choose(whom, [source, target, other])
    return {"source_says": source, "target_says": target, "hybrid_says": hybrid, "labels": labels}


def test_every_field_equals_a_plain_loop(world: dict[str, np.ndarray]) -> None:
    rows = list(zip(*(world[k].tolist() for k in sorted(world)), strict=True))
    apart = [(h, s, t) for h, _, s, t in rows if s != t]
    mistakes = [(h, s, t) for h, label, s, t in rows if t != label]
    right = {k: world[k] == world["labels"] for k in world}
    assert follow(**world) == Follows(
        n=N,
        disagree=len(apart),
        as_source=sum(h == s for h, s, _ in apart),
        as_target=sum(h == t for h, _, t in apart),
        mistakes=len(mistakes),
        repeated=sum(h == t for h, _, t in mistakes),
        repeated_by_source=sum(s == t for _, s, t in mistakes),
        consistency=pytest.approx(
            cohen_kappa_score(right["hybrid_says"], right["target_says"]), abs=1e-14
        ),
        consistency_of_source=pytest.approx(
            cohen_kappa_score(right["source_says"], right["target_says"]), abs=1e-14
        ),
    )


def test_shares_are_those_that_the_hybrid_was_made_with(world: dict[str, np.ndarray]) -> None:
    source, target = world["source_says"], world["target_says"]
    third = np.array([min({0, 1, 2} - {s, t}) for s, t in zip(source, target, strict=True)])
    place = np.cumsum(source != target)  # the how-many-th disagreement
    hybrid = np.select([place <= 300, place <= 420], [source, target], third)
    got = follow(**{**world, "hybrid_says": hybrid})
    assert got.disagree == place[-1] > 800
    assert (got.as_source, got.as_target, got.neither) == (300, 120, got.disagree - 420)
    assert got.of_disagreements(got.as_source) == pytest.approx(100 * 300 / place[-1])
    assert got.of_mistakes(got.repeated) == pytest.approx(100 * got.repeated / got.mistakes)


@pytest.mark.parametrize(("whom", "field"), [("source", "as_source"), ("target", "as_target")])
def test_a_hybrid_that_is_one_of_the_two(
    world: dict[str, np.ndarray], whom: str, field: str
) -> None:
    got = follow(**{**world, "hybrid_says": world[f"{whom}_says"]})
    assert getattr(got, field) == got.disagree > 0
    assert got.neither == 0
    if whom == "source":
        assert got.repeated == got.repeated_by_source < got.mistakes
        assert got.consistency == got.consistency_of_source < 1
    else:
        assert got.repeated == got.mistakes
        assert got.consistency == 1


def test_two_networks_that_never_disagree_and_never_err() -> None:
    labels = np.arange(5)
    same = labels.astype(np.int32)
    got = follow(source_says=same, target_says=same, hybrid_says=same, labels=labels)
    assert (got.n, got.disagree, got.mistakes) == (5, 0, 0)
    assert math.isnan(got.of_disagreements(got.as_source))
    assert math.isnan(got.of_mistakes(got.repeated))
    assert math.isnan(got.consistency)


@pytest.mark.parametrize(("first", "second"), [(0.9, 0.9), (0.2, 0.7), (1.0, 0.5), (0.5, 0.0)])
def test_error_consistency_equals_scikit_learn(first: float, second: float) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.uniform(size=300) < first, rng.uniform(size=300) < second
    assert error_consistency(a, b) == pytest.approx(cohen_kappa_score(a, b), abs=1e-14)


def test_error_consistency_where_it_is_known() -> None:
    half = np.array([True, False] * 50)
    always, never = np.ones(100, bool), np.zeros(100, bool)
    assert error_consistency(half, half) == 1
    assert error_consistency(half, ~half) == -1
    assert error_consistency(half, always) == 0
    assert error_consistency(always, never) == 0
    assert math.isnan(error_consistency(always, always))
    assert math.isnan(error_consistency(never, never))


def test_independent_errors_are_as_consistent_as_by_accident() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.uniform(size=100_000) < 0.8, rng.uniform(size=100_000) < 0.6
    assert abs(error_consistency(a, b)) < 0.01


@pytest.mark.parametrize("cut", ["source_says", "labels"])
def test_predictions_of_other_images(world: dict[str, np.ndarray], cut: str) -> None:
    with pytest.raises(LabelError, match=r"\(1999,\).*one prediction of each, and a label"):
        follow(**{**world, cut: world[cut][1:]})


def test_no_image() -> None:
    none = np.zeros(0, np.int64)
    with pytest.raises(LabelError, match="per image"):
        follow(source_says=none, target_says=none, hybrid_says=none, labels=none)
