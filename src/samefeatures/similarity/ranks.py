"""R² of a map at every rank, and of its directions beyond what is given: from moments alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float64
from samefeatures.joint.views import SecondMoments
from samefeatures.maps.reduced import Reduced
from samefeatures.similarity.sheet import Sheet, inverse_of


def r2_by_rank(
    found: Reduced,
    fit: SecondMoments,
    judge: SecondMoments,
    source: str,
    target: str,
    *,
    algebra: Algebra = HOST,
) -> Float64:
    """(k,) R² of the maps of rank 1 … k, on rows that they have not seen.

    U has orthonormal columns, so that squared errors are those of no map and a sum over directions:
    ``SSE_r = SSE_0 − Σ_{j ≤ r} (2 v_jᵀ T_AB u_j − v_jᵀ T_AA v_j)``, T about the fit rows' means.
    NaN where the target does not vary. Cost: d_A² k and d_A d_B k multiply-adds.

    Args:
        found: The directions u_j, and v_j = Mᵀ u_j.
        fit: Moments of the rows that the map was fitted on: their means.
        judge: Of the rows that judge.
        source: Name of A.
        target: Name of B.
        algebra: Where.
    """
    apart_a = judge.mean_of(source) - fit.mean_of(source)  # (d_A,)
    apart_b = judge.mean_of(target) - fit.mean_of(target)  # (d_B,)
    u, v = found.directions, found.loadings  # (d_B, k) and (k, d_A)
    along_a, along_b = v @ apart_a, apart_b @ u  # (k,) each
    shared = np.einsum("kb,bk->k", algebra.product(v, judge.block(source, target)), u)
    within = np.einsum("ka,ka->k", algebra.product(v, judge.block(source, source)), v)
    shared += judge.n * along_a * along_b
    within += judge.n * along_a**2
    spread = judge.sum_of_squares(target)
    if not spread > 0:
        return np.full(found.rank, np.nan)
    errors = spread + judge.n * float(apart_b @ apart_b) - np.cumsum(2 * shared - within)
    out: Float64 = 1 - errors / spread
    return out


def beyond_by_rank(
    found: Reduced, ranks: Sequence[int], sheet: Sheet, place: int, *, algebra: Algebra = HOST
) -> Float64:
    """(R,) R² of what is left of a target, explained by the first r directions, for R ranks.

    The r numbers that the map of rank r lets through, regressed by least squares together with
    what was taken off: ``1 − SSE(given and r numbers) / SSE(given)``. NaN where nothing is left.

    Args:
        found: The directions, and their loadings v_j = Mᵀ u_j, (k, d_A).
        ranks: Each at most k.
        sheet: Of the source alone, what is given taken off it and off the targets.
        place: Of the target among those of the sheet.
        algebra: Where.
    """
    (mine,) = sheet.blocks.values()
    first = len(sheet.seen) + sheet.edges[place]
    columns = slice(first, first + len(found.directions))
    left = float(sheet.squares[place])
    if not left > 0:
        return np.full(len(ranks), np.nan)
    # To length 1 each, so that none is taken for rounding because another is long.
    v = found.loadings / np.sqrt(found.variances)[:, None]  # (k, d_A)
    product = algebra.product
    seen = product(product(v, sheet.seen[mine, mine]), v.T)  # (k, k)
    held = product(product(v, sheet.held[mine, mine]), v.T)
    seen_y, held_y = product(v, sheet.seen[mine, columns]), product(v, sheet.held[mine, columns])
    out = []
    for r in ranks:
        weights = product(inverse_of(seen[:r, :r], 0.0, algebra), seen_y[:r])  # (r, d_B)
        explained = 2 * held_y[:r] - product(held[:r, :r], weights)
        out.append(float(np.vdot(weights, explained)) / left)
    return np.array(out)
