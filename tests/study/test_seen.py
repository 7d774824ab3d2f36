"""What is taken of rows given as arrays: moments, prints, folds, and rows where they are read."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from samefeatures.features.given import GivenRows, given_rows
from samefeatures.features.prints import directions
from samefeatures.study.seen import fit_side
from watching import Told, noted_place

X = np.random.default_rng(0).normal(size=(90, 4))
Y = X[:, :3] + 1
STAGE = "moments of the fit rows"
ALONE = SimpleNamespace(needs_rows=False, needs_folds=0)
BY_FOLD = SimpleNamespace(needs_rows=False, needs_folds=3)
READING = SimpleNamespace(needs_rows=True, needs_folds=0)


def once(rows: np.ndarray) -> Iterator[np.ndarray]:
    yield from (rows[:50], rows[50:])


def spaces(*, again: bool) -> dict[str, GivenRows]:
    """Rows that can be read again, or only once, so that their number is not known before."""
    return {
        name: given_rows(rows if again else once(rows), name)
        for name, rows in {"x": X, "y": Y}.items()
    }


@pytest.mark.parametrize("again", [True, False])
@pytest.mark.parametrize(
    "methods", [[ALONE], [ALONE, BY_FOLD], [READING, ALONE], [READING, BY_FOLD]]
)
def test_what_methods_ask_for_is_taken_and_nothing_else(again: bool, methods: list[Any]) -> None:
    place, asked = noted_place()
    progress = Told()
    found = fit_side(spaces(again=again), methods, place, progress)
    moments = found.seen.moments
    assert (moments.names, moments.n) == (("x", "y"), 90)
    centred = [rows - rows.mean(axis=0) for rows in (X, Y)]
    np.testing.assert_allclose(moments.block("y", "x"), centred[1].T @ centred[0], atol=1e-9)
    expected = np.concatenate([X, Y], axis=1) @ directions(7).astype(np.float64)
    assert found.seen.prints.shape == (90, 8)
    np.testing.assert_allclose(found.seen.prints, expected, atol=1e-9)
    by_fold, reading = BY_FOLD in methods, READING in methods
    assert {k: len(folds) for k, folds in found.folds.items()} == ({3: 3} if by_fold else {})
    assert sum(fold.n for folds in found.folds.values() for fold in folds) == 90 * by_fold
    assert list(found.rows) == (["x", "y"] if reading else [])
    for name, rows in found.rows.items():
        np.testing.assert_array_equal(rows.values, {"x": X, "y": Y}[name].astype(np.float32))
    assert asked == ["sums"] * (1 + 3 * by_fold)
    # Rows that pass once are taken into memory only where they are needed again.
    known = again or by_fold or reading
    assert [(k, total, sum(done)) for k, (total, done) in progress.tasks.items()] == (
        [(STAGE, 90, 90)] if known else []
    )
