"""Which way classes are shifted, and why they may be."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from samefeatures.study.label_warnings import coverage, label_warnings, renaming_warning


@pytest.mark.parametrize(
    ("shift", "says"),
    [
        (1, "Its classes lie 1 above the labels: the head may have a background class"),
        (-1, "Its classes lie 1 below the labels: the labels may count from 1"),
        (2, "Its classes lie 2 above the labels. Check the class map"),
        (-2, "Its classes lie 2 below the labels. Check the class map"),
    ],
)
def test_a_shift_is_named_with_its_direction(shift: int, says: str) -> None:
    labels = np.random.default_rng(0).integers(2, 8, 600)
    network: Any = SimpleNamespace(name="x")
    score: Any = SimpleNamespace(predictions=labels + shift)
    found = renaming_warning(network, score, labels)
    assert found is not None
    assert says in found
    right: Any = SimpleNamespace(predictions=labels)
    assert renaming_warning(network, right, labels) is None


def scores(**predictions: Any) -> Any:
    return {name: SimpleNamespace(predictions=said) for name, said in predictions.items()}


def named(*names: str) -> Any:
    return {name: SimpleNamespace(name=name.upper()) for name in names}


def test_classes_in_another_order_are_counted_on_the_rows_that_did_not_find_it() -> None:
    labels = np.tile(np.arange(4), 100)
    swapped = np.array([2, 3, 1, 0])[labels]
    found = renaming_warning(named("x")["x"], scores(x=swapped)["x"], labels, what="row")
    assert found == (
        "Labels look permuted for X: as labelled it is right on 0 of 200 rows, with its classes "
        "renamed one to one on 200 (the renaming was found on the other rows). Its classes are in "
        "another order, or its head was not trained for them. Check the class map, and the order "
        "of the classes of the head."
    )


def test_a_network_that_guesses_is_not_called_permuted() -> None:
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(4), 100)
    guessed = scores(x=rng.integers(0, 4, 400))["x"]
    assert renaming_warning(named("x")["x"], guessed, labels) is None


def test_each_network_is_named_and_those_that_agree_only_where_none_is() -> None:
    labels = np.tile(np.arange(4), 100)
    swapped = np.array([2, 3, 1, 0])[labels]
    own = scores(a=labels, b=swapped, c=swapped)
    found = list(label_warnings(named("a", "b", "c"), own, labels, 4, what="row"))
    assert [text[:31] for text in found] == [
        f"Labels look permuted for {x}: as l"[:31] for x in "BC"
    ]
    assert all("of 200 rows" in text for text in found)
    rng = np.random.default_rng(0)  # labels of noise: nothing renames them
    alike, noise = np.tile(np.arange(4), 100), rng.permutation(labels)
    same = scores(a=alike, b=alike, c=noise)
    (text,) = label_warnings(named("a", "b", "c"), same, noise, 4)
    assert text.startswith("Labels look permuted: a, b are right no more often than by chance")
    right = scores(a=noise, b=noise)
    assert list(label_warnings(named("a", "b"), right, noise, 4)) == []
    few = list(label_warnings(named("a"), scores(a=labels[:3]), labels[:3], 4, what="row"))
    assert [text[:35] for text in few] == ["The eval set has 3 rows for 4 class"]


@pytest.mark.parametrize(
    ("labels", "classes", "says"),
    [
        ([2, 2, 2], 5, "All 3 eval rows are of class 2: whatever always names this class is 100"),
        ([2, 2, 2], 5, "Accuracies of this study say nothing about the other 4 classes."),
        ([1, 1], 2, "All 2 eval rows are of class 1"),
        ([0, 1, 2], 4, "The eval set has 3 rows for 4 classes"),
        ([0, 1, 2], 4, "score on more rows."),
        ([0, 1, 1], 3, None),
        ([0, 0, 0], 1, None),
    ],
)
def test_too_few_rows_or_one_class(labels: list[int], classes: int, says: str | None) -> None:
    found = list(coverage(np.array(labels), classes, what="row"))
    assert len(found) == (says is not None)
    assert says is None or says in found[0]
