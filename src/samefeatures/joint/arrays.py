"""Joint moments of rows that are given, not extracted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.progress import Progress, Silent
from samefeatures.features.folds import SEED, parts_of
from samefeatures.features.given import GivenRows
from samefeatures.features.given_spaces import side_by_side
from samefeatures.joint.by_fold import FoldSums
from samefeatures.joint.record import Moments
from samefeatures.joint.sums import Accumulator


def summed(
    spaces: Mapping[str, GivenRows],
    *,
    beside: Sequence[Callable[..., None]] = (),
    algebra: Algebra = HOST,
    progress: Progress | None = None,
    stage: str = "moments",
) -> Moments:
    """Joint moments of several spaces, in one pass.

    Args:
        spaces: By name; row i is the same sample in all of them.
        beside: Handed every block of rows too, (r, d) for each space: rows may pass only once.
        algebra: Where products run.
        progress: Shows how many rows have passed, where their number is known before.
        stage: What it calls this.

    Raises:
        FeatureError: as ``side_by_side``.
    """
    sums = Accumulator(
        Moments(list(spaces), [part.dim for part in spaces.values()]), algebra=algebra
    )
    rows = _rows(spaces)
    shown = progress if progress is not None and rows else Silent()
    advance = shown.task(stage, rows)
    for blocks in side_by_side(list(spaces.values())):
        sums.update(*blocks)
        for take in beside:
            take(*blocks)
        advance(len(blocks[0]))
    return sums.moments()


def fold_sums(
    spaces: Mapping[str, GivenRows], counts: Iterable[int], *, algebra: Algebra = HOST
) -> dict[int, FoldSums]:
    """Takes the same rows beside ``summed``: moments of each fold, by the number of folds.

    Folds are made by id where a space has them, else by place.

    Args:
        spaces: By name, whose number of rows is known.
        counts: Numbers of folds; 0 asks for none.
        algebra: Where products run.

    Raises:
        ConfigError: when there are fewer rows than folds.
    """
    dims = [part.dim for part in spaces.values()]
    ids = next((part.ids for part in spaces.values() if part.ids is not None), None)
    known = _rows(spaces) if ids is None else [str(each) for each in ids]
    return {
        count: FoldSums(list(spaces), dims, parts_of(known, count, seed=SEED), algebra=algebra)
        for count in set(counts) - {0}
    }


def _rows(spaces: Mapping[str, GivenRows]) -> int:
    """Of each; 0 where none of them knows."""
    return next((part.length for part in spaces.values() if part.length is not None), 0)
