"""Moments of rows that are given, against those of the whole arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from samefeatures.base.arrays import Int64
from samefeatures.base.errors import ConfigError
from samefeatures.features.folds import SEED, parts_of
from samefeatures.features.given_spaces import given_spaces
from samefeatures.features.rows import ArrayRows
from samefeatures.joint.arrays import fold_sums, summed
from samefeatures.joint.by_fold import FoldSums
from samefeatures.joint.record import Moments
from watching import Elsewhere, Told

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(5000, 3)), RNG.normal(size=(5000, 2))


def blocks() -> list[np.ndarray]:
    """Of X, as rows come whose number is not known before."""
    return [X[:3000], X[3000:]]


def moments_of(x: np.ndarray, y: np.ndarray) -> Moments:
    found = Moments(["x", "y"], [3, 2])
    found.update(x, y)
    return found


def test_they_are_those_of_the_whole_arrays() -> None:
    found, expected = summed(given_spaces({"x": X, "y": Y})), moments_of(X, Y)
    assert (found.names, found.dims, found.n) == (("x", "y"), (3, 2), 5000)
    np.testing.assert_allclose(found.block("y", "x"), expected.block("y", "x"), rtol=1e-12)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-12)


def test_products_run_where_they_are_told_to() -> None:
    elsewhere = Elsewhere()
    summed(given_spaces({"x": np.ones((4, 2))}), algebra=elsewhere)
    assert elsewhere.summed == [((2,), "float64")]


def test_progress_is_shown_where_the_number_of_rows_is_known() -> None:
    told, nothing = Told(), Told()
    summed(given_spaces({"x": iter(blocks()), "y": Y}), progress=told, stage="a pass")
    assert told.totals == {"a pass": 5000}
    assert sum(told.steps) == 5000
    assert summed(given_spaces({"x": iter(blocks())}), progress=nothing).n == 5000
    assert nothing.tasks == {}


def test_whoever_stands_beside_sees_every_row() -> None:
    taken: list[tuple[np.ndarray, ...]] = []
    summed(given_spaces({"x": iter(blocks()), "y": Y}), beside=[lambda *rows: taken.append(rows)])
    np.testing.assert_array_equal(np.concatenate([x for x, _ in taken]), X)
    np.testing.assert_array_equal(np.concatenate([y for _, y in taken]), Y)


def assert_by_fold(sums: FoldSums, fold_of: Int64, x: np.ndarray, y: np.ndarray) -> None:
    assert len(sums.moments()) == fold_of.max() + 1
    for k, found in enumerate(sums.moments()):
        expected = moments_of(x[fold_of == k], y[fold_of == k])
        assert (found.names, found.n) == (("x", "y"), expected.n)
        np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-9)
        np.testing.assert_allclose(found.block("x", "y"), expected.block("x", "y"), rtol=1e-9)


def test_folds_are_summed_beside_once_for_each_number_that_is_asked_for() -> None:
    spaces, elsewhere = given_spaces({"x": iter(blocks()), "y": Y}), Elsewhere()
    sums = fold_sums(spaces, [3, 0, 2, 3], algebra=elsewhere)
    summed(spaces, beside=[each.update for each in sums.values()])
    assert set(sums) == {2, 3}
    assert elsewhere.summed == [((3, 2), "float64")] * 5
    for count, found in sums.items():
        assert_by_fold(found, parts_of(5000, count, seed=SEED), X, Y)


def test_folds_are_made_by_id_where_a_space_has_them() -> None:
    ids: Sequence[str] = [f"image {-k}" for k in range(60)]
    y = Y[:60].astype(np.float32)
    named = ArrayRows(name="y", values=y, fingerprint="", ids=ids)
    spaces = given_spaces({"x": X[:60], "y": named})
    sums = fold_sums(spaces, [4])
    summed(spaces, beside=[sums[4].update])
    assert_by_fold(sums[4], parts_of(ids, 4, seed=SEED), X[:60], y)
    assert not np.array_equal(parts_of(ids, 4, seed=SEED), parts_of(60, 4, seed=SEED))


def test_of_rows_whose_number_is_not_known_there_are_no_folds() -> None:
    with pytest.raises(ConfigError, match=r"^0 rows can't make 1 parts"):
        fold_sums(given_spaces({"x": iter(blocks())}), [1])
