"""From joint moments to a canonical space, and a network that is attached to one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float64
from samefeatures.joint.blocks import Blocks
from samefeatures.joint.record import Moments
from samefeatures.maps.canonical.member import Member
from samefeatures.maps.canonical.record import CanonicalSpace
from samefeatures.maps.canonical.stack import Directions, Stack, White


def space_of(
    stack: Stack,
    moments: Moments | Blocks,
    prints: Mapping[str, str],
    *,
    k: int | None,
    alpha: float,
    at_most: bool = False,
) -> CanonicalSpace:
    """The k directions that networks share most (MAXVAR, Kettenring 1971).

    G (n, k) with GᵀG = I and encoders E_A minimise Σ_A ‖G − X_A E_Aᵀ‖² + s_A ‖E_A‖²: G = Z v / √λ
    for the top eigenvectors v of C = ZᵀZ. Then E_A = √λ v_Aᵀ (Λ+s)^-½ Uᵀ is the (ridge) regression
    of G on X_A, D_B = U (Λ+s)^½ v_B √λ the regression of X_B on G, and

        D_B E_A = U_B (Λ_B+s_B)^½ (Σ λ v_B v_Aᵀ) (Λ_A+s_A)^-½ U_Aᵀ,

    whose middle is C_BA where k is the rank: then the map from A to B is that of ``ridge`` with the
    same alpha, or of ``ols`` with none. Smaller k are its best approximations that all pairs share.

    Args:
        stack: Of the same moments and alpha.
        moments: For the means.
        prints: Fingerprints by name.
        k: Directions; None: all above ``chance_level``.
        alpha: As in ``Ridge``.
        at_most: Fewer directions will do, where the features span fewer.

    Raises:
        MapError: when they span fewer, and fewer will not do.
    """
    found = stack.directions(k, at_most=at_most)
    return _space(stack, moments, prints, alpha, found)


def spaces_without(
    stack: Stack, moments: Moments | Blocks, prints: Mapping[str, str], *, k: int, alpha: float
) -> dict[str, CanonicalSpace]:
    """As ``space_of``, of all networks but one, by its name; k directions, or as many as there are.

    They are searched together, which takes less time than one after another.
    """
    found = stack.directions_without(k)
    return {name: _space(stack, moments, prints, alpha, each) for name, each in found.items()}


def _space(
    stack: Stack,
    moments: Moments | Blocks,
    prints: Mapping[str, str],
    alpha: float,
    directions: Directions,
) -> CanonicalSpace:
    """Of the networks that have parts in the directions."""
    values, parts = directions
    root, unit = np.sqrt(values), np.sqrt(stack.rows)
    members = []
    for name, part in parts.items():
        white, scaled = stack.white[name], part * root  # (r, k)
        members.append(
            _member(
                name,
                prints[name],
                moments.mean_of(name),
                white,
                encoder=unit * (scaled.T @ white.into.T),
                decoder=(white.back @ scaled) / unit,
            )
        )
    return CanonicalSpace(
        members=tuple(members),
        shared=values,
        chance=stack.chance(list(parts)),
        alpha=alpha,
        rows=stack.rows,
    )


def attached(
    space: CanonicalSpace, stack: Stack, moments: Moments | Blocks, name: str, fingerprint: str
) -> Member:
    """A network of the same moments that had no part in the space, by maps of its own.

    X_AᵀG follows from the moments, since G = Σ_B X_B E_Bᵀ / λ.
    """
    across = np.zeros((len(moments.mean_of(name)), space.k))  # (d, k) X_AᵀG
    for member in space.founders:
        across += moments.block(name, member.name) @ member.encoder.T
    return fitted_member(
        name,
        fingerprint,
        moments.mean_of(name),
        stack.white[name],
        across / space.shared,
        rows=space.rows,
    )


def fitted_member(
    name: str, fingerprint: str, mean: Float64, white: White, across: Float64, *, rows: int
) -> Member:
    """Encoder and decoder by (ridge) regression on points whose second moments are n I.

    Args:
        name: Of the network.
        fingerprint: Of its weights.
        mean: (d,).
        white: Of its features.
        across: (d, k) X_AᵀG.
        rows: n.
    """
    within = white.into.T @ across  # (r, k)
    inside = white.vectors @ (white.vectors.T @ across)
    return _member(
        name,
        fingerprint,
        mean,
        white,
        encoder=within.T @ white.into.T,
        decoder=inside / rows,
        attached=True,
    )


def _member(
    name: str,
    fingerprint: str,
    mean: Float64,
    white: White,
    *,
    encoder: Float64,
    decoder: Float64,
    attached: bool = False,
) -> Member:
    return Member(
        name=name,
        fingerprint=fingerprint,
        mean=mean,
        encoder=np.ascontiguousarray(encoder),
        decoder=np.ascontiguousarray(decoder),
        rank=len(white.values),
        condition=white.condition,
        spread=float(white.values.sum()),
        attached=attached,
    )


class CanonicalSpaces:
    """The spaces of some networks, each made once, however many sources ask for it.

    Args:
        moments: Of all networks.
        prints: Their fingerprints, by name.
        algebra: Where products and factorisations run.
    """

    def __init__(
        self, moments: Moments | Blocks, prints: Mapping[str, str], *, algebra: Algebra = HOST
    ) -> None:
        self._moments, self._prints, self._algebra = moments, prints, algebra
        self._known: dict[tuple[int | None, float], CanonicalSpace] = {}

    def of(self, k: int | None, alpha: float) -> CanonicalSpace:
        """As ``space_of``."""
        if (k, alpha) not in self._known:
            stack = Stack(self._moments, alpha=alpha, algebra=self._algebra)
            self._known[k, alpha] = space_of(stack, self._moments, self._prints, k=k, alpha=alpha)
        return self._known[k, alpha]
