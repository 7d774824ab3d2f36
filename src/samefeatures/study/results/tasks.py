"""Questions that no network was trained on: what probes and the study's maps came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from samefeatures.base.brief import brief
from samefeatures.study.results.cell import Cell

ANSWERS_ALONE = "answers alone"
"""In place of a method where nothing but a source's predicted class is mapped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProbe:
    """How the probe of one network was fitted.

    Attributes:
        network: Whose features.
        strength: Of the L2 penalty, chosen by cross-validation.
        steps: Of its own fit.
        message: One sentence where it did not converge; else empty.
    """

    network: str
    strength: float
    steps: int
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAnswers:
    """A source's answers alone in place of its features, through a target's probe.

    Attributes:
        source: Whose predicted class.
        target: Whose probe.
        n: Images scored.
        correct: Right predictions.
        top1: Percent.
        ci_low: Lower end of its 95 % Wilson interval.
        ci_high: Its upper end.
    """

    source: str
    target: str
    n: int
    correct: int
    top1: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResults:
    """One task.

    Attributes:
        name: As in the study.
        rule: Whether labels are made of the study's own eval images.
        classes: Of the probes.
        fit_rows: That probes were fitted on.
        n: Images scored.
        chance: Percent of the scored images in their largest class.
        cells: N x N per method that uses images; on the diagonal each network with its probe.
        answers: One per ordered pair of networks.
        probes: One per network.
        notes: What a reader of the numbers should know.
    """

    name: str
    rule: bool
    classes: int
    fit_rows: int
    n: int
    chance: float
    cells: tuple[Cell, ...]
    answers: tuple[TaskAnswers, ...]
    probes: tuple[TaskProbe, ...]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return brief(
            self,
            name=self.name,
            classes=self.classes,
            fit_rows=self.fit_rows,
            n=self.n,
            chance=self.chance,
            cells=len(self.cells),
        )

    @property
    def warnings(self) -> list[str]:
        """Of images that are the study's own eval set, and probes that do not converge."""
        said = [f"{self.name}: {p.network}: {p.message}." for p in self.probes if p.message]
        return [*(() if self.rule else self.notes), *said]

    @property
    def table(self) -> list[dict[str, Any]]:
        """Rows of ``tasks.csv``: cells, then answers alone with what is theirs."""
        cells = [
            {"task": self.name, **cell.row, "chance": self.chance, "classes": self.classes}
            for cell in self.cells
        ]
        return cells + [self._alone(row, cells[0]) for row in self.answers]

    def _alone(self, row: TaskAnswers, columns: Mapping[str, Any]) -> dict[str, Any]:
        known = {
            "task": self.name,
            "method": ANSWERS_ALONE,
            "chance": self.chance,
            "classes": self.classes,
        }
        return {
            name: known[name] if name in known else getattr(row, name, None) for name in columns
        }
