"""Matrix products in place and on parts of arrays, by SciPy's BLAS.

SciPy's own functions copy every array that is a part of a larger one, and can't add to one. So its
routines are called by their addresses, which it publishes for Cython.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

import numpy as np

from samefeatures.base.arrays import Float64, Int64

WIDEST = 8192
"""Columns of one symmetric product, or of one factor: OpenBLAS with few threads writes beyond its
memory at some 18,000, and the process ends (numpy issue 19685)."""
LAID = "sums must be C-contiguous float64"
ITEM = 8  # bytes


def add_square(lower: Float64, z: Float64) -> None:
    """S += zᵀ z on and below the diagonal; above it S is left as it is.

    Args:
        lower: (d, d) S, in rows one after another, writable.
        z: (r, d), likewise.
    """
    for start in range(0, len(lower), WIDEST):
        columns = slice(start, start + WIDEST)
        panel = z[:, columns]  # (r, p)
        multiply(panel.T, z[:, :start], lower[columns, :start], add=True)
        _add_square(lower[columns, columns], panel)


def add_product(block: Float64, a: Float64, b: Float64) -> None:
    """S_ab += aᵀ b.

    Args:
        block: (d_a, d_b) S_ab, in rows one after another, writable.
        a: (r, d_a), likewise.
        b: (r, d_b), likewise.
    """
    multiply(a.T, b, block, add=True)


def multiply(a: Float64, b: Float64, out: Float64, *, add: bool = False) -> None:
    """out = a b, or out += a b.

    Args:
        a: (m, k), its rows or its columns without gaps.
        b: (k, n), likewise.
        out: (m, n), its rows without gaps, writable.
        add: To what is there.
    """
    (m, n), k = out.shape, len(b)
    _must(a.shape == (m, k) and b.shape == (k, n), f"{a.shape} times {b.shape} is not {out.shape}")
    if not out.size:
        return
    # In BLAS' order, columns first, an array is its transpose: outᵀ = bᵀ aᵀ.
    (b_turned, b_at, b_step), (a_turned, a_at, a_step) = _placed(b), _placed(a)
    out_turned, out_at, out_step = _placed(out)
    _must(not out_turned and out.flags.writeable, LAID)
    beta = 1.0 if add else 0.0
    signs = _flag("T" if b_turned else "N"), _flag("T" if a_turned else "N")
    sizes = _int(n), _int(m), _int(k)
    places = b_at, _int(b_step), a_at, _int(a_step), _real(beta), out_at, _int(out_step)
    _routine("dgemm", 13, integers=6)(*signs, *sizes, _real(1.0), *places)


def times_vector(matrix: Float64, vector: Float64) -> Float64:
    """(m,) of (m, k) times (k,), without BLAS.

    It is too little for threads; and those of NumPy's BLAS would spin where SciPy's are at work.
    """
    out: Float64 = np.einsum("ij,j->i", matrix, vector)
    return out


def laid(part: Float64) -> Float64:
    """The (m, n) array itself where ``multiply`` takes it, else a copy."""
    taken = part.dtype == np.float64 and (_in_rows(part) or _in_rows(part.T))
    return part if taken else np.ascontiguousarray(part, dtype=np.float64)


def _add_square(lower: Float64, z: Float64) -> None:
    """Of at most WIDEST columns; both may be parts of larger arrays."""
    turned, at, step = _placed(lower)
    z_turned, z_at, z_step = _placed(z)
    _must(not turned and not z_turned and lower.flags.writeable, LAID)
    _must(z.shape[1:] == lower.shape[1:], f"{z.shape} rows for {lower.shape}")
    if z.size:
        # BLAS' upper triangle is our lower one.
        sizes = _int(len(lower)), _int(len(z))
        places = z_at, _int(z_step), _real(1.0), at, _int(step)
        _routine("dsyrk", 10, integers=4)(_flag("U"), _flag("N"), *sizes, _real(1.0), *places)


def _placed(part: Float64) -> tuple[bool, ctypes.c_void_p, int]:
    """Whether columns, not rows, lie without gaps; the address; numbers from one to the next."""
    turned = not _in_rows(part)
    rows = part.T if turned else part
    _must(part.dtype == np.float64 and _in_rows(rows), LAID)
    step = max(rows.strides[0] // ITEM, rows.shape[1], 1)
    return turned, ctypes.c_void_p(part.ctypes.data), step


def _in_rows(part: Float64) -> bool:
    """Whether rows lie without gaps inside, one after another, other numbers maybe between them."""
    (rows, columns), (down, along) = part.shape, part.strides
    return not part.size or (
        (along == ITEM or columns <= 1)
        and (rows <= 1 or (down % ITEM == 0 and down >= max(columns, 1) * ITEM))
    )


@cache
def _routine(name: str, arguments: int, *, integers: int) -> Callable[..., None]:
    """Of SciPy's BLAS: all its arguments are addresses."""
    from scipy.linalg import cython_blas

    capsule = cython_blas.__pyx_capi__[name]
    api = ctypes.pythonapi
    get_name, get_pointer = api.PyCapsule_GetName, api.PyCapsule_GetPointer
    get_name.restype, get_name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    get_pointer.restype = ctypes.c_void_p
    get_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    signature = get_name(capsule)
    found = signature.count(b"*"), signature.count(b", int *")
    _must(found == (arguments, integers), f"another {name}: {signature!r}")
    kinds = [ctypes.c_void_p] * arguments
    return ctypes.CFUNCTYPE(None, *kinds)(get_pointer(capsule, signature))


def _must(holds: bool, otherwise: str) -> None:
    """An assertion that no switch takes out: behind it memory is written by address."""
    if not holds:
        raise AssertionError(otherwise)


def _flag(letter: str) -> object:
    return ctypes.byref(ctypes.c_char(letter.encode()))


def _int(number: int) -> object:
    return ctypes.byref(ctypes.c_int(number))


def _real(number: float) -> object:
    return ctypes.byref(ctypes.c_double(number))


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
        out = dger(weight, b, a, a=block.T, overwrite_a=1)
        _must(np.may_share_memory(out, block), LAID)  # else SciPy has copied


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
