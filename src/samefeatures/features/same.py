"""Whether rows of two sides are the same samples, told by what they are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from samefeatures.base.errors import FeatureError

Id: TypeAlias = str | int
"""What a row is called; numbers are those of a frame's index."""

ORDER = (
    "bring both into one order; if they are in one, and the names are not, give arrays: "
    "x.to_numpy()"
)


def check_same_ids(
    a: str,
    ours: Sequence[Id],
    b: str,
    theirs: Sequence[Id],
    *,
    hint: str = ORDER,
    error: type[Exception] = FeatureError,
) -> None:
    """Refuse ids of two sides, as many, that differ.

    What only counts its rows from 0 says nothing of names.

    Raises:
        error: naming the first row where they do, and what to do.
    """
    if isinstance(ours, range) and ours == theirs:  # of no length that matters
        return
    pairs = enumerate(zip(ours, theirs, strict=True))
    at = next((at for at, (mine, other) in pairs if mine != other), None)
    if at is None or _only_counts(ours, theirs) or _only_counts(theirs, ours):
        return
    raise error(
        f"Row {at} is '{ours[at]}' in {a} and '{theirs[at]}' in {b}, so these are different "
        f"samples. Nothing is reordered here: {hint}."
    )


def _only_counts(ids: Sequence[Id], names: Sequence[Id]) -> bool:
    """Whether the ids are 0, 1, 2, …, and the others are names."""
    counts = all(at == each for at, each in enumerate(ids))
    return counts and any(isinstance(name, str) for name in names)
