"""Small feature spaces with known relations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from samefeatures.features.rows import ArrayRows
from samefeatures.joint.record import Moments
from samefeatures.maps import SourceProblem
from samefeatures.networks.record import Head


@dataclass(frozen=True)
class FakeNetwork:
    """A feature space with a head, as maps see networks."""

    name: str
    head: Head
    fingerprint: str


@dataclass(frozen=True)
class World:
    """Features of some images in two or three spaces, and their moments."""

    networks: dict[str, FakeNetwork]
    features: dict[str, np.ndarray]

    @property
    def moments(self) -> Moments:
        names = list(self.features)
        moments = Moments(names, [self.features[k].shape[1] for k in names])
        moments.update(*self.features.values())
        return moments

    @property
    def rows(self) -> dict[str, ArrayRows]:
        """As float32, which is what the stores hold; ``float32_world`` makes moments agree."""
        return {
            name: ArrayRows(name=name, values=x.astype(np.float32), fingerprint=f"rows-{name}")
            for name, x in self.features.items()
        }

    def problem(self, source: str, **given: Any) -> SourceProblem:
        """With the rows, unless others (or none) are given."""
        return SourceProblem(source, self.networks, self.moments, **{"rows": self.rows, **given})


def make_world(features: dict[str, np.ndarray], *, classes: int = 4, seed: int = 9) -> World:
    rng = np.random.default_rng(seed)
    networks = {}
    for name, x in features.items():
        weight = rng.normal(size=(classes, x.shape[1])).astype(np.float32)
        head = Head(weight, rng.normal(size=classes).astype(np.float32))
        networks[name] = FakeNetwork(name, head, f"print-{name}-{x.shape[1]}")
    return World(networks, features)
