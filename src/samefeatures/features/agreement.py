"""An image that is left out is left out for every network, whenever its features were stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import groupby

from samefeatures.features.store import StoredFeatures


def known_problems(
    stores: Sequence[StoredFeatures], missing: Sequence[AbstractSet[int]]
) -> dict[int, str]:
    """Images of chunks that some network lacks and others have, which those leave out.

    Args:
        stores: Of all networks on one image set.
        missing: Chunks that each lacks.

    Returns:
        Why, by index in the set.
    """
    wanted = set[int]().union(*missing)
    found: dict[int, str] = {}
    for store, lacks in zip(stores, missing, strict=True):
        for first, last in _runs(sorted(wanted - lacks)):
            images = range(store.images_in(first).start, store.images_in(last).stop)
            found |= store.problems_among(images)
    return found


def _runs(chunks: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of neighbours: reading them one by one is slow far away."""
    for _, run in groupby(enumerate(chunks), key=lambda pair: pair[1] - pair[0]):
        numbers = [k for _, k in run]
        yield numbers[0], numbers[-1]


def tell_others(
    stores: Sequence[StoredFeatures],
    missing: Sequence[AbstractSet[int]],
    k: int,
    problems: Mapping[int, str],
) -> None:
    """Leave images of chunk ``k`` out of the stores that have it already, where they are in.

    Called before the chunk is written for those that lack it: a run that is stopped between the
    two finds it lacking, and comes here again.

    Args:
        stores: Of all networks on one image set.
        missing: Chunks that each lacked at first.
        k: Number of the chunk.
        problems: Why, by index in the chunk.
    """
    for store, lacks in zip(stores, missing, strict=True):
        if problems and k not in lacks:
            known = store.problems_in(k)
            fresh = {i: reason for i, reason in problems.items() if i not in known}
            if fresh:
                store.leave_out(k, fresh)
