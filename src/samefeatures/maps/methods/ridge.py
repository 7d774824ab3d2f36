"""Ridge regression with a strength relative to the features' variance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from samefeatures.base.options import check_number
from samefeatures.maps.affine import AffineMap
from samefeatures.maps.inverse import shifted_inverse
from samefeatures.maps.method import Method
from samefeatures.maps.problem import SourceProblem
from samefeatures.maps.sizes import Sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class Ridge(Method):
    """Minimise Σ ‖M x_i + m − y_i‖² + n·alpha·v·‖M‖²: ``M = S_BA (S_AA + n·alpha·v·I)⁻¹``.

    v is the mean variance of the source's features, so that ``alpha`` means the same for every
    network and every number of images. Equals ``sklearn.linear_model.Ridge(alpha=n·alpha·v)``.

    Attributes:
        alpha: Strength relative to the mean variance, above 0. 0.01 does little where images are
            plenty, and saves the fit where they are fewer than the features.
    """

    name = "ridge"
    place = 2

    alpha: float = 0.01

    def __post_init__(self) -> None:
        hint = "For none at all use the method 'ols'."
        check_number("The option alpha of ridge", self.alpha, hint=hint)

    def fit(self, problem: SourceProblem, targets: Sequence[str]) -> Iterator[AffineMap]:
        """One map per target, in order; the source is inverted once."""
        moments, source = problem.moments, problem.source
        shift = self.alpha * moments.sum_of_squares(source) / problem.dims[source]
        inverse = shifted_inverse(moments.block(source, source), shift, algebra=problem.algebra)
        message = "" if shift > 0 else "the source's features do not vary: the map is constant"
        yield from problem.regressions(self.name, targets, inverse, message)

    def work(self, sizes: Sizes) -> float:
        """One inverse a source, one product a pair."""
        return sizes.regressions
