"""A map between two arrays: no network, no file, no study."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samefeatures.base.errors import MapError
from samefeatures.features.given import GivenRows, Rows, given_spaces
from samefeatures.features.rows import ArrayRows
from samefeatures.joint.arrays import summed
from samefeatures.maps.affine import AffineMap
from samefeatures.maps.method import Method
from samefeatures.maps.methods.ridge import Ridge
from samefeatures.maps.problem import SourceProblem
from samefeatures.networks.record import Head

RIDGE = Ridge()


@dataclass(frozen=True, slots=True)
class ArraySpace:
    """A feature space that is known by rows; whose weights made them nobody knows."""

    name: str
    fingerprint: str = ""
    head: Head | None = None


def fit_map(
    x: Rows, y: Rows, *, method: Method = RIDGE, source: str = "x", target: str = "y"
) -> AffineMap:
    """The affine map ``y ≈ M x + m`` between rows of two feature spaces.

    One pass over the rows takes their moments, whatever their number: arrays of any library, files
    in memory, tensors on any device, blocks one after another (see ``given_rows``). Methods that
    read rows again and again (``Adam``, ``Cosine``) hold them in memory in float32.

    Args:
        x: (n, d_x) features of the source; row i is the same sample as row i of ``y``.
        y: (n, d_y) features of the target.
        method: How; one that asks for heads can't fit arrays.
        source: Name of the source space, for messages, files and ``compose``.
        target: Name of the target space.

    Raises:
        FeatureError: when rows are no floats, not finite, or not as many on both sides.
        MapError: when there are fewer than two rows, or the method needs heads.
    """
    if method.uses == "heads":
        raise MapError(
            f"The method '{method.name}' is made of heads, and arrays have none. Take another, or "
            "sf.load the networks."
        )
    if source == target:
        raise MapError(f"Source and target are both called '{source}'. Give them two names.")
    spaces = given_spaces({source: x, target: y})
    rows = {name: held(part) for name, part in spaces.items()} if method.needs_rows else {}
    moments = summed(given_spaces(rows) if rows else spaces)
    networks = {name: ArraySpace(name) for name in spaces}
    problem = SourceProblem(source, networks, moments, rows=rows)
    (fitted,) = method.fit(problem, [target])
    return fitted


def held(rows: GivenRows) -> ArrayRows:
    """All of them in memory, (n, d) float32."""
    blocks = [block.astype(np.float32, copy=False) for block in rows.chunks(4096)]
    return ArrayRows(name=rows.name, values=np.concatenate(blocks), fingerprint="")
