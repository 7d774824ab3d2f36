"""An image that is left out is left out for every network, whenever its features were stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from samefeatures.base.errors import UnreadableImageError
from samefeatures.features.store import FeatureStore
from samefeatures.images.imageset import ImageSet


def agree(
    stores: Sequence[FeatureStore],
    missing: Sequence[AbstractSet[int]],
    images: ImageSet,
    *,
    strict: bool,
) -> dict[int, str]:
    """Leave out of every store what any of them leaves out, whole stores included.

    Called before anything is computed: those that have a chunk may have it from runs of their
    own, and those that lack it need not look at the images. And when all is computed: another
    process may have written to the same stores.

    Args:
        stores: Of all networks on one image set.
        missing: Chunks that each lacks.
        images: The set.
        strict: Refuse images that are left out; nothing is written then.

    Returns:
        Why, by index in the set.

    Raises:
        UnreadableImageError: in strict mode, naming the first image.
    """
    own = [store.problems(lacks) for store, lacks in zip(stores, missing, strict=True)]
    found = {i: reason for problems in reversed(own) for i, reason in problems.items()}
    if strict and found:
        raise unreadable(images.ids[min(found)], found[min(found)])
    for store, lacks, problems in zip(stores, missing, own, strict=True):
        fresh = found.keys() - problems.keys()
        for k in {i // store.images_per_chunk for i in fresh} - lacks:
            inside = found.keys() & set(store.images_in(k))
            store.leave_out(k, {i - store.images_in(k).start: found[i] for i in inside})
    return found


def tell_others(
    stores: Sequence[FeatureStore],
    missing: Sequence[AbstractSet[int]],
    k: int,
    problems: Mapping[int, str],
) -> None:
    """Leave images of chunk ``k`` out of the stores that have it already.

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
            store.leave_out(k, problems)


def unreadable(name: str, reason: str) -> UnreadableImageError:
    """In strict mode: an image can't be read, or an earlier run could not read it."""
    return UnreadableImageError(
        f"{name} can't be read: {reason}. Mend or remove it, or run without --strict to leave it "
        "out."
    )


def left_out_words(reasons: Mapping[str, str]) -> str:
    """How many images can't be read, and why one of them can't."""
    first, why = next(iter(reasons.items()))
    if len(reasons) == 1:
        return f"1 image that can't be read: {first}, {why}"
    return f"{len(reasons):,} images that can't be read, among them {first}: {why}"
