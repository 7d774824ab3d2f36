"""Products that are added in place: against NumPy, and without a second S."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from samefeatures.algebra.blas import add_by_class, add_outer, add_product, add_square, mirror


def peak_bytes(work: Callable[[], object]) -> int:
    work()  # what is imported and cached by the first call is not what is asked
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_square_is_added_below_the_diagonal_alone() -> None:
    rng = np.random.default_rng(0)
    z, s = rng.normal(size=(7, 5)), rng.normal(size=(5, 5))
    expected = np.tril(s + z.T @ z) + np.triu(s, 1)
    add_square(s, z)
    np.testing.assert_allclose(s, expected, rtol=1e-14)


def test_a_product_is_added() -> None:
    rng = np.random.default_rng(1)
    a, b, s = rng.normal(size=(7, 5)), rng.normal(size=(7, 3)), rng.normal(size=(5, 3))
    expected = s + a.T @ b
    add_product(s, a, b)
    np.testing.assert_allclose(s, expected, rtol=1e-14)


def test_nothing_is_copied() -> None:
    s, z = np.zeros((1000, 1000)), np.ones((40, 1000))
    assert peak_bytes(lambda: add_square(s, z)) < 0.01 * s.nbytes
    assert peak_bytes(lambda: add_product(s, z, z)) < 0.01 * s.nbytes
    assert peak_bytes(lambda: mirror(s)) < 0.5 * s.nbytes


def test_what_would_be_copied_and_lost_is_refused() -> None:
    z = np.ones((4, 3))
    with pytest.raises(AssertionError, match="C-contiguous"):
        add_square(np.zeros((3, 3), order="F"), z)
    with pytest.raises(AssertionError, match="C-contiguous"):
        add_product(np.zeros((3, 3), np.float32), z, z)


@pytest.mark.parametrize("dim", [1, 255, 256, 257, 700])
def test_the_upper_triangle_becomes_the_lower_one(dim: int) -> None:
    matrix = np.random.default_rng(dim).normal(size=(dim, dim))
    expected = np.tril(matrix) + np.tril(matrix, -1).T
    mirror(matrix)
    np.testing.assert_array_equal(matrix, expected)


def test_an_outer_product_is_added_in_place() -> None:
    rng = np.random.default_rng(0)
    block, a, b = rng.standard_normal((4, 7)), rng.standard_normal(4), rng.standard_normal(7)
    expected = block - 3.5 * np.outer(a, b)
    add_outer(block, a, b, -3.5)
    np.testing.assert_allclose(block, expected, rtol=1e-14)
    add_outer(np.zeros((0, 7)), a[:0], b, 1.0)  # nothing to add to


def test_rows_are_added_to_the_row_of_their_class() -> None:
    rng = np.random.default_rng(0)
    block, b = rng.standard_normal((5, 3)), rng.standard_normal((40, 3))
    classes = rng.integers(0, 4, 40)  # one class has no row
    expected = block + np.eye(5)[classes].T @ b
    add_by_class(block, classes, b)
    np.testing.assert_allclose(block, expected, rtol=1e-13)
    add_by_class(block, classes[:0], b[:0])
    np.testing.assert_allclose(block, expected, rtol=1e-13)
