"""The measures of a study, on the moments of its eval rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from samefeatures.algebra import HOST, Algebra
from samefeatures.features.sample import SAMPLE
from samefeatures.joint.norms import with_norms
from samefeatures.joint.record import Moments
from samefeatures.joint.views import SecondMoments
from samefeatures.maps import AffineMap
from samefeatures.similarity import MEASURES, MapMeasure, Mapped, Measure, RowMeasure, SpaceMeasure
from samefeatures.similarity.spectra import Spectra


class Sample(Protocol):
    """At most ``count`` rows of every space, the same images of all."""

    @property
    def count(self) -> int: ...

    def rows(self, name: str) -> npt.NDArray[np.floating[Any]]:
        """(m, d) of one space."""
        ...


class Measuring:
    """Takes every measure of a map, and those of two spaces once for all methods.

    Args:
        names: Of the measures.
        moments: Takes those of the eval rows; not called before they are needed.
        norms: Takes those of their norms, likewise.
        sample: Some of the eval rows, for measures that read rows.
        algebra: Where products run.

    Attributes:
        keys: By name: changes with the version of a measure that another package brings.
    """

    def __init__(
        self,
        names: Sequence[str],
        moments: Callable[[], SecondMoments],
        *,
        norms: Callable[[], Moments],
        sample: Sample | None = None,
        algebra: Algebra = HOST,
    ) -> None:
        self._moments, self._norms, self._sample = moments, norms, sample
        self._algebra = algebra
        self._measures = {name: MEASURES.get(name)() for name in names}
        self.keys = {name: self._key(each) for name, each in self._measures.items()}
        self._known: dict[tuple[str, ...], float] = {}
        self._seen: dict[tuple[str, str], Any] = {}

    @property
    def of_spaces(self) -> tuple[str, ...]:
        """Names of those that judge spaces, not maps."""
        return tuple(name for name, each in self._measures.items() if each.judges == "spaces")

    @cached_property
    def _spaces(self) -> Spectra:
        """What measures share is taken once."""
        moments = self._moments()
        if any(each.reads == "norms" for each in self._measures.values()):
            moments = with_norms(moments, self._norms())
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
            if not isinstance(each, MapMeasure)
        }

    def with_itself(self, name: str, others: Sequence[Mapping[str, float]]) -> dict[str, float]:
        """By name: what a network has against itself. It is known, but where a measure of spaces
        says nothing of the network and any other: then it is taken, and NaN where there is nothing
        to say either, as of features that do not vary.

        Args:
            name: Of the network.
            others: Of every other with it, by name.
        """
        found = of_the_same(list(self._measures))
        for m, each in self._measures.items():
            silent = bool(others) and all(math.isnan(other[m]) for other in others)
            if not isinstance(each, MapMeasure) and silent:
                own = self._of_spaces(each, (name, name))
                found[m] = math.nan if math.isnan(own) else found[m]
        return found

    def _key(self, measure: Measure) -> str:
        key, sample = MEASURES.key(measure.name), self._sample
        if measure.reads != "rows" or sample is None or sample.count == SAMPLE:
            return key
        return f"{key} of {sample.count} rows"

    def _of_rows(self, measure: RowMeasure, space: str) -> Any:
        """What the measure takes of one space, taken once."""
        place = (measure.name, space)
        if place not in self._seen:
            assert self._sample is not None  # whoever names such a measure gives one
            rows = self._sample.rows(space)
            self._seen[place] = measure.of_rows(rows, algebra=self._algebra)
        return self._seen[place]

    def _of_spaces(self, measure: SpaceMeasure | RowMeasure, ends: tuple[str, str]) -> float:
        if measure.symmetric:
            ends = min(ends), max(ends)
        place = (measure.name, *ends)
        if place not in self._known:
            if isinstance(measure, RowMeasure):
                found = measure.value(*(self._of_rows(measure, end) for end in ends))
            else:
                found = measure.value(self._spaces, *ends, algebra=self._algebra)
            self._known[place] = float(found)
        return self._known[place]


def of_the_same(names: Sequence[str]) -> dict[str, float]:
    """What a network has against itself, by name."""
    return {name: MEASURES.get(name).same for name in names}
