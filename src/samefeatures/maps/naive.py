"""No map at all (thesis, section 5.6): the control that fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.maps.affine import AffineMap, FitNote
from samefeatures.maps.problem import SourceProblem


@dataclass(frozen=True, slots=True)
class Naive:
    """Feature k of the source goes to feature k of the target: cut off, or filled with zeros."""

    @property
    def name(self) -> str:
        return "naive"

    @property
    def options(self) -> Mapping[str, object]:
        return {}

    def fit(self, problem: SourceProblem, targets: Sequence[str]) -> Iterator[AffineMap]:
        """One map per target, in order."""
        d_source = problem.networks[problem.source].head.dim
        for target in targets:
            d_target = problem.networks[target].head.dim
            weight, bias = np.eye(d_target, d_source), np.zeros(d_target)
            yield problem.affine(self.name, target, weight, bias, FitNote())
