"""Matrix products that are added in place, by SciPy's BLAS: no second S, no pass to add it."""

from __future__ import annotations

import numpy as np

from samefeatures.base.arrays import Float64, Int64


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


def add_outer(block: Float64, a: Float64, b: Float64, weight: float) -> None:
    """S_ab += weight · a bᵀ.

    Args:
        block: (d_a, d_b) S_ab, in rows one after another, writable.
        a: (d_a,).
        b: (d_b,).
        weight: Of the product.
    """
    from scipy.linalg.blas import dger

    if block.size:
        _check(dger(weight, b, a, a=block.T, overwrite_a=1), block)


def add_by_class(block: Float64, classes: Int64, b: Float64) -> None:
    """S_ab += aᵀ b with a one-hot: each row of b is added to the row of its class.

    Args:
        block: (K, d_b) S_ab, in rows one after another, writable.
        classes: (r,) in 0 … K − 1.
        b: (r, d_b), in rows one after another.
    """
    # What scipy.sparse itself calls: its public product makes a (K, d_b) matrix of each chunk,
    # which takes several times as long as the sums.
    from scipy.sparse._sparsetools import csr_matvecs

    count, (rows, columns) = len(block), b.shape
    starts = np.concatenate([[0], np.cumsum(np.bincount(classes, minlength=count))])
    order = np.argsort(classes, kind="stable")
    ends, places = starts.astype(np.int64), order.astype(np.int64)
    csr_matvecs(count, rows, columns, ends, places, np.ones(rows), b.ravel(), block.reshape(-1))


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
