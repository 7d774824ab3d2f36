"""Medians over what control spaces came to: alone in a source's place, and what lies beyond."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from samefeatures.scores.medians import known, median
from samefeatures.study.results import StudyResults
from samefeatures.study.results.spaces import BeyondRow, SpaceFindings, SpaceRow

FEATURES = "features"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Median and range of the finite values; NaN where there is none."""

    count: int
    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Spread:
        found = known(values)
        low, high = min(found, default=math.nan), max(found, default=math.nan)
        return cls(count=len(found), median=median(found), low=low, high=high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """A kind of control space in the place of every source.

    Attributes:
        kind: As in ``SpaceRow``.
        rows: One per space and target.
        top1: Percent.
        change: Percent against the accuracy of the network that it is made of; of pixels nothing.
        agreement: Percent.
        r2: Of its maps.
    """

    kind: str
    rows: tuple[SpaceRow, ...]
    top1: Spread
    change: Spread
    agreement: Spread
    r2: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """R² beyond what is given, of all pairs of a study.

    Attributes:
        given: As in ``BeyondRow``.
        of: As in ``BeyondRow``.
        rows: One per ordered pair.
        r2: Over the pairs.
        judged: Pairs with an interval.
        above: Of these, how many intervals lie above 0 as a whole.
    """

    given: str
    of: str
    rows: tuple[BeyondRow, ...]
    r2: Spread
    judged: int
    above: int


def spaces_of(results: StudyResults) -> SpaceFindings:
    """Empty where the study has no controls, or those of an earlier version."""
    return SpaceFindings() if results.controls is None else results.controls.spaces


def kinds(results: StudyResults) -> list[str]:
    """Of the control spaces, in their order."""
    return list(dict.fromkeys(row.kind for row in spaces_of(results).rows))


def alone(results: StudyResults, kind: str) -> Alone | None:
    """What a kind of control space reaches; None where the study has none of it."""
    rows = tuple(row for row in spaces_of(results).rows if row.kind == kind)
    if not rows:
        return None
    return Alone(
        kind=kind,
        rows=rows,
        top1=Spread.of(row.top1 for row in rows),
        change=Spread.of(change(row, results) for row in rows),
        agreement=Spread.of(row.agreement for row in rows),
        r2=Spread.of(row.r2 for row in rows),
    )


def change(row: SpaceRow, results: StudyResults) -> float | None:
    """Percent against the own accuracy of the network that it is made of; None without one."""
    own = next((net.top1 for net in results.networks if net.name == row.of), math.nan)
    return 100 * (row.top1 - own) / own if own > 0 else None


def given_sets(results: StudyResults) -> list[str]:
    """What R² is taken beyond, in the order of the study."""
    return list(dict.fromkeys(row.given for row in spaces_of(results).beyond))


def beyond(results: StudyResults, given: str, of: str = FEATURES) -> Beyond | None:
    """All pairs of it; None where the study has none."""
    rows = tuple(row for row in spaces_of(results).beyond if (row.given, row.of) == (given, of))
    if not rows:
        return None
    judged = [row.ci_low for row in rows if row.ci_low is not None]
    return Beyond(
        given=given,
        of=of,
        rows=rows,
        r2=Spread.of(row.r2 for row in rows),
        judged=len(judged),
        above=sum(low > 0 for low in judged),
    )


def nulls(results: StudyResults, given: str) -> list[Beyond]:
    """What knows nothing, in the features' place."""
    kinds = dict.fromkeys(r.of for r in spaces_of(results).beyond if r.of != FEATURES)
    found = (beyond(results, given, kind) for kind in kinds)
    return [each for each in found if each is not None]


def null_level(found: Sequence[Beyond]) -> float:
    """The largest of their medians, at least 0: what is to be taken off the features' value."""
    return max([0.0, *(each.r2.median for each in found if each.r2.count)])
