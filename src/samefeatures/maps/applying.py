"""A map over many rows: block by block, into memory or into what is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Float64
from samefeatures.base.errors import MapError
from samefeatures.features.blocks import array_of
from samefeatures.features.given import BLOCK_BYTES, GivenRows, Rows, given_rows

DTYPES = ("float16", "float32", "float64")


def mapped_rows(
    weight: Float64,
    bias: Float64,
    features: Rows,
    label: str,
    *,
    out: Any = None,
    dtype: npt.DTypeLike | None = None,
) -> npt.NDArray[np.floating]:
    """``features @ weight.T + bias``, (n, d_B), in float64, rounded to what is asked for.

    Args:
        weight: (d_B, d_A).
        bias: (d_B,).
        features: (n, d_A) rows, as ``given_rows`` takes them.
        label: What errors call the map.
        out: (n, d_B) to write into, and to return.
        dtype: Of what comes out.

    Raises:
        MapError: when widths, ``out`` or ``dtype`` do not fit.
        FeatureError: as ``given_rows``.
    """
    rows = given_rows(features, f"what the map {label} is applied to")
    if rows.dim != weight.shape[1]:
        raise MapError(
            f"The map {label} takes features (n, {weight.shape[1]}), but (n, {rows.dim}) came."
        )
    kind = _kind(rows, out, dtype)
    if out is not None:
        _check_out(out, features, rows, len(bias))
    per_block = max(1, BLOCK_BYTES // (8 * sum(weight.shape)))
    into = out
    if into is None and rows.length is not None:
        into = np.empty((rows.length, len(bias)), kind)
    found, start = [], 0
    for block in rows.chunks(per_block):
        mapped = _rounded(block.astype(np.float64, copy=False) @ weight.T + bias, kind, label)
        if into is None:
            found.append(mapped)
        elif start + len(mapped) > into.shape[0]:
            raise MapError(f"More rows came than the {into.shape[0]} of out.")
        else:
            into[start : start + len(mapped)] = mapped
        start += len(mapped)
    if into is not None and start < into.shape[0]:
        raise MapError(
            f"{start} rows came for the {into.shape[0]} of out; the others are as they were."
        )
    if into is None:
        into = np.concatenate([np.empty((0, len(bias)), kind), *found])
    result: npt.NDArray[np.floating] = into
    return result


def _kind(rows: GivenRows, out: Any, dtype: npt.DTypeLike | None) -> np.dtype[Any]:
    """Of what comes out."""
    try:
        asked = None if dtype is None else np.dtype(dtype)
        held = None if out is None else np.dtype(out.dtype)
    except (TypeError, AttributeError):
        raise MapError(
            f"dtype is {dtype!r} and out is {type(out).__name__}. A dtype is one of "
            f"{', '.join(DTYPES)}; out is a NumPy array or what can be written like one."
        ) from None
    if asked is not None and held is not None and asked != held:
        raise MapError(f"dtype is {asked}, but out holds {held}. Give one of them.")
    kind = asked or held or rows.dtype
    if kind.name not in DTYPES:
        raise MapError(f"Mapped features can't be {kind}; take one of {', '.join(DTYPES)}.")
    return kind


def _check_out(out: Any, features: Rows, rows: GivenRows, width: int) -> None:
    shape = tuple(out.shape)
    length = shape[0] if rows.length is None and shape else rows.length
    if shape != (length, width):
        said = "n" if rows.length is None else rows.length
        raise MapError(f"out has shape {shape}; ({said}, {width}) comes out.")
    if isinstance(out, np.ndarray) and not out.flags.writeable:
        raise MapError("out can't be written. Open a file in memory with mode 'r+' or 'w+'.")
    if _one_place(out, features):
        raise MapError("out lies where the features lie, which would change on the way.")


def _one_place(out: Any, features: Rows) -> bool:
    """Whether two arrays share memory, or lie in one file."""
    if hasattr(features, "detach") and str(features.device) == "cpu":  # torch shares with NumPy
        features = array_of(features, "the features")
    if not (isinstance(out, np.ndarray) and isinstance(features, np.ndarray)):
        return False
    if np.shares_memory(out, features):
        return True
    files = [getattr(each, "filename", None) for each in (out, features)]
    return files[0] is not None and files[0] == files[1]


def _rounded(mapped: Float64, kind: np.dtype[Any], label: str) -> npt.NDArray[np.floating]:
    with np.errstate(over="ignore"):
        out: npt.NDArray[np.floating] = mapped.astype(kind, copy=False)
    if not np.isfinite(out).all():
        raise MapError(
            f"Features mapped by {label} reach {np.abs(mapped).max():.3g}, which {kind} can't hold."
        )
    return out
