"""Moments of networks and of control spaces beside them, fold by fold, in one pass."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from samefeatures.algebra import HOST, Algebra, Precision
from samefeatures.base.arrays import Float32, Int64
from samefeatures.base.digests import digest
from samefeatures.base.files import writing
from samefeatures.base.progress import Advance, Progress
from samefeatures.features.rows import FeatureRows, Identity, joint_chunks
from samefeatures.moments import kept
from samefeatures.moments.blocks import Blocks, BlockSums, Pair, Rows
from samefeatures.moments.fold_checkpoints import FoldCheckpoints, Parts
from samefeatures.moments.kept import chunk_rows, clear_old, keep_moments, moments_key
from samefeatures.moments.record import Moments
from samefeatures.moments.sums import Accumulator
from samefeatures.moments.views import Beside, SecondMoments, Union

WORTH_KEEPING = 60.0
"""Seconds of summing after which folds are kept."""


class Derived(Protocol):
    """A control space whose rows follow from those of others, such as a network's answers."""

    @property
    def name(self) -> str: ...

    @property
    def dim(self) -> int: ...

    @property
    def fingerprint(self) -> str: ...

    @property
    def one_hot(self) -> bool:
        """Whether its rows come as (r,) classes, standing for one-hot columns."""
        ...

    def derive(self, blocks: Mapping[str, Float32], start: int) -> Rows:
        """(r, d) or (r,) of rows ``start`` on, from (r, d) blocks of the spaces that are read."""
        ...


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FoldedMoments:
    """Second moments of all rows, and of each fold of them.

    Attributes:
        total: Of all rows.
        folds: Of each fold; their rows make up all.
        networks: Of all rows of the networks alone.
        parts: Of each fold of them.
    """

    total: SecondMoments
    folds: tuple[SecondMoments, ...]
    networks: Moments
    parts: tuple[Moments, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Reading:
    """What a pass over the rows takes up.

    Attributes:
        networks: Rows whose joint moments are summed.
        stored: Rows of control spaces that are read beside them.
        derived: Control spaces that follow from those.
        pairs: Blocks with a control in them that something reads.
        fold_of: (n,) the fold of each row, 0 … F − 1.
    """

    networks: Sequence[FeatureRows]
    stored: Sequence[FeatureRows]
    derived: Sequence[Derived]
    pairs: Sequence[Pair]
    fold_of: Int64

    @property
    def spaces(self) -> list[Identity]:
        """All of them."""
        return [*self.networks, *self.stored, *self.derived]

    @property
    def count(self) -> int:
        """F."""
        return int(self.fold_of.max()) + 1

    def key(self, precision: Precision) -> str:
        """Changes whenever a number could change by more than float64 rounding."""
        pairs = [f"{a} {b}" for a, b in self.pairs]
        return digest(
            "folds 1", moments_key(self.spaces, precision), self.fold_of.tobytes(), *pairs
        )


def fold_moments(
    reading: Reading,
    folder: Path,
    *,
    kind: str,
    progress: Progress,
    precision: Precision = "float64",
    algebra: Algebra = HOST,
) -> FoldedMoments:
    """Moments fold by fold, from ``folder`` if they are there.

    A run that was stopped goes on from its last checkpoint; the result is the same but for float64
    rounding. They are many and large, so they are kept only where summing took a minute; those
    of the networks alone are kept as they are without controls.

    Args:
        reading: What is summed.
        folder: Where they are kept, a file a fold.
        kind: ``fit`` or ``eval``.
        progress: Shows how far it is.
        precision: Of the products between networks.
        algebra: Where these products run.
    """
    key = reading.key(precision)[:16]
    paths = [folder / f"folds-{kind}-{key}-{k}.npz" for k in range(reading.count)]
    found = _kept(paths)
    if found is None:
        started = time.monotonic()
        under_way = FoldCheckpoints(folder, f"folds-{kind}-{key}", reading.fold_of)
        task = progress.task(f"moments of the {kind} set with controls", len(reading.fold_of))
        found = _summed(reading, under_way, task, precision=precision, algebra=algebra)
        beside = [path.with_suffix(".blocks.npz") for path in paths]
        worth_it = time.monotonic() - started > WORTH_KEEPING
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            if worth_it:
                for path, (moments, blocks) in zip(paths, found, strict=True):
                    blocks.save(path.with_suffix(".blocks.npz"))
                    moments.save(path)
            clear_old(folder, f"folds-{kind}", but=[*paths, *beside] if worth_it else [])
    names = frozenset(part.name for part in reading.networks)
    folds = tuple(Beside(moments, names, blocks) for moments, blocks in found)
    joint = found[0][0].copy()
    for moments, _ in found[1:]:
        joint.merge(moments)
    keep_moments(joint, reading.networks, folder, kind=kind, precision=precision)
    total = Beside(joint, names, Union([blocks for _, blocks in found]))
    return FoldedMoments(
        total=total, folds=folds, networks=joint, parts=tuple(part for part, _ in found)
    )


def _kept(paths: Sequence[Path]) -> Parts | None:
    """Of each fold; None where one is not there, or another process has just removed it."""
    try:
        return [
            (Moments.load(path), Blocks.load(path.with_suffix(".blocks.npz"))) for path in paths
        ]
    except FileNotFoundError:
        return None


def _summed(
    reading: Reading,
    under_way: FoldCheckpoints,
    advance: Advance,
    *,
    precision: Precision,
    algebra: Algebra,
) -> Parts:
    seen, start = under_way.read() or (0, None)
    sums = _sums(reading, start, precision, algebra)
    advance(seen)
    saved_at = time.monotonic()
    for first, rows in _chunks(reading):
        count = len(rows[reading.networks[0].name])
        if first + count <= seen:
            continue
        fold_of = reading.fold_of[first : first + count]
        for k, (joint, blocks) in enumerate(sums):
            mine = np.flatnonzero(fold_of == k)
            part = {name: values[mine] for name, values in rows.items()}
            joint.update(*(np.asarray(part[net.name], np.float32) for net in reading.networks))
            blocks.update(part)
        advance(count)
        if time.monotonic() - saved_at > kept.CHECKPOINT_SECONDS:
            so_far = _parts(sums)
            under_way.write(first + count, so_far)
            sums = _sums(reading, so_far, precision, algebra)
            saved_at = time.monotonic()
    return _parts(sums)


def _sums(
    reading: Reading, start: Parts | None, precision: Precision, algebra: Algebra
) -> list[tuple[Accumulator, BlockSums]]:
    """Of each fold, going on from ``start`` where there is something."""
    names = [part.name for part in reading.networks]
    dims = [part.dim for part in reading.networks]
    nothing = Moments(names, dims), None
    so_far: Sequence[tuple[Moments, Blocks | None]] = start or [nothing] * reading.count
    return [
        (
            Accumulator(moments.copy(), precision=precision, algebra=algebra),
            BlockSums(
                {space.name: space.dim for space in reading.spaces},
                classes=[space.name for space in reading.derived if space.one_hot],
                pairs=reading.pairs,
                start=blocks,
            ),
        )
        for moments, blocks in so_far
    ]


def _parts(sums: Sequence[tuple[Accumulator, BlockSums]]) -> Parts:
    return [(joint.moments(), blocks.blocks()) for joint, blocks in sums]


def _chunks(reading: Reading) -> Iterator[tuple[int, dict[str, Rows]]]:
    """Rows of every space by name, chunk by chunk, with the number of the first."""
    read = [*reading.networks, *reading.stored]
    start = 0
    for blocks in joint_chunks(read, chunk_rows(sum(part.dim for part in reading.networks))):
        by_name = {part.name: block for part, block in zip(read, blocks, strict=True)}
        made = {space.name: space.derive(by_name, start) for space in reading.derived}
        yield start, {**by_name, **made}
        start += len(blocks[0])
