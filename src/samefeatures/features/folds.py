"""Parts of a set of rows, by a random order of the images: fit sets lie sorted by class."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from samefeatures.base.arrays import Int64
from samefeatures.base.errors import ConfigError
from samefeatures.images.imageset import without_view

SEED = 0
"""Of the folds that strengths are chosen on."""


def parts_of(ids: Sequence[str] | int, count: int, *, seed: int) -> Int64:
    """(n,) the part of each row, 0 … count − 1; sizes differ by at most one image.

    Images are ranked by a keyed hash of their id, so that a part depends on the ids alone, not on
    their order; views of an image stay together.

    Args:
        ids: One per row, or the number of rows where ids are not known: then places count.
        count: Parts.
        seed: Another seed gives other parts.

    Raises:
        ConfigError: when there are fewer images than parts.
    """
    names = [str(i) for i in range(ids)] if isinstance(ids, int) else list(ids)
    images = [without_view(name) for name in names]
    unique = list(dict.fromkeys(images))
    if len(unique) < count:
        what = "row" if isinstance(ids, int) else "image"
        came = f"{len(unique)} {what}{'' if len(unique) == 1 else 's'}"
        raise ConfigError(
            f"{came} can't make {count} parts. Take fewer 'folds' (a key of controls, and of "
            f"methods that choose a strength), or more {what}s."
        )
    ranked = sorted(unique, key=lambda name: hashed(name, seed))
    part = {name: rank % count for rank, name in enumerate(ranked)}
    return np.array([part[name] for name in images], np.int64)


def hashed(name: str, seed: int) -> bytes:
    """Of an image's id, by a key: images in the order of these are in a random order."""
    return blake2b(name.encode(), key=seed.to_bytes(8, "little")).digest()
