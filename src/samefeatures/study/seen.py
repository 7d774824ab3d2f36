"""What ``compare`` takes of rows given as arrays, in one pass over each side."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.algebra import Algebra
from samefeatures.base.arrays import Float64
from samefeatures.base.progress import Progress
from samefeatures.features.given import Floats, GivenRows, in_memory, read_again
from samefeatures.features.prints import SUMS, printed
from samefeatures.features.rows import ArrayRows
from samefeatures.joint.arrays import fold_sums, summed
from samefeatures.joint.record import Moments
from samefeatures.maps import Method


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Moments of all spaces on the same rows, and (n, 8) prints of the rows."""

    moments: Moments
    prints: Float64


@dataclass(frozen=True, slots=True, eq=False)
class FitSide:
    """What methods are given: moments, those of folds by their count, rows where some read them."""

    seen: Seen
    folds: Mapping[int, tuple[Moments, ...]]
    rows: Mapping[str, ArrayRows]


def fit_side(
    spaces: Mapping[str, GivenRows],
    methods: Collection[Method],
    algebra: Algebra,
    progress: Progress,
) -> FitSide:
    """What the methods ask for of these rows.

    Args:
        spaces: By name; where rows are needed besides moments, those that can be read only once
            are taken into memory.
        methods: All of them.
        algebra: Where products run.
        progress: Shows how far it is.

    Raises:
        FeatureError: when rows are not finite, or not as many in all spaces.
        ConfigError: when there are fewer rows than folds.
    """
    reading = any(each.needs_rows for each in methods)
    counts = [each.needs_folds for each in methods]
    if reading or any(counts):
        spaces = {name: read_again(part) for name, part in spaces.items()}
    rows = {name: in_memory(part) for name, part in spaces.items()} if reading else {}
    by_fold = fold_sums(spaces, counts, algebra=algebra)
    beside = [sums.update for sums in by_fold.values()]
    found = seen(spaces, algebra, progress, "moments of the fit rows", beside=beside)
    return FitSide(found, {count: sums.moments() for count, sums in by_fold.items()}, rows)


def seen(
    spaces: Mapping[str, GivenRows],
    algebra: Algebra,
    progress: Progress,
    stage: str,
    *,
    beside: Sequence[Callable[..., None]] = (),
) -> Seen:
    """Moments and prints of rows, which ``beside`` are handed too, block by block."""
    prints = [np.zeros((0, SUMS))]

    def look(*blocks: Floats) -> None:
        prints.append(printed(blocks))

    moments = summed(
        spaces, beside=[look, *beside], algebra=algebra, progress=progress, stage=stage
    )
    return Seen(moments, np.concatenate(prints))
