"""The normalised loss at one map: its sum and gradient over rows, and the best length."""

from __future__ import annotations

import numpy as np

from samefeatures.base.arrays import Float64
from samefeatures.maps.problem import SourceProblem


class Sums:
    """Loss and gradient at one map, summed over the chunks of a pass.

    With p = M z, s = ‖p‖ and ŷ the unit target: ``E = 2 − 2 c``, ``c = ⟨p, ŷ⟩ / s``, and
    ``∂E/∂p = (2 / s) (c p / s − ŷ)``. A vector of length zero has c = 0 and no gradient.

    Args:
        point: The map, (d_B, d_A + 1), the bias last.

    Attributes:
        gradient: (d_B, d_A + 1).
        loss: Sum over the rows so far.
    """

    def __init__(self, point: Float64) -> None:
        self._point = point
        self.gradient = np.zeros_like(point)  # (d_B, d_A + 1)
        self.loss = 0.0

    def add(self, z: Float64, y: Float64) -> None:
        """Add rows: z (r, d_A + 1), y (r, d_B)."""
        p = z @ self._point.T  # (r, d_B)
        s, t = np.sqrt(np.einsum("ij,ij->i", p, p)), np.sqrt(np.einsum("ij,ij->i", y, y))
        per_s, per_t = _reciprocal(s), _reciprocal(t)
        c = np.einsum("ij,ij->i", p, y) * per_s * per_t  # (r,)
        self.loss += float(np.count_nonzero(s) + np.count_nonzero(t) - 2 * c.sum())
        p *= (2 * c * per_s**2)[:, None]
        p -= y * (2 * per_s * per_t)[:, None]
        self.gradient += p.T @ z


def _reciprocal(lengths: Float64) -> Float64:
    return np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)


def products(problem: SourceProblem, target: str, point: Float64) -> tuple[float, float]:
    """Σ ⟨p, y⟩ and Σ ‖p‖² over the fit rows, p their images under a map of centred rows.

    Args:
        problem: Gives the moments.
        target: Name.
        point: The map, (d_B, d_A + 1), the bias last.
    """
    moments, weight, bias = problem.moments, point[:, :-1], point[:, -1]
    across = moments.block(target, problem.source)  # (d_B, d_A)
    within = weight @ moments.block(problem.source, problem.source)  # (d_B, d_A)
    with_target = np.vdot(weight, across) + moments.n * (bias @ moments.mean_of(target))
    return float(with_target), float(np.vdot(weight, within) + moments.n * (bias @ bias))
