"""Labels that look permuted: found where they are, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from samefeatures.scores.permuted import LEAST_ROWS, _kappa, agree_though_wrong, renaming

CLASSES = 10


def answers(labels, *, right: float, seed: int):
    """Predictions that are the label with that probability, else any class."""
    rng = np.random.default_rng(seed)
    anything = rng.integers(0, CLASSES, len(labels))
    return np.where(rng.random(len(labels)) < right, labels, anything).astype(np.int32)


@pytest.fixture
def labels():
    return np.random.default_rng(0).integers(0, CLASSES, 2000)


def test_a_renaming_is_found_on_one_half_and_judged_on_the_other(labels) -> None:
    order = np.random.default_rng(1).permutation(CLASSES)
    said = order[answers(labels, right=0.9, seed=2)].astype(np.int32)
    found = renaming(said, labels)
    assert found is not None
    # By hand: every second row of each label judges.
    judges = np.concatenate([np.flatnonzero(labels == c)[1::2] for c in range(CLASSES)])
    assert found.n == len(judges)
    assert found.as_labelled == (said[judges] == labels[judges]).sum()
    assert found.renamed == (said[judges] == order[labels[judges]]).sum()
    assert found.suspicious
    assert found.shift is None


@pytest.mark.parametrize("shift", [1, -1, 3])
def test_a_shift_is_named(labels, shift: int) -> None:
    said = (answers(labels, right=0.8, seed=3) + shift).astype(np.int32)
    found = renaming(said, labels)
    assert found is not None
    assert (found.suspicious, found.shift) == (True, shift)


@pytest.mark.parametrize("right", [0.0, 0.05, 0.3])
def test_networks_good_or_bad_are_not_suspected(labels, right: float) -> None:
    for seed in range(1, 21):  # 0 is that of the labels
        found = renaming(answers(labels, right=right, seed=seed), labels)
        assert found is not None
        assert not found.suspicious


def test_a_constant_answer_and_many_classes_of_few_images_are_not_suspected(labels) -> None:
    found = renaming(np.full(len(labels), 3, np.int32), labels)
    assert found is not None
    assert not found.suspicious
    many = np.repeat(np.arange(500), 2)  # a renaming would fit noise if the same rows judged it
    found = renaming(np.random.default_rng(4).integers(0, 500, 1000).astype(np.int32), many)
    assert found is not None
    assert not found.suspicious


def test_too_few_rows_tell_nothing() -> None:
    few = np.zeros(2 * LEAST_ROWS - 2, np.int64)
    assert renaming(few.astype(np.int32) + 1, few) is None
    enough = np.zeros(2 * LEAST_ROWS, np.int64)
    assert renaming(enough.astype(np.int32) + 1, enough) is not None
    assert renaming(np.zeros(1000, np.int32), np.arange(1000)) is None  # one image a class


def test_networks_that_agree_though_they_are_wrong() -> None:
    labels = np.arange(1000)  # one image a class
    rng = np.random.default_rng(5)
    order = rng.permutation(1000)

    def net(seed: int):
        other = np.random.default_rng(seed)
        return np.where(other.random(1000) < 0.7, order, other.integers(0, 1000, 1000)).astype(
            np.int32
        )

    own = {"a": net(1), "b": net(2), "c": rng.integers(0, 1000, 1000).astype(np.int32)}
    assert agree_though_wrong(own, labels, 1000) == ("a", "b")
    right = {"a": labels.astype(np.int32), "b": labels.astype(np.int32)}
    assert agree_though_wrong(right, labels, 1000) == ()
    constant = dict.fromkeys("ab", np.zeros(1000, np.int32))
    assert agree_though_wrong(constant, labels, 1000) == ()


def test_kappa_is_that_of_scikit_learn(labels) -> None:
    first, second = (answers(labels, right=0.5, seed=seed) for seed in (6, 7))
    assert _kappa(first, second) == pytest.approx(cohen_kappa_score(first, second), rel=1e-12)


def test_a_head_that_is_right_more_often_than_not_is_not_looked_at(labels) -> None:
    said = labels.astype(np.int32)
    said[: len(said) // 2] = (said[: len(said) // 2] + 1) % CLASSES
    assert renaming(said, labels) is not None  # right on half
    said[0] = labels[0]
    assert renaming(said, labels) is None
