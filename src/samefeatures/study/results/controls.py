"""What the controls came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from samefeatures.base.brief import brief
from samefeatures.study.results.spaces import SpaceFindings


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlRow:
    """One hybrid of a control.

    Attributes:
        control: ``ols`` (the real maps, to compare with), ``naive``, ``shuffled pairs``,
            ``onto logits``, ``fit set``, or ``fit set, seen`` and ``fit set, unseen``: maps of four
            fifths of the fit rows, on these and on the others. Results of earlier versions have
            ``random weights`` here too.
        source: Whose features.
        target: Whose head.
        n: Rows scored: eval images, or fit rows.
        correct: Right predictions; None where the rows have no labels.
        top1: Percent; None where the rows have no labels.
        ci_low: Lower end of its 95 % Wilson interval.
        ci_high: Its upper end.
        agreement: Percent of rows where hybrid and target network predict the same class.
    """

    control: str
    source: str
    target: str
    n: int
    correct: int | None
    top1: float | None
    ci_low: float | None
    ci_high: float | None
    agreement: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """Controls of the maps out of one source, by least squares.

    Attributes:
        source: The first network of the study.
        seed: Of the permutation.
        rows: One per control and target.
        logit_predictions_differing: Predictions over all targets in which OLS onto the target's
            logits and OLS onto its features followed by its head are not the same.
        logit_difference: Largest difference of their logits, relative to the largest logit.
        left_out: Why a control could not be taken, by its name.
        spaces: Control spaces in every source's place, and what is shared beyond them.
    """

    source: str
    seed: int
    rows: tuple[ControlRow, ...]
    logit_predictions_differing: int
    logit_difference: float
    left_out: Mapping[str, str]
    spaces: SpaceFindings = field(default_factory=SpaceFindings)

    def __repr__(self) -> str:
        return brief(
            self,
            source=self.source,
            rows=len(self.rows),
            spaces=len(self.spaces.rows),
            beyond=len(self.spaces.beyond),
            left_out=list(self.left_out),
        )
