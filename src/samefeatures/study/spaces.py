"""Control spaces beside the networks of a study, on one of its two sides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, combinations_with_replacement, product

import numpy as np

from samefeatures.base.arrays import Float64, Int64
from samefeatures.features.rows import FeatureRows
from samefeatures.features.spaces.answers import Answers
from samefeatures.features.spaces.labels import Labels
from samefeatures.features.spaces.noise import COLUMNS, ClassNoise, Noise
from samefeatures.joint.blocks import Pair
from samefeatures.joint.folded import Derived, Reading
from samefeatures.joint.views import Mixed, SecondMoments
from samefeatures.networks.record import Network, head_of
from samefeatures.similarity.sketch import Sketch
from samefeatures.study.controls_config import ANSWERS, LABELS, PIXELS, SOFT, Given

NOISE = "noise"


def answers_of(network: str) -> str:
    """Name of the space of a network's answers; no network can have it."""
    return f"answers: {network}"


def soft_of(network: str) -> str:
    """Name of the space of its probabilities."""
    return f"soft answers: {network}"


def noise_of(network: str) -> str:
    """Name of the space of its class noise."""
    return f"class noise: {network}"


def shuffled_of(network: str) -> str:
    """Name of its rows in another order."""
    return f"shuffled rows: {network}"


def given_to(network: str, given: Given) -> list[str]:
    """Names of the spaces that are given beside a source; pixels first, as all sources share them.

    Args:
        network: The source.
        given: Out of ``controls_config.GIVEN``.
    """
    names = {ANSWERS: answers_of(network), SOFT: soft_of(network), PIXELS: PIXELS, LABELS: LABELS}
    return sorted((names[word] for word in given), key=lambda name: name != PIXELS)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Spaces:
    """Rows of networks and of control spaces, row i of each the same image.

    Attributes:
        networks: By name, as loaded.
        rows: (n, d) of each.
        pixels: (n, p) of the image itself, or None where there are none.
        random: (n, d) of each network's architecture with untrained weights, by name and seed.
        labels: (n,) true classes, where they are given; else None.
        shuffled: (n, d) of the first network in another order, or None.
        soft: Whether there are probabilities.
        columns: Of class noise; 0: none.
        seed: Of class noise.
    """

    networks: Mapping[str, Network]
    rows: Mapping[str, FeatureRows]
    pixels: FeatureRows | None = None
    random: Mapping[tuple[str, int], FeatureRows] = field(default_factory=dict)
    labels: Int64 | None = None
    shuffled: FeatureRows | None = None
    soft: bool = False
    columns: int = COLUMNS
    seed: int = 0

    @property
    def answers(self) -> dict[str, Answers]:
        """One-hot answers of each network, by its name."""
        return {
            name: Answers(name=answers_of(name), rows=self.rows[name], head=head_of(network))
            for name, network in self.networks.items()
        }

    @property
    def soft_answers(self) -> dict[str, Answers]:
        """Probabilities of each network, by its name; empty where they are not asked for."""
        return {
            name: Answers(
                name=soft_of(name), rows=self.rows[name], head=head_of(network), soft=True
            )
            for name, network in self.networks.items()
            if self.soft
        }

    @property
    def class_noise(self) -> dict[str, ClassNoise]:
        """Class noise of each network's answers, by its name."""
        return {
            name: ClassNoise(
                name=noise_of(name),
                rows=self.rows[name],
                head=head_of(network),
                seed=self.seed,
                columns=self.columns,
            )
            for name, network in self.networks.items()
            if self.columns
        }

    @property
    def label_space(self) -> list[Labels]:
        """True labels, where they are given."""
        if self.labels is None:
            return []
        classes = head_of(next(iter(self.networks.values()))).classes
        return [Labels(name=LABELS, labels=self.labels, classes=classes)]

    @property
    def stored(self) -> list[FeatureRows]:
        """Control spaces whose rows are read."""
        others = [part for part in (self.pixels, self.shuffled) if part is not None]
        return [*self.random.values(), *others]

    @property
    def by_name(self) -> dict[str, FeatureRows]:
        """Rows of every space by its name."""
        made = (self.answers, self.soft_answers, self.class_noise)
        spaces = [space for each in made for space in each.values()]
        every: list[FeatureRows] = [*spaces, *self.label_space, *self.stored]
        return {**self.rows, **{space.name: space for space in every}}

    def nulls(self, network: str) -> dict[str, str]:
        """Names of the spaces that know nothing beyond the answers, by what they are."""
        found = {"class noise": noise_of(network)} if self.columns else {}
        shuffled = self.shuffled is not None and self.shuffled.name == shuffled_of(network)
        return {**found, **({"shuffled rows": shuffled_of(network)} if shuffled else {})}

    def reading(self, givens: Sequence[Given], *, fold_of: Int64 | None = None) -> Reading:
        """What a pass over the rows sums: controls with networks, and what is given with them.

        Args:
            givens: What measures are taken beyond.
            fold_of: (n,) the fold of each row, where regressions are chosen by them.
        """
        length = len(next(iter(self.rows.values())))
        derived: list[Derived] = [*self.answers.values(), *self.soft_answers.values()]
        derived += self.label_space
        if self.columns:
            derived.append(Noise(length=length, seed=self.seed, columns=self.columns))
        controls = [space.name for space in (*derived, *self.stored)]
        pairs = [(control, name) for control in controls for name in self.rows]
        pairs += [(control, control) for control in controls]
        pairs += [pair for parts in self._together(givens) for pair in combinations(parts, 2)]
        sketches = [
            Sketch(target=name, width=rows.dim, seed=self.seed) for name, rows in self.rows.items()
        ]
        return Reading(
            networks=list(self.rows.values()),
            stored=self.stored,
            derived=derived,
            pairs=_once(pairs),
            sketches=sketches if fold_of is not None else (),
            fold_pairs=_once(self._in_folds(givens, sketches)) if fold_of is not None else (),
            fold_of=fold_of,
        )

    def _in_folds(self, givens: Sequence[Given], sketches: Sequence[Sketch]) -> Iterator[Pair]:
        """What strengths are chosen by, and the maps out of the first network."""
        for parts in self._together(givens):
            yield from combinations_with_replacement(parts, 2)
            yield from product(parts, (sketch.name for sketch in sketches))
        for sketch in sketches:
            yield sketch.name, sketch.name
        first = next(iter(self.rows))
        for name in self.rows:
            yield first, name

    def _together(self, givens: Sequence[Given]) -> Iterator[list[str]]:
        """Spaces that may stand in one regression, a source and a set of controls each."""
        for network in self.networks:
            explaining = [network, answers_of(network)]
            explaining += [NOISE] if self.columns else []
            explaining += [shuffled_of(network)] if "shuffled rows" in self.nulls(network) else []
            for given in givens:
                yield list(dict.fromkeys([*given_to(network, given), *explaining]))

    def with_class_noise(self, moments: SecondMoments) -> SecondMoments:
        """The moments with class noise beside them: linear in answers and noise."""
        mixtures: dict[str, dict[str, Float64 | None]] = {
            space.name: {answers_of(name): space.centres.astype(np.float64), NOISE: None}
            for name, space in self.class_noise.items()
        }
        return Mixed(moments, mixtures)


def _once(pairs: Iterable[Pair]) -> list[Pair]:
    """In one direction alone: the other is the transpose."""
    found: dict[Pair, None] = {}
    for a, b in pairs:
        if (b, a) not in found:
            found[a, b] = None
    return list(found)
