"""A network that comes later: attached to a space by its own rows, without those of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from samefeatures.algebra import HOST
from samefeatures.algebra.pools import one_pool
from samefeatures.base.errors import FeatureError, MapError
from samefeatures.features.given import Rows, given_rows
from samefeatures.joint.arrays import summed
from samefeatures.maps.affine import Named
from samefeatures.maps.canonical.member import Anchors
from samefeatures.maps.canonical.record import CanonicalSpace
from samefeatures.maps.canonical.solve import fitted_member
from samefeatures.maps.canonical.stack import whitened


@one_pool()
def attach(space: CanonicalSpace, network: Named | str, rows: Rows) -> CanonicalSpace:
    """The space with one network more, whose maps are regressions on the points of the fit rows.

    What is kept of the earlier networks is where each fit row lies in the space; the features of
    those networks are not needed again. Maps between all members follow.

    Args:
        space: With its anchors.
        network: The new one, or a name for rows whose weights nobody knows.
        rows: (n, d) its features of the rows that the space was fitted on, in the same order.

    Raises:
        MapError: when the space knows the name, has no anchors, or was fitted on other rows; when
            the features do not vary.
        FeatureError: when rows are no floats, NaN or infinite.
    """
    anchors = _anchors(space)
    name = network if isinstance(network, str) else network.name
    if name in space.names:
        raise MapError(
            f"The space has a network {name} already. Give the new one another name, or make "
            "the space again."
        )
    given = given_rows(rows, name)
    _check_rows(space, anchors, given.length, given.ids, name)
    points = given_rows(anchors.points, "the space")
    try:
        moments = summed({"new": given, "points": points})
    except FeatureError as error:
        if given.length is None and "rows" in str(error):
            raise MapError(f"{name} has not the {space.rows} rows of the space.") from None
        raise
    white = whitened(moments, "new", space.alpha, HOST)
    if not len(white.values):
        raise MapError(
            f"The features of {name} are the same for all {space.rows} rows: they say nothing of "
            "where a row lies in the space. Attach a network whose features vary."
        )
    late = fitted_member(
        name,
        "" if isinstance(network, str) else network.fingerprint,
        moments.mean_of("new"),
        white,
        moments.block("new", "points"),
        rows=space.rows,
    )
    return replace(space, members=(*space.members, late))


def _anchors(space: CanonicalSpace) -> Anchors:
    if space.anchors is None:
        raise MapError(
            "This space was made of moments alone and does not know where its rows lie, so that "
            "nothing can be attached to it. Make it of rows, or by a study."
        )
    return space.anchors


def _check_rows(
    space: CanonicalSpace,
    anchors: Anchors,
    length: int | None,
    ids: Sequence[str | int] | None,
    name: str,
) -> None:
    """Refuse other images than those of the space."""
    if length is not None and length != space.rows:
        raise MapError(
            f"The space was fitted on {space.rows} rows, but {name} has {length}. Give its "
            "features of the same images in the same order."
        )
    if ids is None or anchors.ids is None:
        return
    came, known = [str(each) for each in ids], list(anchors.ids)
    if came != known:
        at = next(i for i, (a, b) in enumerate(zip(came, known, strict=True)) if a != b)
        raise MapError(
            f"{name} has features of other images than the space: row {at} is '{came[at]}', and "
            f"'{known[at]}' there. Give the same images in the same order."
        )
