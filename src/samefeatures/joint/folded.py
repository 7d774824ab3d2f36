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
from samefeatures.joint import kept
from samefeatures.joint.blocks import Blocks, BlockSums, Pair, Rows
from samefeatures.joint.kept import chunk_rows, clear_old, keep_moments, moments_key
from samefeatures.joint.record import Moments
from samefeatures.joint.summed import Summed, UnderWay, paths_of
from samefeatures.joint.sums import Accumulator
from samefeatures.joint.views import Beside, Either, SecondMoments, Union

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
        total: Of all rows, networks and controls.
        networks: Of all rows of the networks alone.
        folds: Of each fold, those blocks that its reading asks for; their rows make up all.
    """

    total: SecondMoments
    networks: Moments
    folds: tuple[Blocks, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Reading:
    """What a pass over the rows takes up.

    Attributes:
        networks: Rows whose joint moments are summed.
        stored: Rows of control spaces that are read beside them.
        derived: Control spaces that follow from those.
        pairs: Blocks with a control in them that something reads.
        sketches: Spaces of which folds alone are summed.
        fold_pairs: Blocks of each fold, of networks too.
        fold_of: (n,) the fold of each row, 0 … F − 1; None: there are no folds.
    """

    networks: Sequence[FeatureRows]
    stored: Sequence[FeatureRows]
    derived: Sequence[Derived]
    pairs: Sequence[Pair]
    sketches: Sequence[Derived] = ()
    fold_pairs: Sequence[Pair] = ()
    fold_of: Int64 | None = None

    @property
    def spaces(self) -> list[Identity]:
        """All of them, but the sketches."""
        return [*self.networks, *self.stored, *self.derived]

    @property
    def count(self) -> int:
        """F."""
        return 0 if self.fold_of is None else int(self.fold_of.max()) + 1

    def key(self, precision: Precision) -> str:
        """Changes whenever a number could change by more than float64 rounding."""
        pairs = [f"{a} {b}" for a, b in self.pairs]
        folds = b"" if self.fold_of is None else self.fold_of.tobytes()
        inner = [f"{a} {b}" for a, b in self.fold_pairs]
        key = moments_key([*self.spaces, *self.sketches], precision)
        return digest("folds 2", key, folds, *pairs, "in folds", *inner)

    def sums(self, start: Summed | None, precision: Precision, algebra: Algebra) -> Sums:
        """Empty, or going on from ``start``."""
        names = [part.name for part in self.networks]
        dims = [part.dim for part in self.networks]
        joint = Moments(names, dims) if start is None else start.networks
        classes = [space.name for space in self.derived if space.one_hot]
        every = {space.name: space.dim for space in self.spaces}
        in_no_fold = set(self.pairs) - set(self.fold_pairs) - {(b, a) for a, b in self.fold_pairs}
        inner = {name for pair in self.fold_pairs for name in pair}
        in_folds = every | {space.name: space.dim for space in self.sketches}
        in_folds = {name: dim for name, dim in in_folds.items() if name in inner}
        return Sums(
            joint=Accumulator(joint, precision=precision, algebra=algebra),
            beside=BlockSums(
                every,
                classes=classes,
                pairs=[pair for pair in self.pairs if pair in in_no_fold],
                start=start.beside if start else None,
            ),
            folds=[
                BlockSums(
                    in_folds,
                    classes=[name for name in classes if name in inner],
                    pairs=self.fold_pairs,
                    start=start.folds[k] if start else None,
                )
                for k in range(self.count)
            ],
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sums:
    """Moments that rows are added to."""

    joint: Accumulator
    beside: BlockSums
    folds: Sequence[BlockSums]

    def add(self, reading: Reading, rows: Mapping[str, Rows], fold_of: Int64 | None) -> None:
        """Rows of every space by name, and the (r,) fold of each where there are folds."""
        networks = [np.asarray(rows[net.name], np.float32) for net in reading.networks]
        self.joint.update(*networks)
        self.beside.update({space.name: rows[space.name] for space in reading.spaces})
        for k, blocks in enumerate(self.folds):
            mine = np.flatnonzero(fold_of == k)
            blocks.update({name: rows[name][mine] for name in blocks.names})

    def summed(self) -> Summed:
        """Of all rows so far; none may come after."""
        return Summed(
            networks=self.joint.moments(),
            beside=self.beside.blocks(),
            folds=tuple(each.blocks() for each in self.folds),
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
    """Moments of networks and controls, and of folds, from ``folder`` if they are there.

    A run that was stopped goes on from its last checkpoint; the result is the same but for float64
    rounding. Blocks of controls are many and large, so they are kept only where summing took a
    minute; joint moments of the networks are kept as they are without controls.

    Args:
        reading: What is summed.
        folder: Where they are kept.
        kind: ``fit`` or ``eval``.
        progress: Shows how far it is.
        precision: Of the products between networks.
        algebra: Where these products run.
    """
    stem = f"folds-{kind}-{reading.key(precision)[:16]}"
    found = Summed.load(folder, stem, reading.count)
    if found is None:
        started = time.monotonic()
        rows = len(reading.networks[0])
        task = progress.task(f"moments of the {kind} set with controls", rows)
        under_way = UnderWay(folder, stem, reading.fold_of)
        found = _summed(reading, under_way, task, precision=precision, algebra=algebra)
        keep_moments(found.networks, reading.networks, folder, kind=kind, precision=precision)
        worth_it = time.monotonic() - started > WORTH_KEEPING
        if worth_it:
            found.save(folder, stem)
        with writing(folder):
            kept_paths = paths_of(folder, stem, reading.count) if worth_it else []
            clear_old(folder, f"folds-{kind}", but=kept_paths)
    names = frozenset(part.name for part in reading.networks)
    beside: SecondMoments = found.beside
    if found.folds:  # what folds hold is not summed again
        beside = Either(Union(found.folds), beside, reading.fold_pairs)
    return FoldedMoments(
        total=Beside(found.networks, names, beside), networks=found.networks, folds=found.folds
    )


def _summed(
    reading: Reading,
    under_way: UnderWay,
    advance: Advance,
    *,
    precision: Precision,
    algebra: Algebra,
) -> Summed:
    seen, start = under_way.read() or (0, None)
    sums = reading.sums(start, precision, algebra)
    advance(seen)
    saved_at = time.monotonic()
    for first, rows in _chunks(reading):
        count = len(rows[reading.networks[0].name])
        if first + count <= seen:
            continue
        fold_of = None if reading.fold_of is None else reading.fold_of[first : first + count]
        sums.add(reading, rows, fold_of)
        advance(count)
        if time.monotonic() - saved_at > kept.CHECKPOINT_SECONDS:
            so_far = sums.summed()
            under_way.write(first + count, so_far)
            sums = reading.sums(so_far, precision, algebra)
            saved_at = time.monotonic()
    return sums.summed()


def _chunks(reading: Reading) -> Iterator[tuple[int, dict[str, Rows]]]:
    """Rows of every space by name, chunk by chunk, with the number of the first."""
    read = [*reading.networks, *reading.stored]
    start = 0
    for blocks in joint_chunks(read, chunk_rows(sum(part.dim for part in reading.networks))):
        by_name = {part.name: block for part, block in zip(read, blocks, strict=True)}
        derived = [*reading.derived, *reading.sketches]
        made = {space.name: space.derive(by_name, start) for space in derived}
        yield start, {**by_name, **made}
        start += len(blocks[0])
