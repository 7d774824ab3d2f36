"""An order of the rows by a hash of their images: the first of them are a random part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from samefeatures.base.arrays import Int64
from samefeatures.features.folds import hashed
from samefeatures.images.imageset import without_view


def places_of(ids: Sequence[str] | int, *, seed: int) -> Int64:
    """(n,) the place of each row in a random order of the images; views stay together.

    The rows in the first places are a random part of all, and hold those in fewer places. The order
    depends on the ids alone, not on theirs: fit sets lie sorted by class.

    Args:
        ids: One per row, or the number of rows where ids are not known: then places count.
        seed: Another seed gives another order.
    """
    names = [str(i) for i in range(ids)] if isinstance(ids, int) else list(ids)
    images = [without_view(name) for name in names]
    key = {name: hashed(name, seed) for name in dict.fromkeys(images)}
    order = sorted(range(len(names)), key=lambda i: (key[images[i]], i))
    places = np.empty(len(names), np.int64)
    places[order] = np.arange(len(names))
    return places
