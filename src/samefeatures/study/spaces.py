"""Control spaces beside the networks of a study, on one of its two sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from samefeatures.base.arrays import Float64, Int64
from samefeatures.features.rows import FeatureRows
from samefeatures.features.spaces.answers import Answers
from samefeatures.features.spaces.noise import ClassNoise, Noise
from samefeatures.moments.blocks import Pair
from samefeatures.moments.folded import Reading
from samefeatures.moments.views import Mixed, SecondMoments
from samefeatures.networks.record import Network

NOISE = "noise"
PIXELS = "pixels"


def answers_of(network: str) -> str:
    """Name of the space of a network's answers; no network can have it."""
    return f"answers: {network}"


def noise_of(network: str) -> str:
    """Name of the space of its class noise."""
    return f"class noise: {network}"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Spaces:
    """Rows of networks and of control spaces, row i of each the same image.

    Attributes:
        networks: By name, as loaded.
        rows: (n, d) of each.
        pixels: (n, p) of the image itself, or None where features come from files.
        random: (n, d) of each network's architecture with untrained weights, by its name.
        seed: Of class noise.
    """

    networks: Mapping[str, Network]
    rows: Mapping[str, FeatureRows]
    pixels: FeatureRows | None = None
    random: Mapping[str, FeatureRows] = field(default_factory=dict)
    seed: int = 0

    @property
    def answers(self) -> dict[str, Answers]:
        """One-hot answers of each network, by its name."""
        return {
            name: Answers(name=answers_of(name), rows=self.rows[name], head=network.head)
            for name, network in self.networks.items()
        }

    @property
    def class_noise(self) -> dict[str, ClassNoise]:
        """Class noise of each network's answers, by its name."""
        return {
            name: ClassNoise(
                name=noise_of(name), rows=self.rows[name], head=network.head, seed=self.seed
            )
            for name, network in self.networks.items()
        }

    @property
    def by_name(self) -> dict[str, FeatureRows]:
        """Rows of every space by its name."""
        spaces: list[FeatureRows] = [*self.answers.values(), *self.class_noise.values()]
        spaces += [self.pixels] if self.pixels is not None else []
        named = {space.name: space for space in spaces}
        return {**self.rows, **named, **{rows.name: rows for rows in self.random.values()}}

    def reading(self, fold_of: Int64) -> Reading:
        """What a pass over the rows sums: controls with networks, and what ``given`` needs.

        Args:
            fold_of: (n,) the fold of each row.
        """
        answers = list(self.answers.values())
        stored = [*self.random.values(), *([self.pixels] if self.pixels is not None else [])]
        noise = Noise(length=len(fold_of), seed=self.seed)
        return Reading(
            networks=list(self.rows.values()),
            stored=stored,
            derived=[*answers, noise],
            pairs=self._pairs([space.name for space in answers], [rows.name for rows in stored]),
            fold_of=fold_of,
        )

    def _pairs(self, answers: Sequence[str], stored: Sequence[str]) -> list[Pair]:
        controls = [*answers, *stored, NOISE]
        pairs = [(control, name) for control in controls for name in self.rows]
        pairs += [(control, control) for control in controls]
        pairs += [(name, NOISE) for name in answers]
        if self.pixels is not None:
            pairs += [(name, PIXELS) for name in (*answers, NOISE)]
        return pairs

    def with_class_noise(self, moments: SecondMoments) -> SecondMoments:
        """The moments with class noise beside them: linear in answers and noise."""
        mixtures: dict[str, dict[str, Float64 | None]] = {
            space.name: {answers_of(name): space.centres.astype(np.float64), NOISE: None}
            for name, space in self.class_noise.items()
        }
        return Mixed(moments, mixtures)
