"""No map at all (thesis, section 5.6): the control that fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.maps.affine import AffineMap
from samefeatures.maps.method import Method
from samefeatures.maps.note import FitNote
from samefeatures.maps.problem import SourceProblem
from samefeatures.maps.sizes import Sizes


@dataclass(frozen=True, slots=True)
class Naive(Method):
    """Feature k of the source goes to feature k of the target: cut off, or filled with zeros."""

    name = "naive"
    place = 4
    uses = "nothing"

    def fit(self, problem: SourceProblem, targets: Sequence[str]) -> Iterator[AffineMap]:
        """One map per target, in order."""
        d_source = problem.dims[problem.source]
        for target in targets:
            d_target = problem.dims[target]
            weight, bias = np.eye(d_target, d_source), np.zeros(d_target)
            yield problem.affine(self.name, target, weight, bias, FitNote())

    def work(self, sizes: Sizes) -> float:  # noqa: ARG002
        """None: ones and zeros."""
        return 0.0
