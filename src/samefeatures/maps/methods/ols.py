"""Ordinary least squares: the map of the thesis (section 5.2, equation 5.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from samefeatures.maps.affine import AffineMap
from samefeatures.maps.deficiency import deficiency
from samefeatures.maps.inverse import Inverse
from samefeatures.maps.method import Method
from samefeatures.maps.problem import SourceProblem
from samefeatures.maps.sizes import Sizes


@dataclass(frozen=True, slots=True)
class OLS(Method):
    """Minimise Σ ‖M x_i + m − y_i‖² over M and m: ``M = S_BA S_AA⁺``, m from the means.

    Equals ``sklearn.linear_model.LinearRegression`` on the rows. Where S_AA is deficient (fewer
    images than features, dead or repeated features) the solution of minimum norm is taken, and the
    fit says so: such a map fits the images that it saw, and may do badly on others. Then prefer
    ``Ridge``.
    """

    name = "ols"
    place = 1

    def fit(self, problem: SourceProblem, targets: Sequence[str]) -> Iterator[AffineMap]:
        """One map per target, in order; the source is factorised once."""
        yield from problem.regressions(self.name, targets, problem.inverse, deficiency(problem))

    def inverse(self, problem: SourceProblem) -> Inverse:
        """S_AA⁺."""
        return problem.inverse

    def work(self, sizes: Sizes) -> float:
        """One inverse a source, one product a pair."""
        return sizes.regressions

    def note(self, sizes: Sizes) -> str:
        """Where eigenvalues will be taken."""
        if all(sizes.fit_rows > dim for dim in sizes.dims):
            return ""
        return "fewer rows than features take eigenvalues, up to five times as long"
