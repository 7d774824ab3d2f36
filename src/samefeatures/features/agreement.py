"""An image that is left out is left out for every network, whenever its features were stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

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
        for k in sorted(wanted - lacks):
            first = store.images_in(k).start
            found |= {first + i: reason for i, reason in store.problems_in(k).items()}
    return found


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
