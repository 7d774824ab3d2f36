"""The map of least normalised loss (paper, section 4.2), without a learning rate."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

from samefeatures.base.options import check_number, check_whole
from samefeatures.features.rows import held
from samefeatures.maps.affine import AffineMap
from samefeatures.maps.checkpoint import Checkpoint
from samefeatures.maps.method import Method
from samefeatures.maps.normalised.cosine_fit import GroupFit
from samefeatures.maps.normalised.descent import MEMORY
from samefeatures.maps.normalised.rows import fit_key, rows_of, zero_vectors
from samefeatures.maps.problem import SourceProblem
from samefeatures.maps.sizes import Sizes

HOLD_BYTES = 2**28
"""Rows that take no more than this, source and targets together, are read once."""
GROUP_BYTES = 2**30
"""Of the states of the targets that share a pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosine(Method):
    """Minimise the mean of ``E = ‖x/‖x‖ − y/‖y‖‖² = 2 − 2 cos(x, y)`` over maps, x = M z + m.

    From the OLS map on, by L-BFGS with the inverse of the source's second moments in front: the
    weighted least-squares step of this loss is that inverse, but for weights that vary little. One
    streamed pass over the rows a step. The loss never rises, and no vector is divided by a cosine,
    so that negative ones do no harm. It ends when a pass lowers the loss by no more than
    ``tolerance`` (relative), and the next promises no more.

    The loss does not see how long M z is: the map is at last scaled by the one number that brings
    M z + m nearest to the targets, since a head's biases do see it. Directions in which the source
    does not vary stay out, as in OLS (minimum norm). Zero vectors have no direction: x/‖x‖ is 0
    there, E is 1 whatever the map, and the note counts them.

    Attributes:
        tolerance: Relative decrease of the loss that is not worth another pass, above 0.
        passes: Most passes over the rows; the note says when they did not suffice.
    """

    name = "cosine"
    needs_rows = True

    tolerance: float = 1e-5
    passes: int = 200

    def __post_init__(self) -> None:
        tolerance = check_number("The option tolerance of cosine", self.tolerance)
        object.__setattr__(self, "tolerance", tolerance)
        passes = check_whole("The option passes of cosine", self.passes, least=1)
        object.__setattr__(self, "passes", passes)

    def fit(self, problem: SourceProblem, targets: Sequence[str]) -> Iterator[AffineMap]:
        """One map per target, in order; targets share passes, up to 1 GB of state.

        A stopped fit loses at most a pass, or 20 seconds.

        Raises:
            MapError: when the problem has no rows, or not those of its moments, or every row of a
                target is a zero vector.
            FeatureError: when the networks saw different images.
        """
        if not targets:
            return
        rows = rows_of(problem, targets, method=self.name)
        kept = Checkpoint(problem.checkpoint, fit_key(self.name, self.options, problem))
        inside = held(rows, HOLD_BYTES)
        zeros = zero_vectors(inside, targets)
        for group in _groups(problem, targets):
            yield from GroupFit(
                problem=problem,
                rows=inside,
                targets=group,
                zeros=zeros,
                kept=kept,
                tolerance=self.tolerance,
                passes=self.passes,
            ).run()
        kept.discard()

    def work(self, sizes: Sizes) -> float:
        """Least squares, then two products a row and pass: the images, and the gradient."""
        return sizes.regressions + 2.0 * self._expected * sizes.fit_rows * sizes.pairs

    def note(self, sizes: Sizes) -> str:  # noqa: ARG002
        """How many passes that is."""
        return f"if {self._expected:.0f} passes suffice, which the data decide"

    def short(self) -> Self:
        """A few passes, none of which ends the fit."""
        return replace(self, tolerance=1e-15, passes=min(2, self.passes))

    @property
    def _expected(self) -> float:
        """Passes: 6 at 1e-3 and 18 at 1e-5, as the miniatures took them."""
        return min(self.passes, max(3.0, 6.0 - 6.0 * (math.log10(self.tolerance) + 3.0)))


def _groups(problem: SourceProblem, targets: Sequence[str]) -> Iterator[list[str]]:
    """Targets in order, as many at a time as their states may take."""
    group: list[str] = []
    room = 0
    for target in targets:
        size = 8 * problem.dims[target] * (problem.dims[problem.source] + 1) * (2 * MEMORY + 6)
        if group and room < size:
            yield group
            group = []
        if not group:
            room = GROUP_BYTES
        group.append(target)
        room -= size
    if group:
        yield group
