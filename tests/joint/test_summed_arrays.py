"""Moments of rows that are given, against those of the whole arrays."""

from __future__ import annotations

import numpy as np

from samefeatures.features.given import given_spaces
from samefeatures.joint.arrays import summed
from samefeatures.joint.record import Moments


def test_they_are_those_of_the_whole_arrays() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5000, 3)), rng.normal(size=(5000, 2))
    found = summed(given_spaces({"x": x, "y": y}))
    expected = Moments(["x", "y"], [3, 2])
    expected.update(x, y)
    assert (found.names, found.dims, found.n) == (("x", "y"), (3, 2), 5000)
    np.testing.assert_allclose(found.block("y", "x"), expected.block("y", "x"), rtol=1e-12)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-12)
