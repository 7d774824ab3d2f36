"""Rows under the table of accuracies: what heads make of the answers alone, and of pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from samefeatures.report.findings import change, spaces_of
from samefeatures.study.results import StudyResults
from samefeatures.study.results.spaces import SpaceRow

HEADING = "In the features' place, by OLS"
KINDS = {"answers": "its answers alone", "pixels": "pixels"}
"""Kinds of control spaces that stand under the table, as its rows call them."""
SAYS = {
    KINDS["answers"]: "the source's answers alone (its predicted class and nothing else)",
    KINDS["pixels"]: "the pixels of the image",
}
"""What these rows are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceCell:
    """A control space into one network's head.

    Attributes:
        row: What it came to.
        change: Percent against the own accuracy of the network that it is made of; else NaN.
    """

    row: SpaceRow
    change: float

    @property
    def penalty(self) -> float:
        """What it is shaded by, as a hybrid is."""
        return -self.change


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceLine:
    """A control space into every network's head.

    Attributes:
        of: Whose answers; None for pixels.
        what: Of ``KINDS``.
        cells: By target; None where there is none, as of its own head.
    """

    of: str | None
    what: str
    cells: tuple[SpaceCell | None, ...]

    @property
    def label(self) -> str:
        return f"{self.of}: {self.what}" if self.of else self.what


def about(lines: tuple[SpaceLine, ...]) -> str:
    """What stands under the table, of what is there; nothing where nothing is."""
    there = {line.what for line in lines}
    said = ", and ".join(text for what, text in SAYS.items() if what in there)
    place = "Under the table, in the features' place, mapped by OLS as they are: "
    return f"{place}{said}." if said else ""


def beneath(results: StudyResults) -> tuple[SpaceLine, ...]:
    """The answers of every network in the order of the study, then pixels."""
    names = [network.name for network in results.networks]
    found: dict[tuple[str, str | None], dict[str, SpaceCell]] = {}
    for row in spaces_of(results).rows:
        value = change(row, results)
        cell = SpaceCell(row=row, change=math.nan if value is None else value)
        found.setdefault((row.kind, row.of), {})[row.target] = cell
    return tuple(
        SpaceLine(of=of, what=what, cells=tuple(found[kind, of].get(name) for name in names))
        for kind, what in KINDS.items()
        for of in (*names, None)
        if (kind, of) in found
    )
