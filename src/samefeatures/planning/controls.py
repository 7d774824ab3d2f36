"""What control spaces cost: columns, multiply-adds and bytes, from sizes alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations

from samefeatures.maps.sizes import Sizes
from samefeatures.similarity import Measure
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
    def _dense(self) -> int:
        """Columns of class noise and pixels."""
        return self.chosen.class_noise + self.pixels

    @property
    def _sketch(self) -> int:
        """Columns of the mixtures of all targets."""
        return sum(min(dim, COLUMNS) for dim in self.dims)

    @property
    def moments(self) -> float:
        """Multiply-adds a row, beside those of the networks; one-hot columns are sums."""
        total, dense = sum(self.dims), self._dense
        work = float((dense + self.dims[0]) * (total + dense))
        work += 2.0 * self.chosen.seeds * total * total * self.seen / len(self.dims)
        work += sum(dim**2 for dim in self.dims) + total * self._sketch  # of the folds
        soft = self.chosen.answers == "soft"
        return work + len(self.dims) * total * (self.classes if soft else 1)

    @property
    def _whole(self) -> int:
        """Numbers in the blocks of all rows of one side, those between networks left out."""
        total = sum(self.dims)
        columns = len(self.dims) * self.classes + self._dense + self.dims[0]
        return (columns + self.chosen.seeds * total) * total

    @property
    def moment_bytes(self) -> int:
        """float64 of the fit side: blocks of all rows, and of each fold."""
        total, count, answers = sum(self.dims), len(self.dims), self.classes
        fold = count * answers * (self._sketch + self._dense) + answers * total
        fold += sum(dim**2 for dim in self.dims) + total * (self._sketch + self._dense)
        return 8 * (self._whole + self.chosen.folds * fold)

    @property
    def memory(self) -> int:
        """Bytes while controls are taken: moments of both sides with those of the networks, and
        what one source is computed with, as seen of ten networks of 8,576 features: some squares
        of all features, some sheets of its blocks with each other and with all features."""
        total = sum(self.dims)
        blocks = self.classes + self._dense + max(self.dims)
        working = 7 * total**2 + 4 * blocks * (blocks + total)
        return self.moment_bytes + 8 * (self._whole + 2 * total**2 + working)

    def beyond(self, rows: int) -> float:
        """Multiply-adds of all that is measured beyond what is given.

        Args:
            rows: Of the eval set.
        """
        folds, total, k = self.chosen.folds, sum(self.dims), self.classes
        sketch, work = self._sketch, 0.0
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

    def measured(self, measure: Measure, sizes: Sizes) -> float:
        """Multiply-adds of a measure of two spaces, taken beyond all that is given.

        Every source has answers of its own, so that spaces are looked at anew for each.

        Args:
            measure: Which.
            sizes: Of the study.
        """
        pairs = (replace(sizes, dims=pair) for pair in permutations(self.dims, 2))
        # Half: what a pair takes of its target alone is taken of a source once, not for each pair.
        return len(self.chosen.given) * sum(measure.work(pair) for pair in pairs) / 2

    def read(self, rows: int) -> float:
        """Multiply-adds of taking what is given off so many rows of all networks.

        Args:
            rows: Read for each source.
        """
        widths = (self.classes + (self.pixels if PIXELS in g else 0) for g in self.chosen.given)
        return float(len(self.dims) * rows * sum(self.dims) * sum(widths))
