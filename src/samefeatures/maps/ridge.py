"""Ridge regression with a strength relative to the features' variance."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from samefeatures.base.errors import ConfigError
from samefeatures.maps.affine import AffineMap, FitNote
from samefeatures.maps.inverse import shifted_inverse
from samefeatures.maps.problem import SourceProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class Ridge:
    """Minimise Σ ‖M x_i + m − y_i‖² + n·alpha·v·‖M‖²: ``M = S_BA (S_AA + n·alpha·v·I)⁻¹``.

    v is the mean variance of the source's features, so that ``alpha`` means the same for every
    network and every number of images. Equals ``sklearn.linear_model.Ridge(alpha=n·alpha·v)``.

    Attributes:
        alpha: Strength relative to the mean variance, above 0. 0.01 does little where images are
            plenty, and saves the fit where they are fewer than the features.
    """

    alpha: float = 0.01

    def __post_init__(self) -> None:
        number = isinstance(self.alpha, int | float) and not isinstance(self.alpha, bool)
        if not number or not math.isfinite(self.alpha) or self.alpha <= 0:
            raise ConfigError(
                f"The ridge strength alpha is {self.alpha!r}; it must be a number above 0 (YAML "
                "takes 1e-2 for text; write 0.01 or 1.0e-2). For none at all use the method 'ols'."
            )

    @property
    def name(self) -> str:
        return "ridge"

    @property
    def options(self) -> Mapping[str, object]:
        return {"alpha": self.alpha}

    def fit(self, problem: SourceProblem, targets: Sequence[str]) -> Iterator[AffineMap]:
        """One map per target, in order; the source is inverted once."""
        moments, source = problem.moments, problem.source
        dim = problem.networks[source].head.dim
        shift = self.alpha * moments.sum_of_squares(source) / dim
        inverse = shifted_inverse(moments.block(source, source), shift, algebra=problem.algebra)
        note = FitNote(
            rank=inverse.rank,
            full_rank=dim,
            condition=inverse.condition,
            message="" if shift > 0 else "the source's features do not vary: the map is constant",
        )
        for target in targets:
            weight = problem.regression(target, inverse)  # (d_B, d_A)
            bias = problem.centred_bias(target, weight)
            yield problem.affine(self.name, target, weight, bias, note)
