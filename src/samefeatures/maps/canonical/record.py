"""The canonical space as a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Self

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.algebra.blas import times_vector
from samefeatures.base.arrays import Float64
from samefeatures.base.brief import brief
from samefeatures.base.errors import MapError
from samefeatures.base.options import check_known
from samefeatures.base.paths import PathLike, as_path
from samefeatures.maps.affine import AffineMap, Named
from samefeatures.maps.canonical.member import Anchors, Member
from samefeatures.maps.canonical.saved import VERSION, SaidSpace, read_space, write_space
from samefeatures.maps.note import FitNote


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CanonicalSpace:
    """k directions that networks share, the most shared first; see ``canonical_space``.

    Along each direction fit rows have mean 0 and variance 1, and no two directions are correlated.

    Attributes:
        members: The networks, in the order of the moments; those attached later at the end.
        shared: (k,) eigenvalues, descending: by how many networks each direction is shared, from 1
            (one alone) to N (all of them).
        chance: What the largest eigenvalue of as much Gaussian noise exceeds in one draw of
            twenty, at most; see ``maps/canonical/chance.py``.
        alpha: Of the ridge, as in ``Ridge``; 0 is none.
        rows: n of the fit.
        anchors: Points of the fit rows; None where the space was made of moments alone: then no
            network can be attached to it later.
    """

    members: tuple[Member, ...]
    shared: Float64
    chance: float
    alpha: float
    rows: int
    anchors: Anchors | None = None

    def __repr__(self) -> str:
        return brief(self, k=self.k, networks=list(self.names), rows=self.rows)

    @property
    def k(self) -> int:
        """Directions."""
        return len(self.shared)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the networks, in order."""
        return tuple(member.name for member in self.members)

    @property
    def founders(self) -> tuple[Member, ...]:
        """The networks that the directions were found from."""
        return tuple(member for member in self.members if not member.attached)

    def member(self, name: str) -> Member:
        """One network.

        Raises:
            MapError: when the space does not know it.
        """
        check_known(name, self.names, "This space has no network", MapError)
        return next(member for member in self.members if member.name == name)

    def first(self, k: int) -> Self:
        """The space of the first k directions: those of a smaller space are those of a larger one.

        Raises:
            MapError: when it has fewer.
        """
        self._check_k(k)
        members = tuple(member.first(k) for member in self.members)
        anchors = self.anchors and replace(self.anchors, points=self.anchors.points[:, :k])
        return replace(self, members=members, shared=self.shared[:k], anchors=anchors)

    def map(
        self, source: str, target: str, *, k: int | None = None, algebra: Algebra = HOST
    ) -> AffineMap:
        """The affine map from one network's features to another's, through the space.

        Args:
            source: Name.
            target: Name.
            k: Directions that it goes through; all of them if left out.
            algebra: Where the product runs.

        Raises:
            MapError: when a network or so many directions are not there.
        """
        k = self.k if k is None else k
        self._check_k(k)
        a, b = self.member(source), self.member(target)
        weight = algebra.product(b.decoder[:, :k], a.encoder[:k])  # (d_B, d_A)
        return AffineMap(
            weight=weight,
            bias=b.mean - times_vector(weight, a.mean),
            source=source,
            target=target,
            method="canonical",
            source_fingerprint=a.fingerprint,
            target_fingerprint=b.fingerprint,
            fit=FitNote(
                rank=a.rank, full_rank=a.dim, condition=a.condition, message=_message(a, k, self.k)
            ),
        )

    def check(self, networks: Mapping[str, Named]) -> None:
        """Refuse networks that are not those of the space, in its order, with its weights.

        Raises:
            MapError: naming the first that differs.
        """
        if tuple(networks) != self.names:
            raise MapError(
                f"The space is of {', '.join(self.names)}, but {', '.join(networks)} came. Give "
                "its networks, in its order."
            )
        for member in self.members:
            came = networks[member.name].fingerprint
            if member.fingerprint and came != member.fingerprint:
                raise MapError(
                    f"The space is of {member.name} with fingerprint {member.fingerprint[:12]}, "
                    f"but this {member.name} has {came[:12]}: other weights. Make the space again."
                )

    def points(self, rows: Mapping[str, Float64]) -> Float64:
        """(r, k) points of r rows, from the features of all founders: what encoders aim at.

        Args:
            rows: (r, d) of each founder, in order, row i of each the same image.

        Raises:
            MapError: when other networks came, or in another order.
        """
        names = tuple(member.name for member in self.founders)
        if tuple(rows) != names:
            raise MapError(
                f"Points are made of features of {', '.join(names)}, but {', '.join(rows)} came. "
                "Give these, in this order."
            )
        found = np.zeros((len(next(iter(rows.values()))), self.k))
        for member in self.founders:
            centred = rows[member.name] - member.mean  # (r, d)
            found += centred @ member.encoder.T
        return found / self.shared

    def save(self, path: PathLike) -> None:
        """Write as safetensors: means, encoders and decoders, the points of the fit rows with their
        ids, and the rest as JSON in the metadata.

        Raises:
            OSError: as the system says.
        """
        tensors: dict[str, np.ndarray] = {"shared": self.shared}
        for place, member in enumerate(self.members):
            tensors[f"{place}.mean"] = member.mean
            tensors[f"{place}.encoder"] = member.encoder
            tensors[f"{place}.decoder"] = member.decoder
        ids = None
        if self.anchors is not None:
            tensors["points"], ids = self.anchors.points, self.anchors.ids
        if ids is not None:
            tensors["ids"] = np.frombuffer("\0".join(ids).encode(), np.uint8)
        said = SaidSpace(
            version=VERSION,
            members=tuple(member.said for member in self.members),
            k=self.k,
            chance=self.chance,
            alpha=self.alpha,
            rows=self.rows,
            anchored=self.anchors is not None,
            identified=ids is not None,
        )
        write_space(as_path(path), said, tensors)

    @classmethod
    def load(cls, path: PathLike) -> Self:
        """Read what ``save`` wrote.

        Raises:
            MapError: when the file is missing, damaged, or not a space.
        """
        said, tensors = read_space(as_path(path))
        members = tuple(
            Member.of(
                each, *(tensors[f"{place}.{part}"] for part in ("mean", "encoder", "decoder"))
            )
            for place, each in enumerate(said.members)
        )
        anchors = None
        if said.anchored:
            ids = tensors["ids"].tobytes().decode().split("\0") if said.identified else None
            anchors = Anchors(points=tensors["points"], ids=ids)
        return cls(
            members=members,
            shared=tensors["shared"],
            chance=said.chance,
            alpha=said.alpha,
            rows=said.rows,
            anchors=anchors,
        )

    def _check_k(self, k: int) -> None:
        if isinstance(k, bool) or not isinstance(k, Integral) or not 0 <= k <= self.k:
            raise MapError(
                f"k is {k!r}, but this space has {self.k} directions. Take so many or fewer, or "
                "make a larger space."
            )


def _message(source: Member, k: int, most: int) -> str:
    if not source.rank:
        return "the source's features do not vary: the map is constant"
    if k:
        return ""
    why = "k is 0" if most else "no direction is shared by more than Gaussian noise would seem to"
    return f"{why}: the map is constant"
