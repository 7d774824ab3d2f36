"""The rows of a problem: whether they are its own, their directions, and those without one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import MapError
from samefeatures.features.rows import FeatureRows, check_same_images
from samefeatures.maps.problem import SourceProblem


def rows_of(
    problem: SourceProblem, targets: Sequence[str], *, method: str
) -> dict[str, FeatureRows]:
    """The fit rows of source and targets, by network: those that the moments were taken of.

    Raises:
        MapError: when a network's are missing, or their number or width is another.
        FeatureError: when the networks saw different images.
    """
    names, n = [problem.source, *targets], problem.moments.n
    for name in names:
        if name not in problem.rows:
            raise MapError(
                f"The method '{method}' reads the fit rows, and there are no fit rows of {name}. "
                "Give those of source and targets with the problem: SourceProblem(…, rows=…)."
            )
        rows = problem.rows[name]
        if (len(rows), rows.dim) != (n, problem.dims.get(name)):
            raise MapError(
                f"The fit rows of {name} are ({len(rows)}, {rows.dim}), but the moments were taken "
                f"of ({n}, {problem.dims.get(name)}). Give the same rows."
            )
    found = {name: problem.rows[name] for name in names}
    check_same_images(list(found.values()))
    return found


def fit_key(method: str, options: Mapping[str, object], problem: SourceProblem) -> str:
    """Everything that decides the fits out of one source, as text."""
    prints = {name: part.fingerprint for name, part in problem.rows.items()}
    return json.dumps([method, dict(options), problem.source, prints], sort_keys=True)


def zero_vectors(rows: Mapping[str, FeatureRows], targets: Sequence[str]) -> dict[str, str]:
    """What to tell a reader about target rows without direction; empty where there are none.

    Raises:
        MapError: when a target has no other rows.
    """
    said = {}
    for target in targets:
        part = rows[target]
        count = sum(int((~block.any(axis=1)).sum()) for block in part.chunks(2048))
        if count == len(part):
            raise MapError(
                f"All {count} fit rows of {target} are zero vectors: the normalised loss needs "
                "directions. Leave the network or the method out."
            )
        said[target] = ""
        if count:
            said[target] = (
                f"{count} of {len(part)} fit rows of {target} are zero vectors, which have no "
                "direction; they do not move the map"
            )
    return said


def unit(y: Float32) -> Float32:
    """(n, d) rows divided by their lengths; zero vectors stay zero."""
    length = np.sqrt(np.einsum("ij,ij->i", y, y, dtype=np.float64))[:, None]  # (n, 1)
    out: Float32 = np.divide(y, length, out=np.zeros_like(y), where=length > 0, casting="same_kind")
    return out
