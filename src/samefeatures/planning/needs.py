"""What a study of given dimensions takes: bytes on disk, memory, and multiply-adds."""

from __future__ import annotations

from dataclasses import dataclass

from samefeatures.maps import METHODS, Sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class Size(Sizes):
    """A study in numbers.

    Attributes:
        eval_rows: Images that hybrids are scored on.
        methods: Names.
    """

    eval_rows: int
    methods: tuple[str, ...]

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
        """Multiply-adds of all maps, every method with its own options."""
        return sum(METHODS.get(name)().work(self) for name in self.methods)

    def score_work(self) -> float:
        """Multiply-adds in float32: every head on every row of its source."""
        heads = 1 + len(self.methods) * (len(self.dims) - 1)
        return float(self.eval_rows * self.total * heads * self.classes)

    def closeness_work(self) -> float:
        """Multiply-adds in float64: R² of each map, and its folding into a head."""
        each = self.products + self.pairs * self.classes
        return len(self.methods) * each
