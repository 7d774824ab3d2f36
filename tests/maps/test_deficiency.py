"""The reason for a deficient space is the one that its numbers show."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from worlds import make_world

from samefeatures.maps.deficiency import deficiency, reason

Rows = np.ndarray


def why(rows: Rows, **options: object) -> str:
    world = make_world({"a": rows, "b": rows[:, :2] + 1.0})
    return reason(world.problem("a"))


def normal(n: int, d: int) -> Rows:
    return np.random.default_rng(0).normal(size=(n, d)) * 3 + 1000


def dead(rows: Rows, *columns: int) -> Rows:
    return np.where(np.isin(np.arange(rows.shape[1]), columns), 7.0, rows)


def repeated(rows: Rows, of: int, *columns: int) -> Rows:
    out = rows.copy()
    for place, column in enumerate(columns, start=1):
        out[:, column] = 5.0 - 2.0 * place * rows[:, of]
    return out


def summed(rows: Rows) -> Rows:
    out = rows.copy()
    out[:, -1] = rows[:, 0] - 2 * rows[:, 1] + rows[:, 2]
    return out


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (dead(normal(60, 9), 4), "one feature does not vary over 60 fit rows"),
        (dead(normal(60, 9), 0, 4, 8), "3 features do not vary over 60 fit rows"),
        (repeated(normal(60, 9), 2, 5), "one repeats another over 60 fit rows"),
        (repeated(normal(60, 9), 2, 0, 5), "2 repeat others over 60 fit rows"),
        (summed(normal(60, 9)), "one direction does not vary over 60 fit rows"),
        (normal(9, 9), "9 fit rows are too few for 9 features"),
        (normal(4, 9), "4 fit rows are too few for 9 features"),
        (
            dead(repeated(normal(60, 9), 2, 5), 1, 3),
            "2 features do not vary, one repeats another over 60 fit rows",
        ),
        (
            dead(summed(normal(60, 9)), 4),
            "one feature does not vary, one more direction does not vary over 60 fit rows",
        ),
        (
            dead(normal(6, 9), 4, 5),
            "2 features do not vary over 6 fit rows, and 6 fit rows are too few for the other 7 "
            "features",
        ),
        (dead(normal(8, 9), 4, 5), "2 features do not vary over 8 fit rows"),
        (
            np.repeat(normal(4, 9), 5, axis=0),  # rows enough, and five times the same
            "6 directions do not vary over 20 fit rows",
        ),
        (dead(normal(60, 3), 0, 1, 2), "none of the 3 features varies over 60 fit rows"),
    ],
)
def test_reasons(rows: Rows, says: str) -> None:
    assert why(rows) == says


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("make", [lambda r: dead(r, 1), lambda r: repeated(r, 0, 1)])
def test_scales_of_the_features_do_not_matter(scale: float, make: Callable[[Rows], Rows]) -> None:
    assert why(scale * make(normal(60, 9))) == why(make(normal(60, 9)))


def test_what_counts_as_idle_is_what_the_rank_lacks() -> None:
    """Weak features and near twins that the inverse could tell are none of the reason."""
    rows = normal(60, 6)
    rows[:, 1] = rows[:, 0] + 1e-3 * np.random.default_rng(1).normal(size=60)
    rows[:, 2] *= 1e-4
    world = make_world({"a": rows, "b": rows[:, :2]})
    assert deficiency(world.problem("a")) == ""
    assert why(dead(rows, 5)) == "one feature does not vary over 60 fit rows"


@pytest.mark.parametrize("dim", [2, 5])
def test_two_rows_say_nothing_of_repeated_features(dim: int) -> None:
    assert why(normal(2, dim)) == f"2 fit rows are too few for {dim} features"
