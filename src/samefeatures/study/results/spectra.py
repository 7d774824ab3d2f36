"""How many dimensions every space fills, and every map lets through."""

from __future__ import annotations

import statistics
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceSpectrum:
    """Variances along the principal directions of one network's features, on the fit rows.

    Attributes:
        network: Name.
        dim: Features.
        rank: Directions that vary.
        effective_dimension: Participation ratio; None where the space does not vary.
        half: First directions that hold half of the variance.
        ninety: That hold 90 %.
        ninety_nine: That hold 99 %.
        at: Numbers of directions, from 1, of which the shares are kept.
        shares: Of the variance, along each of these.
    """

    network: str
    dim: int
    rank: int
    effective_dimension: float | None
    half: int
    ninety: int
    ninety_nine: int
    at: tuple[int, ...] = ()
    shares: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MapSpectrum:
    """What one map lets through, on the fit rows.

    Attributes:
        method: Label.
        source: Name.
        target: Name.
        effective_dimension: Participation ratio of the variances of the mapped features; None
            where they do not vary.
        effective_rank: Participation ratio of the squared singular values of the matrix itself;
            None where it is zero.
    """

    method: str
    source: str
    target: str
    effective_dimension: float | None
    effective_rank: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpectraSummary:
    """Of all networks, and of all maps of all methods."""

    spaces: tuple[SpaceSpectrum, ...]
    maps: tuple[MapSpectrum, ...] = ()

    def median(self, method: str) -> float | None:
        """Effective dimension of what maps of a method let through; None where none is known."""
        found = [row.effective_dimension for row in self.maps if row.method == method]
        known = [each for each in found if each is not None]
        return statistics.median(known) if known else None
