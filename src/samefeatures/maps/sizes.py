"""Feature spaces in numbers: what the cost of maps and measures follows from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Several feature spaces, of which every ordered pair has a map.

    Attributes:
        dims: Features of each.
        fit_rows: Rows that maps are fitted on.
        classes: Of every head.
        sample: Rows that measures of rows are shown.
    """

    dims: tuple[int, ...]
    fit_rows: int
    classes: int
    sample: int = 0

    @property
    def total(self) -> int:
        """D: features of all of them together."""
        return sum(self.dims)

    @property
    def hybrids(self) -> int:
        """Ordered pairs."""
        return len(self.dims) * (len(self.dims) - 1)

    @property
    def pairs(self) -> int:
        """Σ d_A · d_B over ordered pairs."""
        return self.total**2 - sum(d * d for d in self.dims)

    @property
    def products(self) -> float:
        """Σ d_A² · d_B over ordered pairs: a (d_B, d_A) matrix times a (d_A, d_A) one for each."""
        return float(sum(d * d * (self.total - d) for d in self.dims))

    @property
    def regressions(self) -> float:
        """Multiply-adds of a least-squares map for each: an inverse a source, a product a pair."""
        return 2.3 * sum(d**3 for d in self.dims) + self.products
