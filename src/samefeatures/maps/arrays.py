"""A map between two arrays: no network, no file, no study."""

from __future__ import annotations

from dataclasses import dataclass

from samefeatures.algebra import open_algebra
from samefeatures.algebra.pools import one_pool
from samefeatures.base.display import Display, ProgressChoice
from samefeatures.base.errors import MapError
from samefeatures.base.options import check_text
from samefeatures.features.given import Rows, in_memory, read_again
from samefeatures.features.given_spaces import given_spaces
from samefeatures.features.rows import ArrayRows
from samefeatures.joint.arrays import fold_sums, summed
from samefeatures.maps.affine import AffineMap
from samefeatures.maps.method import Method, check_method
from samefeatures.maps.methods.ridge import Ridge
from samefeatures.maps.problem import SourceProblem
from samefeatures.networks.record import Head

RIDGE = Ridge()


@dataclass(frozen=True, slots=True)
class ArraySpace:
    """A feature space that is known by rows; whose weights made them nobody knows."""

    name: str
    dim: int
    source: str = "array"
    fingerprint: str = ""
    head: Head | None = None


@one_pool()
def fit_map(
    x: Rows,
    y: Rows,
    *,
    method: Method = RIDGE,
    source: str = "x",
    target: str = "y",
    progress: ProgressChoice = "quiet",
    device: str = "cpu",
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
        progress: ``"bar"``, ``"quiet"``, or a function that is told, as ``samefeatures.progress``.
        device: Of the algebra: ``cpu``, ``cuda`` or ``cuda:N``, through torch.

    Raises:
        FeatureError: when rows are no floats, not finite, not as many on both sides, or called
            otherwise by the frames' indexes.
        ConfigError: when the method is none or makes folds of fewer rows, there is no such device,
            or no such progress.
        MapError: when a name is none, there are fewer than two rows, or the method needs heads.
    """
    check_method(method, "method")
    for what, name in (("source", source), ("target", target)):
        check_text(what, name, MapError)
    if method.uses == "heads":
        raise MapError(
            f"The method '{method.name}' is made of heads, and arrays have none. Take another, or "
            "sf.load the networks."
        )
    if source == target:
        raise MapError(f"Source and target are both called '{source}'. Give them two names.")
    algebra, display = open_algebra(device), Display(progress)
    spaces = given_spaces({source: x, target: y})
    rows: dict[str, ArrayRows] = {}
    if method.needs_rows or method.needs_folds:
        spaces = {name: read_again(part) for name, part in spaces.items()}
    if method.needs_rows:
        rows = {name: in_memory(part) for name, part in spaces.items()}
    networks = {name: ArraySpace(name, part.dim) for name, part in spaces.items()}
    by_fold = fold_sums(spaces, [method.needs_folds], algebra=algebra)
    beside = [sums.update for sums in by_fold.values()]
    with display as shown:
        moments = summed(spaces, beside=beside, algebra=algebra, progress=shown)
        problem = SourceProblem(
            source,
            networks,
            moments,
            rows=rows,
            folds=[fold for sums in by_fold.values() for fold in sums.moments()],
            algebra=algebra,
            progress=shown,
        )
        (fitted,) = method.fit(problem, [target])
    return fitted
