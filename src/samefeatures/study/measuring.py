"""The measures of a study, on the moments of its eval rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from samefeatures.algebra import HOST, Algebra
from samefeatures.joint.norms import with_norms
from samefeatures.joint.record import Moments
from samefeatures.joint.views import SecondMoments
from samefeatures.maps import AffineMap
from samefeatures.similarity import MEASURES, MapMeasure, Mapped, SpaceMeasure
from samefeatures.similarity.spectra import Spectra


class Measuring:
    """Takes every measure of a map, and those of two spaces once for all methods.

    Args:
        names: Of the measures.
        moments: Takes those of the eval rows; not called before they are needed.
        norms: Takes those of their norms, likewise.
        algebra: Where products run.

    Attributes:
        keys: By name: changes with the version of a measure that another package brings.
    """

    def __init__(
        self,
        names: Sequence[str],
        moments: Callable[[], Moments],
        *,
        norms: Callable[[], Moments],
        algebra: Algebra = HOST,
    ) -> None:
        self.keys = {name: MEASURES.key(name) for name in names}
        self._measures = {name: MEASURES.get(name)() for name in names}
        self._moments, self._norms, self._algebra = moments, norms, algebra
        self._known: dict[tuple[str, ...], float] = {}

    @property
    def of_spaces(self) -> tuple[str, ...]:
        """Names of those that judge spaces, not maps, by the moments of features alone."""
        found = {n: each for n, each in self._measures.items() if isinstance(each, SpaceMeasure)}
        return tuple(name for name, each in found.items() if not each.norms)

    @cached_property
    def _spaces(self) -> Spectra:
        """What measures share is taken once."""
        moments: SecondMoments = self._moments()
        if any(isinstance(each, SpaceMeasure) and each.norms for each in self._measures.values()):
            moments = with_norms(self._moments(), self._norms())
        return Spectra(moments, algebra=self._algebra)

    def of(self, fitted: AffineMap) -> dict[str, float]:
        """By key: of a map, and of the two spaces that it lies between."""
        mapped = Mapped.of(self._moments(), fitted, algebra=self._algebra)
        return {
            self.keys[name]: float(each.value(mapped))
            if isinstance(each, MapMeasure)
            else self._of_spaces(each, (fitted.source, fitted.target))
            for name, each in self._measures.items()
        }

    def between(self, source: str, target: str) -> dict[str, float]:
        """By name: those that judge spaces, of two of them; what they share is taken once."""
        ends = (source, target)
        return {
            name: self._of_spaces(each, ends)
            for name, each in self._measures.items()
            if isinstance(each, SpaceMeasure)
        }

    def _of_spaces(self, measure: SpaceMeasure, ends: tuple[str, str]) -> float:
        if measure.symmetric:
            ends = min(ends), max(ends)
        place = (measure.name, *ends)
        if place not in self._known:
            found = measure.value(self._spaces, *ends, algebra=self._algebra)
            self._known[place] = float(found)
        return self._known[place]


def of_the_same(names: Sequence[str]) -> dict[str, float]:
    """What a network has against itself, by name."""
    return {name: MEASURES.get(name).same for name in names}
