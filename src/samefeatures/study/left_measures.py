"""Measures of two spaces, of what controls leave of both: from moments, from norms, from rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float32, Float64
from samefeatures.base.numbers import finite_or_none
from samefeatures.features.rows import FeatureRows
from samefeatures.features.sample import SAMPLE
from samefeatures.joint.norms import distances, norm_of
from samefeatures.joint.record import Moments
from samefeatures.similarity import MEASURES
from samefeatures.similarity.left import Left
from samefeatures.study.measuring import Measuring

ROWS = 4096
Sampled = Callable[[str], Float32]
"""Given a name, the same rows of every space."""


class LeftMeasures:
    """Takes measures of what is left; rows are read only for measures that ask for them.

    Those that read norms are of the errors about their mean, as they are of rows; all others are
    about the predictions.

    Args:
        measures: Names, each of two spaces.
        left: What controls leave.
        rows: Eval rows by name: of all blocks that are taken off, and of the spaces.
        names: Of the spaces that are ever asked for.
        sampled: Gives (m, d) of the rows that measures of rows are shown, of a block or a space.
        algebra: Where products run.
    """

    def __init__(
        self,
        measures: Sequence[str],
        left: Left,
        rows: Mapping[str, FeatureRows],
        *,
        names: Sequence[str],
        sampled: Sampled,
        algebra: Algebra = HOST,
    ) -> None:
        self._measures, self._left = tuple(measures), left
        # Nothing refers to this record itself: in a circle it would outlive its use.
        norms = partial(_norms, left, rows, list(dict.fromkeys(names)))
        of_norms = [name for name in measures if MEASURES.get(name).reads == "norms"]
        others = [name for name in measures if name not in of_norms]
        shown = LeftSample(left, sampled)
        self._of_errors = Measuring(
            others, lambda: left.moments, norms=norms, sample=shown, algebra=algebra
        )
        self._about_means = Measuring(of_norms, lambda: left.centred, norms=norms, algebra=algebra)

    def between(self, source: str, target: str) -> dict[str, float | None]:
        """By name, in the order of the measures; None where one says nothing, as where nothing is
        left of a space."""
        found: dict[str, float] = {}
        ends = (source, target)
        if self._measures and all(map(self._left.anything, ends)):
            found |= self._of_errors.between(*ends)
            if all(map(self._left.varies, ends)):
                found |= self._about_means.between(*ends)
        return {name: finite_or_none(found.get(name)) for name in self._measures}


def _norms(left: Left, rows: Mapping[str, FeatureRows], names: Sequence[str]) -> Moments:
    """Moments of ‖error − mean‖² of every space: one pass over the rows."""
    means = {name: left.mean_of(name) for name in names}
    sums = Moments([norm_of(name) for name in names], [1] * len(names))
    for errors in _errors(left, rows, names):
        sums.update(*(distances(errors[name], means[name]) for name in names))
    return sums


def _errors(
    left: Left, rows: Mapping[str, FeatureRows], names: Sequence[str]
) -> Iterator[dict[str, Float64]]:
    """(r, d) of every space, some rows at a time."""
    read = list(dict.fromkeys([*left.blocks, *names]))
    for blocks in zip(*(rows[name].chunks(ROWS) for name in read), strict=True):
        yield left.rows({n: np.asarray(b, np.float64) for n, b in zip(read, blocks, strict=True)})


class LeftSample:
    """Some rows of what is left, one space at a time.

    Args:
        left: What controls leave.
        sampled: Gives these rows of a block or a space.
    """

    count = SAMPLE  # no key is made of it: controls have their own

    def __init__(self, left: Left, sampled: Sampled) -> None:
        self._left, self._sampled = left, sampled

    @cached_property
    def _blocks(self) -> dict[str, Float64]:
        """(m, d) of the blocks that are taken off."""
        return {name: self._sampled(name).astype(np.float64) for name in self._left.blocks}

    def rows(self, name: str) -> Float64:
        """(m, d) errors of a space."""
        read = self._sampled(name).astype(np.float64)
        return self._left.rows({**self._blocks, name: read})[name]
