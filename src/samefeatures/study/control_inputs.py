"""What controls and control spaces are taken of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from samefeatures.algebra import Algebra, Precision
from samefeatures.base.arrays import Int64
from samefeatures.base.progress import Progress
from samefeatures.features.rows import FeatureRows
from samefeatures.features.sample import SAMPLE
from samefeatures.networks.record import ImageNetwork, Network
from samefeatures.study.controls_config import ControlsConfig

SEED = 0
"""Of permutations, random weights, noise and folds."""
Rows = Mapping[str, FeatureRows]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ControlInputs:
    """A study, as far as controls need it.

    Attributes:
        networks: Of the study, in order.
        fit: Fit rows of each.
        evaluation: Eval rows of each.
        labels: (m,) of the eval rows.
        fit_labels: Finds (n,) of the fit rows, or why they are not known.
        extract: Fit rows and eval rows of more networks, each side by name.
        folder: Of the study: for moments and scratch files.
        chosen: Which spaces.
        measures: Names of measures of two spaces, taken beyond what is given too.
        sample: Eval rows that measures of rows are shown, at most.
        precision: Of the products between networks.
        algebra: Where factorisations and products run.
        progress: Shows how far it is.
    """

    networks: Mapping[str, Network]
    fit: Rows
    evaluation: Rows
    labels: Int64
    fit_labels: Callable[[], Int64 | str]
    extract: Callable[[Sequence[ImageNetwork]], tuple[Rows, Rows]]
    folder: Path
    chosen: ControlsConfig
    measures: tuple[str, ...] = ()
    sample: int = SAMPLE
    precision: Precision
    algebra: Algebra
    progress: Progress

    @property
    def source(self) -> str:
        """The first network of the study."""
        return next(iter(self.networks))

    @property
    def targets(self) -> list[str]:
        """All other networks."""
        return [name for name in self.networks if name != self.source]

    @property
    def counts(self) -> tuple[int, int]:
        """Fit rows and eval rows."""
        return len(self.fit[self.source]), len(self.evaluation[self.source])
