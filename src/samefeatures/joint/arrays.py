"""Joint moments of rows that are given, not extracted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.progress import Progress, Silent
from samefeatures.features.given import GivenRows
from samefeatures.features.given_spaces import side_by_side
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
    known = [part.length for part in spaces.values() if part.length is not None]
    shown = progress if progress is not None and known else Silent()
    advance = shown.task(stage, known[0] if known else 0)
    for blocks in side_by_side(list(spaces.values())):
        sums.update(*blocks)
        for take in beside:
            take(*blocks)
        advance(len(blocks[0]))
    return sums.moments()
