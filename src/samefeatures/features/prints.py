"""Eight numbers by which an image is known again: random sums of its features."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from samefeatures.base.arrays import Bool, Float32, Float64
from samefeatures.base.border import kept_or_none
from samefeatures.base.errors import FileError
from samefeatures.base.npz import check_kinds, load_npz, write_npz
from samefeatures.features.given import Floats
from samefeatures.features.rows import FeatureRows, joint_chunks
from samefeatures.networks.record import ImageNetwork

SUMS = 8
ROWS = 4096
Prints: TypeAlias = Float32 | Float64
SAME = 1e-5
"""Two prints are of one image if they differ by no more than this share of their size. Runs in
other batches differ by a tenth of it, other images by thousands of times as much."""
APART = 0.01
"""Nor by more than this share of how far they spread: their size is large where their mean is."""
EQUAL = 1e-12
"""Prints of equal rows differ by no more than this share: products in other blocks round apart."""
CHANGED, CHANGED_MIXED = 1e-4, 0.1
"""Prints of one image are by other code if they differ by more than this share of their size."""


def directions(dim: int) -> Float32:
    """(dim, 8) fixed random weights: a row of features times these is the print of an image."""
    return np.random.default_rng(0).standard_normal((dim, SUMS)).astype(np.float32)


def printed(blocks: Sequence[Floats]) -> Float64:
    """(r, 8) prints of (r, d) rows, of several networks side by side."""
    widths = [block.shape[1] for block in blocks]
    parts = np.split(directions(sum(widths)).astype(np.float64), np.cumsum(widths)[:-1])
    prints = np.zeros((len(blocks[0]), SUMS))
    for block, weights in zip(blocks, parts, strict=True):
        prints += block.astype(np.float64, copy=False) @ weights
    return prints


def prints_of(rows: Sequence[FeatureRows]) -> Float64:
    """(n, 8) prints of (n, d) rows, of several networks side by side; read once, in chunks."""
    return np.concatenate([printed(blocks) for blocks in joint_chunks(rows, ROWS)])


def among(prints: Prints, known: Prints) -> Bool:
    """(m,) which of (m, 8) prints are among (n, 8) others, up to rounding.

    Prints of features that do not vary, or are all zero, tell nothing and are not found.
    """
    spread = _size(known - _centre(known))
    return _near(prints, known, min(SAME * _size(known), APART * spread))


def equal_among(prints: Float64, known: Float64) -> Bool:
    """(m,) which of (m, 8) prints are those of rows that are equal to one of n others.

    As ``among``, for rows that were given and not computed twice.
    """
    return _near(prints, known, EQUAL * _size(prints))


def _near(prints: Prints, known: Prints, within: float) -> Bool:
    from scipy.spatial import cKDTree

    if not len(prints) or not len(known) or not np.ptp(prints, axis=0).max() > within:
        return np.zeros(len(prints), np.bool_)
    centre = _centre(known)
    there = cKDTree((known - centre) / within)
    distance, _ = there.query((prints - centre) / within, p=np.inf, distance_upper_bound=1.0)
    found: Bool = np.isfinite(distance) & (np.abs(prints).max(axis=1) > within)
    return found


def _centre(prints: Prints) -> Float64:
    mean: Float64 = prints.mean(axis=0, dtype=np.float64) if len(prints) else np.zeros(SUMS)
    return mean


def _size(prints: Prints) -> float:
    return float(np.sqrt(np.mean(np.square(prints, dtype=np.float64)))) if len(prints) else 0.0


def rounding_of(network: ImageNetwork) -> float:
    """By what share prints of one image may differ: other machines round otherwise.

    Mixed precision does so more, and networks whose own parts agree less, as those in float16.
    """
    error = network.split.error if network.split else 0.0
    return CHANGED_MIXED if network.effect else max(CHANGED, 10 * error)


def same_prints(kept: object, now: Sequence[Sequence[float]] | None, allowed: float) -> bool:
    """Whether (b, 8) prints are those that were kept, up to rounding; True where one is not known.

    Args:
        kept: As JSON gave them.
        now: Of the same images.
        allowed: Share of their size that is rounding.
    """
    if kept is None or now is None:
        return True
    try:
        before, after = np.array(kept, np.float64), np.array(now, np.float64)
    except (TypeError, ValueError):
        return False
    size = float(np.sqrt(np.mean(np.square(before))))
    return before.shape == after.shape and bool(np.abs(before - after).max() <= allowed * size)


def save_prints(prints: Sequence[Float32], path: Path) -> None:
    """Write blocks of (r, 8) prints as one array.

    Raises:
        OSError: as the system says.
    """
    write_npz(path, {"prints": np.concatenate(prints)})


def load_prints(path: Path) -> Float32:
    """(n, 8) that ``save_prints`` wrote; none where an earlier version wrote no such file."""
    kept = kept_or_none(_load, path)
    return np.zeros((0, SUMS), np.float32) if kept is None else kept


def _load(path: Path) -> Float32:
    arrays = load_npz(path, ["prints"])
    check_kinds(arrays, {"prints": ("f", 2)})
    if arrays["prints"].shape[1] != SUMS:
        raise FileError(f"prints have {SUMS} sums, not {arrays['prints'].shape[1]}")
    return arrays["prints"]
