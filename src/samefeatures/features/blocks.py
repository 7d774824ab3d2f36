"""One block of rows, of whatever library, as a NumPy array of floats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import FeatureError, first_line

HINTS = {
    0: "A single number has neither.",
    1: "One feature is x.reshape(-1, 1), one sample x.reshape(1, -1).",
}
FLOATS = ("float16", "bfloat16", "float32", "float64")
LARGEST = 1e70
"""Of a feature: the fourth power, summed over all pairs of rows, must fit into float64."""


def shape_of(block: Any, name: str) -> tuple[int, int]:
    """(n, d) of an array.

    Raises:
        FeatureError: when it has other axes, or no features.
    """
    if not hasattr(block, "shape"):
        raise FeatureError(
            f"A block of {name} is {type(block).__name__}; each must be an (r, d) array, rows are "
            "samples."
        )
    shape = tuple(block.shape)
    if len(shape) != 2:
        raise FeatureError(
            f"{name} has shape {shape}; it must be (n, d), rows are samples. "
            f"{HINTS.get(len(shape), 'Average or flatten what is beyond: x.reshape(n, -1).')}"
        )
    try:
        rows, features = map(int, shape)
    except (TypeError, ValueError):  # of a library that computes later
        raise FeatureError(
            f"{name} has shape {shape}: how many rows there are is not known yet. Compute it first."
        ) from None
    if not features:
        raise FeatureError(f"{name} has shape {shape}: no features.")
    return rows, features


def array_of(given: Any, name: str, rows: slice | None = None) -> npt.NDArray[Any]:
    """Rows (r, d) in this process's memory: float64 where they were, else float32, exactly.

    Args:
        given: A block, or an array that is cut.
        name: Of the space.
        rows: Which of them; None takes all.

    Raises:
        FeatureError: when it holds something else than floats, or can't be read.
    """
    try:
        if is_frame(given):
            out = _of_frame(given if rows is None else getattr(given, "iloc", given)[rows], name)
        elif hasattr(given, "detach"):  # torch
            out = _of_tensor(given, rows, name)
        else:
            _check_dense(given, name)
            block = given if rows is None else given[rows]
            if np.ma.is_masked(block):
                raise FeatureError(
                    f"{name} has masked values. Fill them, or leave those rows out of all arrays."
                )
            out = np.asarray(block)
    except FeatureError:
        raise
    except Exception as error:  # of whatever library it is
        raise FeatureError(
            f"{name} ({type(given).__name__}) can't be read as an array: {first_line(error)}. Give "
            "(n, d) floats, rows are samples."
        ) from None
    _check_dtype(out.dtype.name, name)
    return out.astype(np.float64 if out.dtype.itemsize == 8 else np.float32, copy=False)


def single(block: npt.NDArray[Any], name: str) -> Float32:
    """Finite floats (r, d), rounded to float32.

    Raises:
        FeatureError: when float32 can't hold one.
    """
    with np.errstate(over="ignore"):
        out: Float32 = block.astype(np.float32, copy=False)
    if out is not block and not np.isfinite(out).all():
        raise FeatureError(
            f"{name} reaches {np.abs(block).max():.3g}, which float32 can't hold, and what reads "
            "rows again and again does so in float32. Scale the features down."
        )
    return out


def check_finite(block: npt.NDArray[Any], name: str, start: int) -> None:
    """Refuse a block (r, d) with a value that is NaN, infinite or beyond ±LARGEST.

    Args:
        block: The rows.
        name: Of their space.
        start: Rows before them.

    Raises:
        FeatureError: naming row and feature of the first one.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        finite = np.isfinite(block.sum(dtype=np.float64))  # the cheap look: one NaN makes it NaN
    if not finite and len(wrong := np.argwhere(~np.isfinite(block))):
        row, feature = wrong[0]
        raise FeatureError(
            f"{name} is {block[row, feature]} in row {start + row}, feature {feature}. Compute "
            "such rows again, or leave them out of all arrays: keep = isfinite(x).all(axis=1)."
        )
    _check_range(block, name)


def _check_range(block: npt.NDArray[Any], name: str) -> None:
    """What float32 holds is within it."""
    if block.dtype == np.float32 or not block.size:
        return
    reaches = max(float(block.max()), -float(block.min()))
    if reaches > LARGEST:
        raise FeatureError(
            f"{name} reaches {reaches:.3g}. Similarity takes products of four features, which "
            f"float64 can hold up to {LARGEST:.0e} each. Scale them down, all by one factor."
        )


def is_frame(given: Any) -> bool:
    """Whether it is a data frame of pandas or polars."""
    return hasattr(given, "columns") and hasattr(given, "to_numpy")


def frame_ids(frame: Any) -> Sequence[str | int] | None:
    """What the index of a frame, or of one column, calls its rows; None where it has none."""
    index = getattr(frame, "index", None)
    if index is None or not hasattr(frame, "to_numpy"):  # polars has none; of a list it counts
        return None
    if type(index).__name__ == "RangeIndex":
        return range(index.start, index.stop, index.step)
    whole = getattr(index.dtype, "kind", "") in ("i", "u")
    return index.tolist() if whole else [str(each) for each in index]


def _of_frame(frame: Any, name: str) -> npt.NDArray[Any]:
    kinds = {str(column): str(frame[column].dtype).lower() for column in frame.columns}
    for column, kind in kinds.items():
        if kind not in FLOATS:
            raise FeatureError(
                f"The column '{column}' of {name} holds {kind}; features are floats. Leave columns "
                "out that are none, or make this one floats."
            )
    dtype = np.float64 if "float64" in kinds.values() else np.float32
    return np.asarray(frame.to_numpy(), dtype=dtype)


def _of_tensor(tensor: Any, rows: slice | None, name: str) -> npt.NDArray[Any]:
    dtype = str(tensor.dtype).removeprefix("torch.")
    _check_dtype(dtype, name)
    if str(tensor.layout) != "torch.strided":
        raise FeatureError(f"{name} is a sparse tensor. Give a dense one: x.to_dense().")
    held = (tensor if rows is None else tensor[rows]).detach().cpu()
    out: npt.NDArray[Any] = (held.float() if dtype == "bfloat16" else held).numpy()
    return out


def _check_dense(given: Any, name: str) -> None:
    if hasattr(given, "nnz") and hasattr(given, "toarray"):
        raise FeatureError(f"{name} is a sparse matrix. Give a dense one: x.toarray().")


def _check_dtype(dtype: str, name: str) -> None:
    if dtype not in FLOATS:
        raise FeatureError(
            f"{name} holds {dtype}; features are floats of 16, 32 or 64 bits. If these are "
            "features, say x.astype('float32')."
        )
