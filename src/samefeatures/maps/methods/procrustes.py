"""Orthogonal Procrustes: a rotation and one scale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from samefeatures.base.arrays import Float64
from samefeatures.maps.affine import AffineMap
from samefeatures.maps.inverse import cutoff
from samefeatures.maps.method import Method
from samefeatures.maps.note import FitNote
from samefeatures.maps.problem import SourceProblem
from samefeatures.maps.sizes import Sizes


@dataclass(frozen=True, slots=True)
class Procrustes(Method):
    """Minimise Σ ‖c R x_i + m − y_i‖² over orthogonal R and a number c.

    With ``S_BA = U Σ Vᵀ``: ``R = U Vᵀ``, ``c = tr Σ / tr(R S_AA Rᵀ)``, and m from the means
    (Schönemann 1966). R may reflect. Equals ``scipy.linalg.orthogonal_procrustes`` on centred rows,
    with its scale divided by the source's sum of squares, which is tr(R S_AA Rᵀ) where R drops
    nothing.

    **Spaces of different widths.** The narrower one gets features of zero, and R is the part of the
    orthogonal map that touches none of them: a partial isometry. Into a wider space it keeps all
    lengths and angles; into a narrower one it drops the directions that go into the padding. c is
    the number that brings R x nearest to the targets, in which the padding does not count.

    **Directions that do not vary together**, because the images are too few or features are dead or
    repeat each other, have no best rotation: they are left out, and the fit says so.
    """

    name = "procrustes"

    def fit(self, problem: SourceProblem, targets: Sequence[str]) -> Iterator[AffineMap]:
        """One map per target, in order."""
        for target in targets:
            weight, note = self._rotation(problem, target)
            yield problem.affine(
                self.name, target, weight, problem.centred_bias(target, weight), note
            )

    def _rotation(self, problem: SourceProblem, target: str) -> tuple[Float64, FitNote]:
        """c R, (d_B, d_A), and what is to be said of it."""
        moments, algebra = problem.moments, problem.algebra
        across = moments.block(target, problem.source)  # (d_B, d_A)
        u, s, vt = algebra.singular_values(across)
        rank = int((s > cutoff(max(across.shape), moments.precision) * s[0]).sum())
        full = min(across.shape)
        if rank == 0:
            message = "source and target do not vary together: the map is constant"
            note = FitNote(rank=0, full_rank=full, condition=float("inf"), message=message)
            return np.zeros(across.shape), note
        rotation = algebra.product(u[:, :rank], vt[:rank])  # (d_B, d_A)
        within = algebra.product(rotation, moments.block(problem.source, problem.source))
        length = float(np.vdot(within, rotation))  # Σ ‖R (x − mean)‖²
        message = ""
        if rank < full:
            message = (
                f"rotates {rank} of {full} directions: in the others source and target do not vary "
                f"together over {moments.n} fit rows"
            )
        note = FitNote(
            rank=rank, full_rank=full, condition=float(s[0] / s[rank - 1]), message=message
        )
        return rotation * (s[:rank].sum() / length), note

    def work(self, sizes: Sizes) -> float:
        """Singular vectors of every pair, and a product."""
        vectors = (10.0 * max(a, b) * min(a, b) ** 2 for a, b in permutations(sizes.dims, 2))
        return sizes.products + sum(vectors)
