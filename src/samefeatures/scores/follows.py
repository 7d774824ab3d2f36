"""The record of whom a hybrid follows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Follows:
    """A hybrid against the two networks that it is made of, on the same images.

    Shares are percent, and NaN where there is no image to take a share of.

    Attributes:
        n: Images.
        disagree: Images on which source and target predict different classes.
        as_source: Of these, on how many the hybrid says what the source says.
        as_target: On how many it says what the target says.
        mistakes: Images that the target labels wrongly.
        repeated: Of these, on how many the hybrid says the same wrong class.
        repeated_by_source: On how many the source says it anyway.
        consistency: Error consistency of hybrid and target, as in ``error_consistency``.
        consistency_of_source: Of source and target.
    """

    n: int
    disagree: int
    as_source: int
    as_target: int
    mistakes: int
    repeated: int
    repeated_by_source: int
    consistency: float
    consistency_of_source: float

    @property
    def neither(self) -> int:
        """Images of the disagreement on which the hybrid says a third class."""
        return self.disagree - self.as_source - self.as_target

    def of_disagreements(self, count: int) -> float:
        """Percent of the images on which source and target disagree."""
        return _percent(count, self.disagree)

    def of_mistakes(self, count: int) -> float:
        """Percent of the target's mistakes."""
        return _percent(count, self.mistakes)


def _percent(count: int, n: int) -> float:
    return 100 * count / n if n else float("nan")
