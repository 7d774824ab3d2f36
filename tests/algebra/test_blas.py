"""Products that are added in place: against NumPy, and without a second S."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from samefeatures.algebra import HOST, blas, host
from samefeatures.algebra.blas import (
    add_by_class,
    add_outer,
    add_product,
    add_square,
    laid,
    mirror,
    multiply,
)


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


def _forms(matrix: np.ndarray) -> dict[str, np.ndarray]:
    """The same (m, k) numbers, laid out in every way that slices and transposes give."""
    m, k = matrix.shape
    wide, tall = np.full((m + 2, k + 3), np.nan), np.full((k + 4, m + 1), np.nan)
    wide[1:-1, 2:-1], tall[3:-1, 1:] = matrix, matrix.T
    gaps = np.full((2 * m, 3 * k), np.nan)
    gaps[::2, ::3] = matrix
    return {
        "rows": matrix.copy(),
        "columns": np.asfortranarray(matrix),
        "part": wide[1:-1, 2:-1],
        "part, turned": tall[3:-1, 1:].T,
        "gaps": gaps[::2, ::3],
        "backwards": matrix[::-1].copy()[::-1],
    }


@pytest.mark.parametrize("sizes", [(7, 5, 3), (1, 5, 3), (7, 1, 3), (7, 5, 1), (1, 1, 1)])
@pytest.mark.parametrize("add", [False, True])
def test_parts_of_arrays_are_multiplied_in_place(sizes: tuple[int, int, int], add: bool) -> None:
    m, k, n = sizes
    rng = np.random.default_rng(sum(sizes))
    a, b, start = (rng.normal(size=shape) for shape in ((m, k), (k, n), (m, n)))
    expected = a @ b + start if add else a @ b
    for a_form in _forms(a).values():
        for b_form in _forms(b).values():
            around = np.zeros((m + 2, n + 2))
            out = around[1:-1, 1:-1]
            out[...] = start
            multiply(laid(a_form), laid(b_form), out, add=add)
            np.testing.assert_allclose(out, expected, rtol=1e-13, atol=1e-14)
            out[...] = 0
            assert not around.any()  # nothing was written beside it


def test_nothing_is_multiplied_by_nothing() -> None:
    out = np.ones((3, 2))
    multiply(np.zeros((3, 0)), np.zeros((0, 2)), out, add=True)
    np.testing.assert_array_equal(out, 1)
    multiply(np.zeros((3, 0)), np.zeros((0, 2)), out)
    np.testing.assert_array_equal(out, 0)
    multiply(np.zeros((0, 4)), np.zeros((4, 2)), out[:0])


def test_sizes_that_do_not_meet_are_never_handed_on() -> None:
    with pytest.raises(AssertionError, match="times"):
        multiply(np.zeros((3, 4)), np.zeros((5, 2)), np.zeros((3, 2)))
    with pytest.raises(AssertionError, match="times"):
        add_product(np.zeros((3, 2)), np.zeros((7, 3)), np.zeros((6, 2)))
    with pytest.raises(AssertionError, match="times"):
        add_square(np.zeros((3, 3)), np.zeros((7, 4)))


@pytest.mark.parametrize("dim", [255, 257])
def test_products_of_the_host_take_any_array(dim: int) -> None:
    rng = np.random.default_rng(dim)
    a, b = rng.normal(size=(4, dim)), rng.normal(size=(dim, 5))
    for a_form in _forms(a).values():
        for b_form in _forms(b).values():
            np.testing.assert_allclose(HOST.product(a_form, b_form), a @ b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dim", [99, 100, 101, 250])
def test_wide_squares_are_added_panel_by_panel(dim: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "WIDEST", 100)
    rng = np.random.default_rng(dim)
    z, s = rng.normal(size=(7, dim)), rng.normal(size=(dim, dim))
    expected = np.tril(s + z.T @ z) + np.triu(s, 1)
    add_square(s, z)
    np.testing.assert_allclose(s, expected, rtol=1e-13, atol=1e-14)


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


@pytest.mark.parametrize("dim", [8, 9, 31, 64])
def test_wide_matrices_are_inverted_by_halves(dim: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole, LAPACK ends the process at some 18,000."""
    x = np.random.default_rng(dim).normal(size=(3 * dim, dim))
    matrix = x.T @ x
    monkeypatch.setattr(host, "WIDEST", 7)
    found = HOST.inverse(matrix)
    assert found is not None
    np.testing.assert_allclose(found, np.linalg.inv(matrix), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(found, found.T)
    x[:, -1] = x[:, 0]
    x[:, 1] = 0
    assert HOST.inverse(x.T @ x) is None
