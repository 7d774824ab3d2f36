"""Directions of rows, and rows that have none."""

from __future__ import annotations

import numpy as np
import pytest

from samefeatures.base.errors import MapError
from samefeatures.features.rows import ArrayRows
from samefeatures.maps.normalised.rows import unit, zero_vectors


def rows(values: np.ndarray) -> ArrayRows:
    return ArrayRows(name="b", values=values.astype(np.float32), fingerprint="print-b")


def test_units_point_where_the_rows_do_however_long_these_are() -> None:
    y = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    expected = y / np.linalg.norm(y.astype(float), axis=1, keepdims=True)
    for scale in (1e-25, 1.0, 1e25):  # squared it is no float32
        found = unit(y * np.float32(scale))
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_array_equal(unit(np.zeros((2, 3), np.float32)), np.zeros((2, 3)))


def test_rows_are_zero_vectors_where_all_of_their_features_are() -> None:
    """After ReLU most rows have some zeros."""
    values = np.ones((5000, 3))
    values[:, 0] = 0
    assert zero_vectors({"b": rows(values)}, ["b"]) == {"b": ""}
    values[[7, 2047, 2048, 4999]] = 0
    said = zero_vectors({"b": rows(values), "c": rows(np.ones((2, 2)))}, ["c", "b"])
    assert said["c"] == ""
    assert said["b"].startswith("4 of 5000 fit rows of b are zero vectors")
    with pytest.raises(MapError, match="All 3 fit rows of b are zero vectors"):
        zero_vectors({"b": rows(np.zeros((3, 2)))}, ["b"])
