"""Joint moments of rows that are given, not extracted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from samefeatures.algebra import HOST, Algebra
from samefeatures.features.given import GivenRows
from samefeatures.features.given_spaces import side_by_side
from samefeatures.joint.record import Moments
from samefeatures.joint.sums import Accumulator


def summed(
    spaces: Mapping[str, GivenRows],
    *,
    beside: Sequence[Callable[..., None]] = (),
    algebra: Algebra = HOST,
) -> Moments:
    """Joint moments of several spaces, in one pass.

    Args:
        spaces: By name; row i is the same sample in all of them.
        beside: Handed every block of rows too, (r, d) for each space: rows may pass only once.
        algebra: Where products run.

    Raises:
        FeatureError: as ``side_by_side``.
    """
    sums = Accumulator(
        Moments(list(spaces), [part.dim for part in spaces.values()]), algebra=algebra
    )
    for blocks in side_by_side(list(spaces.values())):
        sums.update(*blocks)
        for take in beside:
            take(*blocks)
    return sums.moments()
