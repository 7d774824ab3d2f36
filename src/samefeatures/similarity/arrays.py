"""What arrays say of a map: rows go in, a number comes out."""

from __future__ import annotations

from samefeatures.base.errors import MapError
from samefeatures.features.given import Rows, given_spaces
from samefeatures.joint.arrays import summed
from samefeatures.maps.affine import AffineMap
from samefeatures.similarity.mapped import Mapped
from samefeatures.similarity.measures.r2 import R2


def r2(fitted: AffineMap, x: Rows, y: Rows) -> float:
    """The share of the target's variance that a map explains, on rows that it was not fitted on.

    The measure ``R2``: scikit-learn's ``r2_score(multioutput="variance_weighted")``. NaN where the
    target does not vary.

    Args:
        fitted: The map.
        x: (n, d_source) rows of its source; see ``given_rows``.
        y: (n, d_target) rows of its target, row i the same sample.

    Raises:
        MapError: when a width is not the map's, or there is no row.
        FeatureError: when rows are no floats, not finite, or not as many on both sides.
    """
    spaces = given_spaces({fitted.source: x, fitted.target: y})
    for (name, part), width in zip(spaces.items(), reversed(fitted.weight.shape), strict=True):
        if part.dim != width:
            raise MapError(f"The map {fitted} takes {name} as (n, {width}), not (n, {part.dim}).")
    moments = summed(spaces)
    if not moments.n:
        raise MapError("There is no row to judge the map by.")
    return R2().value(Mapped.of(moments, fitted))
