"""Every head is decomposed once for all sources, and the maps stay the same to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import World

from samefeatures.algebra.host import Host
from samefeatures.maps import Logit, SourceProblem
from samefeatures.maps.heads import HeadInverses


def test_one_decomposition_a_head(noisy_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    names = list(noisy_world.networks)
    alone = {
        (a, fitted.target): fitted.weight
        for a in names
        for fitted in Logit().fit(noisy_world.problem(a), [b for b in names if b != a])
    }
    asked: list[tuple[int, ...]] = []
    plain = Host.singular_values

    def counted(self: Host, matrix: np.ndarray) -> object:
        asked.append(matrix.shape)
        return plain(self, matrix)

    monkeypatch.setattr(Host, "singular_values", counted)
    heads = HeadInverses(noisy_world.networks)
    moments = noisy_world.problem(names[0]).moments
    for a in names:
        problem = SourceProblem(a, noisy_world.networks, moments, heads=heads)
        for fitted in Logit().fit(problem, [b for b in names if b != a]):
            assert np.array_equal(fitted.weight, alone[a, fitted.target])
    assert len(asked) == len(names)


def test_the_inverse_is_numpys(noisy_world: World) -> None:
    heads = HeadInverses(noisy_world.networks)
    for name, network in noisy_world.networks.items():
        inverse, _ = heads.of(name)
        expected = np.linalg.pinv(network.head.weight.astype(np.float64))
        np.testing.assert_allclose(inverse, expected, atol=1e-12 * np.abs(expected).max())
