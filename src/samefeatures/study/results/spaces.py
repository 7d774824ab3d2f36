"""What control spaces came to: rows of the tables, and what is shared beyond them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from samefeatures.base.brief import brief


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceRow:
    """A control space as the source of one network's head, by OLS.

    Attributes:
        kind: ``answers``, ``soft answers``, ``class noise``, ``pixels`` or ``random weights``.
        of: The network that it is made of; None for pixels.
        target: Whose head.
        n: Eval images.
        correct: Right predictions.
        top1: Percent.
        ci_low: Lower end of its 95 % Wilson interval.
        ci_high: Its upper end.
        agreement: Percent of images on which hybrid and target predict the same class.
        r2: Of the map on the eval images; None where the target does not vary.
        rank: Of the space's moments on the fit images.
        columns: Of the space.
        seed: Of random weights.
    """

    kind: str
    of: str | None
    target: str
    n: int
    correct: int
    top1: float
    ci_low: float
    ci_high: float
    agreement: float
    r2: float | None
    rank: int
    columns: int
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersRow:
    """For how many answers of one network another's head labels its own mean of them right.

    Attributes:
        source: Whose answers.
        target: Whose means and head.
        classes: Answers that could be given.
        seen: That were given on the fit images.
        labelled_right: Of these, whose mean the target's head labels as that class.
        fewest: Fit images of the rarest answer.
        typical: Median over the answers.
        most: Of the most frequent one.
    """

    source: str
    target: str
    classes: int
    seen: int
    labelled_right: int
    fewest: int
    typical: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BeyondRow:
    """R² of what controls leave of a target, explained by a source.

    Attributes:
        given: What is taken as known, e.g. ``answers, pixels``; answers are the source's.
        of: ``features`` of the source, or a null in their place: ``class noise`` of its answers, or
            its ``shuffled rows`` (of the first network of the study alone).
        source: Name.
        target: Name.
        r2: ``1 − SSE(source and controls) / SSE(controls)`` on the eval images; None where the
            controls leave nothing.
        ci_low: Lower end of its 95 % interval by the jackknife; None where there is none.
        ci_high: Its upper end.
        cosine: Of what the controls leave and what the source adds to them, all eval images as one
            vector; None where it adds nothing.
        measures: By name, of what the controls leave of both spaces; None where one says nothing.
    """

    given: str
    of: str
    source: str
    target: str
    r2: float | None
    ci_low: float | None
    ci_high: float | None
    cosine: float | None = None
    measures: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def column(self) -> str:
        """Of the results, e.g. ``r2_beyond_answers_pixels``."""
        return beyond_column("r2", self.given)

    @property
    def values(self) -> dict[str, float | None]:
        """R² and the measures, by column of the results."""
        named = {beyond_column(name, self.given): v for name, v in self.measures.items()}
        return {self.column: self.r2, **named}


def beyond_column(measure: str, given: str) -> str:
    """Of the results: a measure beyond what is given."""
    return f"{measure}_beyond_{'_'.join(given.split(', '))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceFindings:
    """All of it.

    Attributes:
        rows: One per control space and target.
        answers: One per ordered pair of networks.
        beyond: One per ordered pair, what is given, and what stands in the source's place.
        notes: What a reader of the numbers should know.
        left_out: Why a space could not be made, by its name.
    """

    rows: tuple[SpaceRow, ...] = ()
    answers: tuple[AnswersRow, ...] = ()
    beyond: tuple[BeyondRow, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return brief(
            self,
            rows=len(self.rows),
            answers=len(self.answers),
            beyond=len(self.beyond),
            left_out=list(self.left_out),
        )

    def columns(self, of: str = "features") -> dict[str, dict[tuple[str, str], float]]:
        """Values by column of the results, then by (source, target); NaN where nothing is left.

        Args:
            of: What stands in the source's place.
        """
        found: dict[str, dict[tuple[str, str], float]] = {}
        for row in self.beyond:
            for column, value in row.values.items() if row.of == of else ():
                pairs = found.setdefault(column, {})
                pairs[row.source, row.target] = math.nan if value is None else value
        return found
