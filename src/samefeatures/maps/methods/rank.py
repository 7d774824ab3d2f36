"""Reduced-rank regression: the best map that lets no more than r numbers through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from samefeatures.base.errors import MapError
from samefeatures.base.options import check_whole
from samefeatures.maps.affine import AffineMap
from samefeatures.maps.deficiency import reason
from samefeatures.maps.method import Method
from samefeatures.maps.note import FitNote
from samefeatures.maps.problem import SourceProblem
from samefeatures.maps.reduced import reduced
from samefeatures.maps.sizes import Sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rank(Method):
    """Minimise Σ ‖M x_i + m − y_i‖² over all M of rank r: ``M = U_r U_rᵀ S_BA S_AA⁺``.

    U_r holds the top r eigenvectors of the covariance of the fitted targets, S_BA S_AA⁺ S_AB: OLS,
    then the principal components of what it predicts (Izenman 1975; Reinsel and Velu 1998, with the
    identity as weights). At full rank it is ``OLS``. Where S_AA is deficient the OLS map of minimum
    norm is reduced.

    Attributes:
        rank: r, at least 1; at most the features of either space, and the rank of S_AA.
    """

    name = "rank"

    rank: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "rank", check_whole("The option rank of rank", self.rank, least=1))

    def check(self, dims: Mapping[str, int]) -> None:
        """Refuse a rank above the features of a space.

        Raises:
            MapError: naming the narrowest.
        """
        name, dim = min(dims.items(), key=lambda item: item[1])
        if self.rank > dim:
            raise MapError(
                f"Maps of rank {self.rank} were asked for, but {name} has {dim} "
                f"feature{'s' * (dim != 1)}. Take a rank of at most {dim}, or leave it out."
            )

    def fit(self, problem: SourceProblem, targets: Sequence[str]) -> Iterator[AffineMap]:
        """One map per target, in order; the source is factorised once.

        Raises:
            MapError: when the rank is above the features of a space, or the rank of the source's.
        """
        if not targets:
            return
        self.check({name: problem.dims[name] for name in (problem.source, *targets)})
        spanned = problem.inverse.rank
        if self.rank > spanned:
            raise MapError(
                f"Maps of rank {self.rank} were asked for, but the fit features of "
                f"{problem.source} have rank {spanned} of {problem.inverse.dim} "
                f"({reason(problem)}). Take a lower rank, or more images."
            )
        for target in targets:
            found = reduced(problem, target)
            directions, loadings = found.directions[:, : self.rank], found.loadings[: self.rank]
            weight = problem.algebra.product(directions, loadings)  # (d_B, d_A)
            bias = problem.centred_bias(target, weight)
            yield problem.affine(self.name, target, weight, bias, self._note(problem, found.rank))

    def _note(self, problem: SourceProblem, known: int) -> FitNote:
        """Of a target whose prediction varies in so many directions."""
        inverse, message = problem.inverse, ""
        if inverse.rank < inverse.dim:
            message = f"reduced from rank {inverse.rank} of {inverse.dim} ({reason(problem)})"
        if known < self.rank:
            message = f"what OLS predicts varies in {known} directions alone"
        return FitNote(
            rank=min(self.rank, known),
            full_rank=self.rank,
            condition=inverse.condition,
            message=message,
        )

    def work(self, sizes: Sizes) -> float:
        """As ``OLS``; then a product, eigenvectors and the reduction, a pair."""
        others = len(sizes.dims) - 1
        return (
            sizes.regressions + 2.0 * sizes.products + 10.0 * others * sum(d**3 for d in sizes.dims)
        )
