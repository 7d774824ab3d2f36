"""A network in a canonical space: its encoder and its decoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from samefeatures.base.arrays import Float32, Float64
from samefeatures.base.brief import brief
from samefeatures.maps.canonical.saved import SaidMember


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Member:
    """A network in a canonical space.

    Attributes:
        name: Of the network.
        fingerprint: Of its weights; empty where it is known by rows alone.
        mean: (d,) of its features on the fit rows.
        encoder: (k, d): ``encoder @ (x − mean)`` is the point of the space nearest to what all
            networks say of the same row, as far as x tells it.
        decoder: (d, k): ``mean + decoder @ g`` are the features that a point of the space tells.
        rank: Directions in which its features vary.
        spread: Sum of squares of its centred features on the fit rows.
        condition: Ratio of the largest to the smallest sum of squares along these.
        attached: Whether it came later: then it has no part in what the directions are.
    """

    name: str
    fingerprint: str
    mean: Float64
    encoder: Float64
    decoder: Float64
    rank: int
    condition: float
    spread: float
    attached: bool = False

    def __repr__(self) -> str:
        return brief(self, name=self.name, dim=self.dim, attached=self.attached)

    @property
    def dim(self) -> int:
        """d."""
        return len(self.mean)

    @property
    def said(self) -> SaidMember:
        """All but its arrays."""
        return SaidMember(
            name=self.name,
            fingerprint=self.fingerprint,
            dim=self.dim,
            rank=self.rank,
            condition=self.condition,
            spread=self.spread,
            attached=self.attached,
        )

    @classmethod
    def of(cls, said: SaidMember, mean: Float64, encoder: Float64, decoder: Float64) -> Self:
        """What a file says, with its arrays: (d,), (k, d) and (d, k)."""
        return cls(
            name=said.name,
            fingerprint=said.fingerprint,
            mean=mean,
            encoder=encoder,
            decoder=decoder,
            rank=said.rank,
            condition=said.condition,
            spread=said.spread,
            attached=said.attached,
        )

    def first(self, k: int) -> Self:
        """With the first k directions alone."""
        return replace(self, encoder=self.encoder[:k], decoder=self.decoder[:, :k])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Anchors:
    """Where the fit rows lie in a space: all that a later network needs of the earlier ones.

    Attributes:
        points: (n, k).
        ids: One a row; None where the rows have none.
    """

    points: Float32
    ids: Sequence[str] | None

    def __repr__(self) -> str:
        return brief(self, rows=len(self.points), k=self.points.shape[1])
