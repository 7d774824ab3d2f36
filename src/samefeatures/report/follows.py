"""Whom the hybrids of a method follow, in medians over its maps."""

from __future__ import annotations

from dataclasses import dataclass

from samefeatures.report.grid import Grid, grids, number
from samefeatures.scores.medians import median
from samefeatures.study.results import StudyResults

HEADS = (
    "Method",
    "Source and target disagree, %",
    "Says as source, %",
    "As target, %",
    "Neither, %",
    "Error consistency with target",
    "… of source and target",
    "Target's mistakes repeated, %",
    "… by the source anyway, %",
)
NOTE = (
    "Medians over the maps. Error consistency is Cohen's κ of being right: 0 for errors that "
    "coincide by chance, 1 for the same errors. A mistake is repeated where the same wrong class "
    "is given."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """Medians over the maps of one method; NaN where there is nothing to take them of.

    Attributes:
        label: The method with its options.
        kind: What the method is.
        maps: How many there are.
        disagree: Percent of the images on which source and target predict different classes.
        as_source: Percent of these on which the hybrid says what the source says.
        as_target: On which it says what the target says.
        neither: On which it says another class.
        consistency: Error consistency of hybrid and target.
        consistency_of_source: Of source and target.
        repeated: Percent of the target's mistakes that the hybrid repeats.
        repeated_by_source: That the source repeats.
    """

    label: str
    kind: str
    maps: int
    disagree: float
    as_source: float
    as_target: float
    neither: float
    consistency: float
    consistency_of_source: float
    repeated: float
    repeated_by_source: float

    @property
    def row(self) -> tuple[str, ...]:
        """As the table has it, under ``HEADS``."""
        shares = (self.disagree, self.as_source, self.as_target, self.neither)
        mistakes = (self.repeated, self.repeated_by_source)
        return (
            self.label,
            *(number(value, 1) for value in shares),
            *(number(value) for value in (self.consistency, self.consistency_of_source)),
            *(number(value, 1) for value in mistakes),
        )


def followed(grid: Grid) -> Followed | None:
    """One method; None where its results do not say."""
    found = [cell.follows for cell in grid.hybrids if cell.follows is not None]
    if not found:
        return None
    return Followed(
        label=grid.label,
        kind=grid.kind,
        maps=len(found),
        disagree=median(100 * f.disagree / f.n for f in found),
        as_source=median(f.of_disagreements(f.as_source) for f in found),
        as_target=median(f.of_disagreements(f.as_target) for f in found),
        neither=median(f.of_disagreements(f.neither) for f in found),
        consistency=median(f.consistency for f in found),
        consistency_of_source=median(f.consistency_of_source for f in found),
        repeated=median(f.of_mistakes(f.repeated) for f in found),
        repeated_by_source=median(f.of_mistakes(f.repeated_by_source) for f in found),
    )


def follow_lines(results: StudyResults) -> list[Followed]:
    """Every method whose results say it."""
    return [found for grid in grids(results) if (found := followed(grid)) is not None]
