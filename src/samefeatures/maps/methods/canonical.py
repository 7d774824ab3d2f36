"""Through one space that all networks share: an encoder and a decoder each, not a map a pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from samefeatures.base.options import check_number, check_whole
from samefeatures.maps.affine import AffineMap
from samefeatures.maps.method import Method
from samefeatures.maps.problem import SourceProblem
from samefeatures.maps.sizes import Sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class Canonical(Method):
    """A → k → B: A's features are encoded into the canonical space, and decoded as B's.

    The space is made of all networks of the moments at once (generalised canonical correlations,
    MAXVAR) and its k directions are those that networks share most, see
    ``maps/canonical/solve.py``. With k as large as the rank the maps are those of ``ridge`` with
    the same alpha, and of ``ols`` with alpha 0.

    Attributes:
        k: Directions; None takes all that networks share by more than Gaussian noise would seem to,
            see ``maps/canonical/chance.py``.
        alpha: Of the ridge, as in ``Ridge``, from 0.
    """

    name = "canonical"

    k: int | None = None
    alpha: float = 0.01

    def __post_init__(self) -> None:
        if self.k is not None:
            object.__setattr__(self, "k", check_whole("The option k of canonical", self.k, least=1))
        alpha = check_number("The option alpha of canonical", self.alpha, zero=True)
        object.__setattr__(self, "alpha", alpha)

    @property
    def options(self) -> Mapping[str, object]:
        """``alpha``, and ``k`` where it is given."""
        return ({} if self.k is None else {"k": self.k}) | {"alpha": self.alpha}

    def fit(self, problem: SourceProblem, targets: Sequence[str]) -> Iterator[AffineMap]:
        """One map per target, in order; the space is made once for all sources.

        Raises:
            MapError: when the features do not span k directions.
        """
        if not targets:
            return
        space = problem.canonical.of(self.k, self.alpha)
        for target in targets:
            yield space.map(problem.source, target, algebra=problem.algebra)

    def work(self, sizes: Sizes) -> float:
        """White spaces, the matrix, and Lanczos steps; a product a pair."""
        k = sizes.total / len(sizes.dims) if self.k is None else self.k
        white = sum(10.0 * d**3 + d * d * sizes.total for d in sizes.dims)
        return white + 6.0 * k * sizes.total**2 + k * sizes.pairs
