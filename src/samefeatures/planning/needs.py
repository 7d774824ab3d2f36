"""What a study of given dimensions takes: bytes on disk, memory, and multiply-adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ITERATIVE = ("cosine", "adam")
"""Methods whose cost does not follow from dimensions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A study in numbers.

    Attributes:
        dims: Features per network.
        fit_rows: Images that maps are fitted on.
        eval_rows: Images that hybrids are scored on.
        methods: Names.
        classes: Of every head.
    """

    dims: tuple[int, ...]
    fit_rows: int
    eval_rows: int
    methods: tuple[str, ...]
    classes: int

    @property
    def total(self) -> int:
        """D: features of all networks together."""
        return sum(self.dims)

    @property
    def hybrids(self) -> int:
        """Of one method."""
        return len(self.dims) * (len(self.dims) - 1)

    @property
    def pairs(self) -> int:
        """Σ d_A · d_B over ordered pairs."""
        return self.total**2 - sum(d * d for d in self.dims)

    def feature_bytes(self, rows: int) -> int:
        """float32, before compression."""
        return 4 * rows * self.total

    def moment_bytes(self) -> int:
        """float64, fit and eval."""
        return 2 * 8 * self.total**2

    def map_bytes(self) -> int:
        """float64, one per method and ordered pair."""
        return 8 * self.pairs * len(self.methods)

    def prediction_bytes(self) -> int:
        """int32, once to resume from and once as the result."""
        cells = len(self.dims) + len(self.methods) * self.hybrids
        return 2 * 4 * self.eval_rows * cells

    def memory_bytes(self) -> int:
        """Both moments, fit and eval, are held while maps are scored; rows come in chunks."""
        return self.moment_bytes() + 2**29

    def moment_work(self) -> float:
        """Multiply-adds in float64: D² / 2 a row."""
        return (self.fit_rows + self.eval_rows) * self.total**2 / 2

    def map_work(self) -> float:
        """Multiply-adds in float64: one inverse per source, one product per pair."""
        squares = _squares_times_others(self.dims)
        ols = 2.3 * sum(d**3 for d in self.dims) + squares
        logit = self.pairs * self.classes + sum(d * d * self.classes for d in self.dims)
        known = {"ols": ols, "ridge": ols, "logit": logit, "naive": 0.0}
        return sum(known.get(method, 0.0) for method in self.methods)

    def score_work(self) -> float:
        """Multiply-adds in float32: every head on every row of its source."""
        heads = 1 + len(self.methods) * (len(self.dims) - 1)
        return float(self.eval_rows * self.total * heads * self.classes)

    def closeness_work(self) -> float:
        """Multiply-adds in float64: R² of each map, and its folding into a head."""
        each = _squares_times_others(self.dims) + self.pairs * self.classes
        return len(self.methods) * each


def _squares_times_others(dims: Sequence[int]) -> float:
    total = sum(dims)
    return float(sum(d * d * (total - d) for d in dims))
