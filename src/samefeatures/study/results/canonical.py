"""What networks share, direction by direction of their canonical space."""

from __future__ import annotations

from dataclasses import dataclass

from samefeatures.base.brief import brief


@dataclass(frozen=True, slots=True, kw_only=True)
class CanonicalPair:
    """A map through the first k directions.

    Attributes:
        k: Directions; None is the map of full rank, ``ridge`` or ``ols``.
        source: Name.
        target: Name.
        correct: Right predictions of the hybrid on the eval images; None where nothing is counted.
        loss_points: Loss vs target: its own top-1 less the hybrid's, in points; None likewise.
        r2: On the eval images; None where the target does not vary.
    """

    k: int | None
    source: str
    target: str
    correct: int | None
    loss_points: float | None
    r2: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CanonicalNetwork:
    """A network in the space.

    Attributes:
        name: Of the network.
        dim: Features.
        rank: Directions in which they vary.
        held: Share of its variance on the fit images that the first k directions hold, for every k
            of the sweep.
        r2_in: Median R² of maps from and to it, through a space that it is part of; None where
            there is none.
        r2_out: The same through a space of the other networks, to which it is attached.
        loss_in: Median loss of the hybrids from and to it in points; None where nothing is counted.
        loss_out: The same where it is attached.
    """

    name: str
    dim: int
    rank: int
    held: tuple[float, ...]
    r2_in: float | None = None
    r2_out: float | None = None
    loss_in: float | None = None
    loss_out: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CanonicalResults:
    """All of it.

    Attributes:
        alpha: Of the ridge.
        ks: Numbers of directions that were looked at, ascending.
        rank: Directions that all networks' features span together.
        chance: By how many networks a direction of as much Gaussian noise seems shared, in one draw
            of twenty at most; see ``maps/canonical/chance.py``.
        shared: By how many networks each of the first directions is shared, on the fit images.
        held_out: The same on the eval images; None where nothing varies.
        answers: Share of each direction, on the eval images, that the answers of one network tell,
            of the network that tells most; empty where none has a head.
        networks: In the order of the study.
        pairs: Of every k and pair.
        left_out_k: Directions of the spaces that lack one network each; 0 where there are fewer
            than three networks.
    """

    alpha: float
    ks: tuple[int, ...]
    rank: int
    chance: float
    shared: tuple[float, ...]
    held_out: tuple[float | None, ...]
    answers: tuple[float | None, ...]
    networks: tuple[CanonicalNetwork, ...]
    pairs: tuple[CanonicalPair, ...]
    left_out_k: int

    def __repr__(self) -> str:
        return brief(self, ks=self.ks, networks=[net.name for net in self.networks])
