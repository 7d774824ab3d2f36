"""Ridge regression with a strength relative to the features' variance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from samefeatures.base.errors import ConfigError, did_you_mean
from samefeatures.base.options import check_number, check_whole
from samefeatures.maps.affine import AffineMap
from samefeatures.maps.inverse import Inverse, shifted_inverse
from samefeatures.maps.method import Method
from samefeatures.maps.problem import SourceProblem
from samefeatures.maps.ridge_path import GRID, paths, shift_of
from samefeatures.maps.sizes import Sizes

AUTO: Literal["auto"] = "auto"
FOLDS = 5
"""Unless told otherwise."""
CONSTANT = "the source's features do not vary: the map is constant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ridge(Method):
    """Minimise Σ ‖M x_i + m − y_i‖² + n·alpha·v·‖M‖²: ``M = S_BA (S_AA + n·alpha·v·I)⁻¹``.

    v is the mean variance of the source's features, so that ``alpha`` means the same for every
    network and every number of images. Equals ``sklearn.linear_model.Ridge(alpha=n·alpha·v)``.

    With ``alpha="auto"`` every map has the strength of its own whose squared error on held-out
    rows is least, out of 21 from 1e-8 to 100, by cross-validation on moments of folds: the choice
    of ``RidgeCV(alphas=n·GRID·v, cv=…)`` on the same folds. No label is used. The map is that of
    this strength on all rows, and ``fit.alpha`` and ``fit.path`` of it say what was compared.

    Attributes:
        alpha: Strength relative to the mean variance, above 0, or ``auto``. 0.01 does little where
            images are plenty, and saves the fit where they are fewer than the features.
        folds: Of the cross-validation, at least 2; 5 where it is left out. Only with ``auto``.
    """

    name = "ridge"
    place = 2

    alpha: float | Literal["auto"] = 0.01
    folds: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.alpha, str) and self.alpha != AUTO:
            raise ConfigError(
                f"The option alpha of ridge is {self.alpha!r}; it must be a number above 0, or "
                f"auto. {did_you_mean(self.alpha, [AUTO])}YAML takes 1e-5 for text; write 1.0e-5."
            )
        if self.alpha != AUTO:
            hint = "For none at all use the method 'ols'. 'auto' chooses one for every map."
            alpha = check_number("The option alpha of ridge", self.alpha, hint=hint)
            object.__setattr__(self, "alpha", alpha)
            if self.folds is not None:
                raise ConfigError(
                    f"The option folds of ridge has no effect with alpha {self.alpha!r}. Leave it "
                    "out, or say alpha: auto."
                )
        elif self.folds is not None:
            folds = check_whole("The option folds of ridge", self.folds, least=2)
            object.__setattr__(self, "folds", folds)

    @property
    def options(self) -> Mapping[str, object]:
        """``alpha``, and where it is chosen the folds that choose it."""
        return {"alpha": self.alpha} | ({"folds": self.needs_folds} if self.needs_folds else {})

    @property
    def needs_folds(self) -> int:
        """Where the strength is chosen."""
        return (self.folds or FOLDS) if self.alpha == AUTO else 0

    def fit(self, problem: SourceProblem, targets: Sequence[str]) -> Iterator[AffineMap]:
        """One map per target, in order; the source is inverted once for each strength.

        Raises:
            MapError: when the strength is to be chosen and the problem has no moments of folds.
        """
        if not shift_of(problem, 1.0) > 0:  # nothing is to be chosen
            yield from problem.regressions(self.name, targets, _inverse(problem, 0.0), CONSTANT)
        elif isinstance(self.alpha, str):
            yield from self._chosen(problem, targets)
        else:
            yield from problem.regressions(self.name, targets, _inverse(problem, self.alpha), "")

    def _chosen(self, problem: SourceProblem, targets: Sequence[str]) -> Iterator[AffineMap]:
        """Each with its own strength; targets of the same one share an inverse."""
        found = paths(problem, targets, folds=self.needs_folds)
        inverses: dict[float, Inverse] = {}
        for target in targets:
            path = found[target]
            if path.alpha not in inverses:
                inverses[path.alpha] = _inverse(problem, path.alpha)
            inverse = inverses[path.alpha]
            (fitted,) = problem.regressions(self.name, [target], inverse, path.message)
            strengths = tuple(zip(GRID, path.left, strict=True))
            yield replace(fitted, fit=replace(fitted.fit, alpha=path.alpha, path=strengths))

    def inverse(self, problem: SourceProblem) -> Inverse | None:
        """Of the source alone, where the strength is given."""
        if isinstance(self.alpha, str):
            return None
        return _inverse(problem, self.alpha if shift_of(problem, 1.0) > 0 else 0.0)

    def work(self, sizes: Sizes) -> float:
        """One inverse a source, one product a pair; to choose, a decomposition a fold as well."""
        chosen = 12.0 * sum(d**3 for d in sizes.dims) + 3 * sizes.products
        return sizes.regressions + self.needs_folds * chosen

    def note(self, sizes: Sizes) -> str:  # noqa: ARG002
        """How a strength is found."""
        return f"strengths by {self.needs_folds} folds" if self.needs_folds else ""


def _inverse(problem: SourceProblem, alpha: float) -> Inverse:
    block = problem.moments.block(problem.source, problem.source)
    return shifted_inverse(block, shift_of(problem, alpha), algebra=problem.algebra)
