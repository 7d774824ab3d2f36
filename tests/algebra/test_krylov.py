"""Leading eigenvectors by block Lanczos against all of them by LAPACK."""

from __future__ import annotations

import numpy as np
import pytest

from samefeatures.algebra import krylov
from samefeatures.algebra.krylov import leading


def of_values(values: np.ndarray, seed: int = 0) -> np.ndarray:
    """A matrix with these eigenvalues."""
    rng = np.random.default_rng(seed)
    turned, _ = np.linalg.qr(rng.normal(size=(len(values), len(values))))
    matrix = (turned * values) @ turned.T
    return np.ascontiguousarray((matrix + matrix.T) / 2)


def test_it_finds_the_largest_of_a_spectrum() -> None:
    matrix = of_values(np.concatenate([np.geomspace(8, 2, 40), np.linspace(1.5, 0, 960)]))
    ((values, vectors),) = leading(matrix, 30)
    expected, known = np.linalg.eigh(matrix)
    np.testing.assert_allclose(values, expected[::-1][:30], rtol=1e-13)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(30), atol=1e-13)
    np.testing.assert_allclose(matrix @ vectors, vectors * values, atol=1e-11)
    np.testing.assert_allclose(np.abs((vectors * known[:, ::-1][:, :30]).sum(axis=0)), 1)


def test_a_dense_bulk_costs_more_vectors_but_is_found() -> None:
    """The last ones sought lie among others that are hardly smaller."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3000, 1500))
    matrix = x.T @ x / 3000
    ((values, vectors),) = leading(matrix, 30)
    np.testing.assert_allclose(values, np.linalg.eigvalsh(matrix)[::-1][:30], rtol=1e-12)
    np.testing.assert_allclose(matrix @ vectors, vectors * values, atol=1e-10)


@pytest.mark.parametrize("at_once", [5, 2])
def test_searches_without_some_columns_are_those_of_the_smaller_matrices(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(krylov, "AT_ONCE", at_once)
    matrix = of_values(np.geomspace(5, 0.001, 640), seed=2)
    hidden = [slice(0, 50), slice(50, 200), slice(500, 640)]
    for part, found in zip(hidden, leading(matrix, 7, without=hidden), strict=True):
        assert found is not None
        values, vectors = found
        at = np.delete(np.arange(640), part)
        alone = matrix[np.ix_(at, at)]
        assert np.abs(vectors[part]).max() < 1e-15
        np.testing.assert_allclose(values, np.linalg.eigvalsh(alone)[::-1][:7], rtol=1e-12)
        np.testing.assert_allclose(alone @ vectors[at], vectors[at] * values, atol=1e-11)


@pytest.mark.parametrize("each", [(3.0, 1.0), (3.0, 2.0, 0.0), (10.0, 9.0, 5.0, 4.0, 0.0)])
def test_few_eigenvalues_of_many_vectors_are_all_found(each: tuple[float, ...]) -> None:
    """A block reaches no more vectors of an eigenvalue than it has itself: others follow it."""
    values = np.repeat(each, 600 // len(each))
    ((found, vectors),) = leading(of_values(values, seed=3), 50)
    np.testing.assert_allclose(found, np.sort(values)[::-1][:50], rtol=1e-12)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(50), atol=1e-12)


def test_a_matrix_of_low_rank() -> None:
    values = np.zeros(500)
    values[:5] = [9, 7, 5, 3, 1]
    ((found, _),) = leading(of_values(values, seed=4), 8)
    np.testing.assert_allclose(found, [9, 7, 5, 3, 1, 0, 0, 0], atol=1e-12)


def test_it_gives_up_where_most_of_all_vectors_would_not_do() -> None:
    """Ten of forty: no fewer vectors than all of them tell."""
    assert leading(of_values(np.linspace(1, 2, 40)), 10) == [None]
    assert leading(of_values(np.linspace(1, 2, 300)), 60) == [None]


def test_the_start_is_the_same_in_every_run() -> None:
    matrix = of_values(np.geomspace(4, 0.01, 600), seed=5)
    ((first, one),), ((second, other),) = leading(matrix, 5), leading(matrix, 5)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(one, other)
