"""What control spaces are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from samefeatures.algebra import Algebra
from samefeatures.base.arrays import Int64
from samefeatures.base.progress import Progress
from samefeatures.features.rows import FeatureRows
from samefeatures.networks.record import ImageNetwork, Network
from samefeatures.scores.heads import Score

SEED = 0
"""Of permutations, random weights, noise and folds."""
Rows = Mapping[str, FeatureRows]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SpaceInputs:
    """What control spaces are made of.

    Attributes:
        networks: Of the study, in order.
        fit: Fit rows of each.
        evaluation: Eval rows of each.
        labels: (m,) of the eval rows.
        own: Scores of the networks with their own heads on the eval rows.
        folder: For moments.
        extract: Fit rows and eval rows of more networks, each side by name.
        algebra: Where factorisations and products run.
        progress: Shows how far it is.
    """

    networks: Mapping[str, Network]
    fit: Rows
    evaluation: Rows
    labels: Int64
    own: Mapping[str, Score]
    folder: Path
    extract: Callable[[Sequence[ImageNetwork]], tuple[Rows, Rows]]
    algebra: Algebra
    progress: Progress
