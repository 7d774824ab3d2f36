"""Moments of nested parts of the rows, each that of the one before and of the rows between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.algebra import HOST, Algebra, Precision
from samefeatures.base.arrays import Float32, Int64
from samefeatures.features.rows import FeatureRows, joint_chunks
from samefeatures.joint.blocks import Blocks, BlockSums, Pair, Rows
from samefeatures.joint.kept import chunk_rows
from samefeatures.joint.record import Moments
from samefeatures.joint.sums import Accumulator

Derive = Callable[[Mapping[str, Rows], Int64], Mapping[str, Rows]]
"""(r, d) rows of every network by name and their (r,) numbers, to rows of the spaces beside."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Beside:
    """Spaces beside the networks, and which of their blocks are summed.

    Attributes:
        dims: Columns of each, those of networks among them.
        classes: Spaces that come as classes.
        pairs: Blocks.
        derive: Gives their rows.
    """

    dims: Mapping[str, int]
    classes: Sequence[str]
    pairs: Sequence[Pair]
    derive: Derive

    def sums(self, start: Blocks | None) -> BlockSums:
        """Empty, or of the rows so far."""
        return BlockSums(self.dims, classes=self.classes, pairs=self.pairs, start=start)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Nest:
    """Moments of the first rows in some order.

    Attributes:
        networks: Joint moments; the rows of the next part are added to them in place.
        beside: Blocks of the spaces beside them, where they are asked for.
    """

    networks: Moments
    beside: Blocks | None


def nested_moments(
    parts: Sequence[FeatureRows],
    places: Int64,
    sizes: Sequence[int],
    *,
    beside: Beside | None = None,
    precision: Precision = "float64",
    algebra: Algebra = HOST,
) -> Iterator[Nest]:
    """Moments of the rows in the first places, a part at a time.

    Rows between one size and the next are read and added, so that all sizes together cost the
    products of the largest, and one joint sum is held. Every size reads through the rows once;
    what is in no part is not multiplied.

    Args:
        parts: Rows of every network, row i of each the same image.
        places: (n,) of each row in an order of all of them.
        sizes: Rising numbers of rows.
        beside: What else is summed.
        precision: Of the products.
        algebra: Where they run.
    """
    names, dims = [part.name for part in parts], [part.dim for part in parts]
    sums = Accumulator(Moments(names, dims), precision=precision, algebra=algebra)
    blocks: Blocks | None = None
    low = 0
    for high in sizes:
        others = beside.sums(blocks) if beside else None
        for numbers, rows in _between(parts, places, low, high):
            sums.update(*rows)
            if beside and others:
                named: dict[str, Rows] = dict(zip(names, rows, strict=True))
                others.update(beside.derive(named, numbers))
        blocks, low = others.blocks() if others else None, high
        yield Nest(networks=sums.moments(), beside=blocks)


def _between(
    parts: Sequence[FeatureRows], places: Int64, low: int, high: int
) -> Iterator[tuple[Int64, list[Float32]]]:
    """Numbers and (r, d) rows of those in places ``low`` to ``high``, in the order of all rows."""
    start = 0
    for chunk in joint_chunks(parts, chunk_rows(sum(part.dim for part in parts))):
        here = places[start : start + len(chunk[0])]
        mine = np.flatnonzero((here >= low) & (here < high))
        if len(mine):
            yield start + mine, [block[mine] for block in chunk]
        start += len(here)
