"""Matrix products that are added in place, by SciPy's BLAS: no second S, no pass to add it."""

from __future__ import annotations

import numpy as np

from samefeatures.base.arrays import Float64


def add_square(lower: Float64, z: Float64) -> None:
    """S += zᵀ z on and below the diagonal.

    Args:
        lower: (d, d) S, in rows one after another, writable.
        z: (r, d), likewise.
    """
    from scipy.linalg.blas import dsyrk

    # In BLAS' order, columns first, the arrays are the transposed ones: nothing is copied.
    _check(dsyrk(1.0, z.T, beta=1.0, c=lower.T, overwrite_c=1), lower)


def add_product(block: Float64, a: Float64, b: Float64) -> None:
    """S_ab += aᵀ b.

    Args:
        block: (d_a, d_b) S_ab, in rows one after another, writable.
        a: (r, d_a), likewise.
        b: (r, d_b), likewise.
    """
    from scipy.linalg.blas import dgemm

    _check(dgemm(1.0, b.T, a.T, beta=1.0, c=block.T, overwrite_c=1, trans_b=1), block)


def mirror(lower: Float64) -> None:
    """Write the lower triangle of a (d, d) matrix into its upper one."""
    step = 256  # so that a square of it stays in the cache while it is turned
    for start in range(0, len(lower), step):
        stop = start + step
        lower[:start, start:stop] = lower[start:stop, :start].T
        square = lower[start:stop, start:stop]
        square[...] = np.tril(square) + np.tril(square, -1).T


def _check(out: Float64, place: Float64) -> None:
    """SciPy copies, and says nothing, where an array does not lie as BLAS takes it."""
    assert np.may_share_memory(out, place), "sums must be C-contiguous float64"
