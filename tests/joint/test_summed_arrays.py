"""Moments of rows that are given, against those of the whole arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from samefeatures.algebra import HOST, Precision
from samefeatures.algebra.host import Host
from samefeatures.algebra.host_sums import HostSums
from samefeatures.features.given_spaces import given_spaces
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


def test_products_run_where_they_are_told_to() -> None:
    asked: list[Sequence[int]] = []

    class Elsewhere(Host):
        """Notes what it is asked for."""

        def sums(self, dims: Sequence[int], precision: Precision) -> HostSums:
            asked.append(dims)
            return HOST.sums(dims, precision)

    summed(given_spaces({"x": np.ones((4, 2))}), algebra=Elsewhere())
    assert asked == [(2,)]
