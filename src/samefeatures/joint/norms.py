"""Squared distances of rows from their mean, p = ‖x − mean‖²: one column more for each space.

Second moments S_AB say all of two spaces but what a row has with itself, the diagonal of the n × n
matrix of similarities. Of that, debiased measures need the N × N moments of p.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import combinations_with_replacement, product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Float64
from samefeatures.base.files import writing
from samefeatures.base.progress import Progress
from samefeatures.features.rows import FeatureRows, joint_chunks
from samefeatures.joint.blocks import BlockSums
from samefeatures.joint.kept import chunk_rows, clear_old, load_moments, moments_key
from samefeatures.joint.record import Moments
from samefeatures.joint.views import Beside, Mixed, SecondMoments

PREFIX = "norm: "
"""No network's name begins so."""


def norm_of(space: str) -> str:
    """Name of the column p of a space."""
    return PREFIX + space


def distances(rows: npt.NDArray[np.floating[Any]], about: Float64) -> Float64:
    """(r, 1) squared distances of (r, d) rows from (d,), in float64."""
    apart = rows - about
    out: Float64 = np.einsum("rd,rd->r", apart, apart)[:, None]
    return out


def norm_moments(
    parts: Sequence[FeatureRows], moments: Moments, folder: Path, *, kind: str, progress: Progress
) -> Moments:
    """Moments of p of every space, from ``folder/norms-KIND-KEY.npz`` if they are there.

    A pass of its own over the rows, of Σ d multiply-adds a row.

    Args:
        parts: Rows of every space.
        moments: Of the same rows: p is about their means.
        folder: Where they are kept.
        kind: ``fit`` or ``eval``.
        progress: Shows how far it is.
    """
    path = folder / f"norms-{kind}-{moments_key(parts)[:16]}.npz"
    found = load_moments(path)
    if found is not None:
        return found
    sums = Moments([norm_of(part.name) for part in parts], [1] * len(parts))
    means = [moments.mean_of(part.name) for part in parts]
    advance = progress.task(f"norms of the {kind} set", len(parts[0]))
    for blocks in joint_chunks(parts, chunk_rows(sum(part.dim for part in parts))):
        sums.update(*(distances(b, mean) for b, mean in zip(blocks, means, strict=True)))
        advance(len(blocks[0]))
    with writing(path):
        folder.mkdir(parents=True, exist_ok=True)
        sums.save(path)
        clear_old(folder, f"norms-{kind}", but=[path])
    return sums


class NormSums:
    """Takes rows as they pass, once, beside the moments of their spaces; gives those of p.

    The mean is only known at the end. So u = ‖x − c‖² is summed about the mean c of the first rows,
    with its moments with every feature, and p = u − 2 (mean − c)ᵀ (x − c) + ‖mean − c‖² is made of
    them: digits are lost only where c is far from the mean, not where the mean is far from zero.

    Args:
        names: Of the spaces.
        dims: Features of each.
    """

    def __init__(self, names: Sequence[str], dims: Sequence[int]) -> None:
        self._names = tuple(names)
        about = [_about(name) for name in names]
        pairs = [*combinations_with_replacement(about, 2), *product(about, names)]
        spaces = {**dict(zip(names, dims, strict=True)), **dict.fromkeys(about, 1)}
        self._empty = partial(BlockSums, spaces, pairs=pairs)
        self._sums = self._empty()
        self._start: dict[str, Float64] = {}

    @property
    def n(self) -> int:
        """Rows seen."""
        return self._sums.n

    def update(self, *blocks: npt.NDArray[np.floating[Any]]) -> None:
        """Add rows: one (r, d) array for each space, row i of each the same sample."""
        if not len(blocks[0]):
            return
        rows: dict[str, Any] = dict(zip(self._names, blocks, strict=True))
        starts = self._start or {k: b.mean(axis=0, dtype=np.float64) for k, b in rows.items()}
        for name, start in starts.items():
            rows[_about(name)] = distances(rows[name], start)
        self._sums.update(rows)
        self._start = starts

    def moments(self, spaces: SecondMoments) -> Moments:
        """Of p; rows may come after.

        Args:
            spaces: Moments of the same rows.
        """
        blocks = self._sums.blocks()
        summed = Beside(spaces, frozenset(self._names), blocks)
        shifts = {k: 2 * (self._start[k] - spaces.mean_of(k))[:, None] for k in self._names}
        mixed = Mixed(summed, {norm_of(k): {_about(k): None, k: shifts[k]} for k in self._names})
        names = [norm_of(name) for name in self._names]
        found = Moments.of(
            names,
            [1] * len(names),
            n=spaces.n,
            mean=np.array([spaces.sum_of_squares(name) / spaces.n for name in self._names]),
            lower=np.block([[mixed.block(a, b) for b in names] for a in names]),
        )
        self._sums = self._empty(start=blocks)  # which it changes
        return found


def with_norms(spaces: SecondMoments, norms: Moments) -> SecondMoments:
    """The spaces, and p of each as the space ``norm_of``, of the same rows."""
    return Beside(spaces, frozenset(name.removeprefix(PREFIX) for name in norms.names), norms)


def _about(space: str) -> str:
    """Name of the column u of a space."""
    return f"norm about the first rows: {space}"
