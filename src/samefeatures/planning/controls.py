"""What control spaces cost: columns, multiply-adds and bytes, from sizes alone."""

from __future__ import annotations

from dataclasses import dataclass

from samefeatures.similarity.sketch import COLUMNS
from samefeatures.study.controls_config import PIXELS, ControlsConfig

GRID_COLUMNS = 3 * 16 * 16
"""Of the pixels of colour images, where the study does not choose another grid."""
STEPS = 8
"""Strengths of the controls that a search tries, about."""
SEEN = 3
"""Strengths of the pixels that all searches of a study try, about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlWork:
    """Control spaces of a study in numbers.

    Attributes:
        chosen: Which.
        dims: Features of each network.
        classes: Of every head.
        seen: Networks that see images.
    """

    chosen: ControlsConfig
    dims: tuple[int, ...]
    classes: int
    seen: int

    @property
    def pixels(self) -> int:
        """Columns of the pixels; 0 where there are none."""
        side = self.chosen.pixels
        if side is False or self.seen < len(self.dims):
            return 0
        return GRID_COLUMNS if side is True else 3 * side**2

    @property
    def moments(self) -> float:
        """Multiply-adds a row, beside those of the networks; one-hot columns are sums."""
        total = sum(self.dims)
        dense = self.chosen.class_noise + self.pixels
        work = float(dense * (total + dense) + self.dims[0] * (total + dense))
        work += 2.0 * self.chosen.seeds * total * total * self.seen / len(self.dims)
        soft = self.chosen.answers == "soft"
        return work + len(self.dims) * total * (self.classes if soft else 1)

    @property
    def moment_bytes(self) -> int:
        """float64 of the fit side: networks once more for each fold but one, and the blocks."""
        total, count = sum(self.dims), len(self.dims)
        answers = count * self.classes * total
        dense = (self.chosen.class_noise + self.pixels + self.dims[0]) * total
        random = self.chosen.seeds * total**2
        folds = self.chosen.folds
        return 8 * ((folds - 1) * total**2 + folds * (answers + dense + random))

    def beyond(self, rows: int) -> float:
        """Multiply-adds of all that is measured beyond what is given.

        Args:
            rows: Of the eval set.
        """
        folds, total, k = self.chosen.folds, sum(self.dims), self.classes
        sketch = sum(min(dim, COLUMNS) for dim in self.dims)
        work = 0.0
        for given in self.chosen.given:
            pixels = self.pixels if PIXELS in given else 0
            for dim in self.dims:
                spaces = dim + self.chosen.class_noise
                search = 10.0 * (dim**3 + k**3) + 4.0 * (dim**2 + k**2) * (sketch + spaces)
                shared = 3.0 * pixels * (k + spaces) * (k + spaces + sketch)
                work += folds * (STEPS * search + SEEN * shared)
                work += 3.0 * (pixels + k + spaces) * (k + spaces + total) * (k + spaces)
                work += float(rows) * (pixels + 3 * (k + spaces)) * total
        return work
