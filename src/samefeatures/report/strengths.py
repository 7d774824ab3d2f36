"""Strengths that held-out rows chose: a record a method, and what it says."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from samefeatures.report.grid import Grid, grids
from samefeatures.study.results import FitSummary, StudyResults

HEADING = "Strengths that held-out rows chose"


@dataclass(frozen=True, slots=True)
class Strengths:
    """All maps of one method whose strength was chosen.

    Attributes:
        grid: The method.
        fits: One per map, with its path.
    """

    grid: Grid
    fits: tuple[FitSummary, ...]

    @property
    def alphas(self) -> tuple[float, ...]:
        """Those that were compared, ascending."""
        return tuple(alpha for alpha, _ in self.fits[0].path)

    @property
    def chosen(self) -> list[tuple[float, float]]:
        """Strength and R² of every map."""
        return [(fit.alpha, 1 - dict(fit.path)[fit.alpha]) for fit in self.fits if fit.alpha]

    @property
    def median(self) -> list[float]:
        """R² by strength, over the maps."""
        columns = zip(*(fit.path for fit in self.fits), strict=True)
        return [1 - statistics.median(left for _, left in column) for column in columns]

    @property
    def says(self) -> str:
        """The caption: what is drawn, and the strengths that were chosen."""
        alphas, r2 = zip(*self.chosen, strict=True)
        found = f"{min(alphas):g} to {max(alphas):g} (median {statistics.median_low(alphas):g})"
        if min(alphas) == max(alphas):
            found = f"{alphas[0]:g}"
        maps = "one map" if len(alphas) == 1 else f"{len(alphas)} maps"
        return (
            f"R² of cross-validation on the fit rows at every strength α; thin: {maps}, thick: the "
            f"median. Dots: the strengths that were chosen, {found}, with R² of "
            f"{statistics.median(r2):.3f} in the median."
        )


def strengths_of(results: StudyResults) -> list[Strengths]:
    """Per method that chose any, in the order of the study."""
    found = []
    for grid in grids(results):
        fits = tuple(fit for fit in results.fits if fit.method == grid.method and fit.path)
        if fits:
            found.append(Strengths(grid, fits))
    return found
