"""What the two methods for the normalised loss share."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from samefeatures.errors import MapError
from samefeatures.features.rows import FeatureRows, check_same_images
from samefeatures.maps.problem import SourceProblem


def check_rows(
    problem: SourceProblem, rows: Mapping[str, FeatureRows], targets: Sequence[str]
) -> None:
    """The rows must be those that the moments were taken of.

    Raises:
        MapError: when a network's are missing, or their number or width is another.
        FeatureError: when the networks saw different images.
    """
    names = [problem.source, *targets]
    moments = problem.moments
    dims = dict(zip(moments.names, moments.dims, strict=True))
    for name in names:
        if name not in rows:
            raise MapError(f"There are no fit rows of {name}. Give those of source and targets.")
        if (len(rows[name]), rows[name].dim) != (moments.n, dims.get(name)):
            raise MapError(
                f"The fit rows of {name} are ({len(rows[name])}, {rows[name].dim}), but the "
                f"moments were taken of ({moments.n}, {dims.get(name)}). Give the same rows."
            )
    check_same_images([rows[name] for name in names])


def fit_key(
    method: str, options: Mapping[str, object], source: str, rows: Mapping[str, FeatureRows]
) -> str:
    """Everything that decides the fits out of one source, as text."""
    prints = {name: part.fingerprint for name, part in rows.items()}
    return json.dumps([method, dict(options), source, prints], sort_keys=True)


def zero_vectors(target: str, count: int, rows: FeatureRows) -> str:
    """What to tell a reader about rows without direction; empty when there are none."""
    if not count:
        return ""
    return (
        f"{count} of {len(rows)} fit rows of {target} are zero vectors, which have no direction; "
        "they count 1 each in the loss and do not move the map"
    )
