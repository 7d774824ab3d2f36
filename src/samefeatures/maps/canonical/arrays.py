"""A canonical space of arrays: no network, no study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from samefeatures.algebra import HOST
from samefeatures.algebra.pools import one_pool
from samefeatures.base.errors import FeatureError, MapError
from samefeatures.base.options import check_number, check_whole
from samefeatures.features.given import GivenRows, Rows
from samefeatures.features.given_spaces import given_spaces, side_by_side
from samefeatures.joint.arrays import summed
from samefeatures.joint.record import Moments
from samefeatures.maps.canonical.member import Anchors
from samefeatures.maps.canonical.record import CanonicalSpace
from samefeatures.maps.canonical.solve import CanonicalSpaces


@one_pool()
def canonical_space(
    spaces: Mapping[str, Rows] | Moments, *, k: int | None = None, alpha: float = 0.01
) -> CanonicalSpace:
    """The k directions that several feature spaces share most, with encoders and decoders.

    Generalised canonical correlations (MAXVAR): see ``maps/canonical/solve.py``.

    Args:
        spaces: (n, d) rows by name, as ``fit_map`` takes them, row i the same sample in all; or
            their joint moments, of which the space is the same, but nothing can be attached to it
            later. Rows are read twice, once for the moments and once for their points; those of an
            iterator can't be, and count as moments.
        k: Directions; None takes those that are shared by more than Gaussian noise would seem to
            (``chance`` of the space; in one of twenty draws of such noise it takes a direction).
            Skewed or heavy-tailed noise goes above that more often: it is no test there.
        alpha: Of the ridge, as in ``Ridge``; 0 is none.

    Raises:
        FeatureError: when rows are no floats, not finite, or not as many in all spaces.
        MapError: when there are fewer than two rows or spaces, or k is above the rank.
    """
    if k is not None:
        k = check_whole("k", k, least=1)
    alpha = check_number("alpha", alpha, zero=True)
    if isinstance(spaces, Moments):
        return _of_moments(spaces, k, alpha)
    if not isinstance(spaces, Mapping) or not spaces:
        raise FeatureError("canonical_space takes spaces by name, e.g. {'clip': x, 'dino': y}.")
    given = given_spaces(spaces)
    space = _of_moments(summed(given), k, alpha)
    if any(part.length is None for part in given.values()):
        return space
    return replace(space, anchors=_anchors(space, given))


def _of_moments(moments: Moments, k: int | None, alpha: float) -> CanonicalSpace:
    if moments.n < 2 or len(moments.names) < 2:
        raise MapError(
            f"A canonical space needs at least 2 spaces and 2 rows, but {len(moments.names)} of "
            f"{moments.n} came. Give more."
        )
    prints = dict.fromkeys(moments.names, "")
    return CanonicalSpaces(moments, prints, algebra=HOST).of(k, alpha)


def _anchors(space: CanonicalSpace, given: Mapping[str, GivenRows]) -> Anchors:
    """Where the rows lie, (n, k)."""
    found = [
        space.points({n: np.asarray(b, np.float64) for n, b in zip(given, blocks, strict=True)})
        for blocks in side_by_side(list(given.values()))
    ]
    ids = next((part.ids for part in given.values() if part.ids is not None), None)
    texts = None if ids is None else [str(each) for each in ids]
    return Anchors(points=np.concatenate(found).astype(np.float32), ids=texts)
