"""One estimator a method that works from moments."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from samefeatures.base.errors import FeatureError, require
from samefeatures.features.sample import SAMPLE
from samefeatures.maps.affine import AffineMap
from samefeatures.maps.arrays import fit_map
from samefeatures.maps.method import Method
from samefeatures.maps.methods.ols import OLS
from samefeatures.maps.methods.procrustes import Procrustes
from samefeatures.maps.methods.rank import Rank
from samefeatures.maps.methods.ridge import Ridge
from samefeatures.similarity.arrays import moments
from samefeatures.similarity.measure import MEASURES, MapMeasure

require("sklearn", extra="sklearn", purpose="samefeatures.sklearn")

from sklearn.base import BaseEstimator, RegressorMixin  # noqa: E402
from sklearn.utils.validation import check_is_fitted, validate_data  # noqa: E402

FLOATS = [np.float64, np.float32]
Array = npt.NDArray[Any]


class _Map(RegressorMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """An affine map that a method fits, as a regressor of many outputs."""

    map_: AffineMap

    @abstractmethod
    def _method(self) -> Method:
        """The method, with the options of this estimator."""

    def fit(self, X: Any, y: Any) -> Self:
        """Fit the map.

        Args:
            X: (n, d_x) features of the source, n at least 2.
            y: (n, d_y) features of the target, or (n,) one of them.

        Raises:
            ValueError: when they are no finite numbers, or not as many rows.
            ConfigError: when an option makes no sense.
        """
        given, wanted = validate_data(
            self, X, y, dtype=FLOATS, multi_output=True, y_numeric=True, ensure_min_samples=2
        )
        self._flat = wanted.ndim == 1
        self.map_ = fit_map(given, _columns(wanted), method=self._method())
        self.coef_ = self.map_.weight[0] if self._flat else self.map_.weight
        self.intercept_ = self.map_.bias[0] if self._flat else self.map_.bias
        return self

    def predict(self, X: Any) -> Array:
        """(n, d_y) mapped features of (n, d_x), or (n,); float32 for float32, else float64.

        Raises:
            NotFittedError: before ``fit``.
            ValueError: when the rows are no finite numbers, or of another width.
        """
        check_is_fitted(self)
        mapped = self.map_.apply(validate_data(self, X, reset=False, dtype=FLOATS))
        return mapped[:, 0] if self._flat else mapped

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R² by variance: ``r2_score(multioutput="variance_weighted")``, as everywhere here.

        Args:
            X: (n, d_x).
            y: (n, d_y), or (n,).
            sample_weight: (n,), or None.
        """
        from sklearn.metrics import r2_score

        predicted = self.predict(X)
        return float(
            r2_score(y, predicted, sample_weight=sample_weight, multioutput="variance_weighted")
        )

    def measure(self, name: str, X: Any, y: Any) -> float:
        """Any measure by its name, on rows that were held out: of the map, or of the two spaces.

        Args:
            name: E.g. ``cka``, ``cosine``.
            X: (n, d_x).
            y: (n, d_y), or (n,).

        Raises:
            NotFittedError: before ``fit``.
            ConfigError: when there is no such measure.
            FeatureError: when the rows are not those of the map.
        """
        check_is_fitted(self)
        given = validate_data(self, X, reset=False, dtype=FLOATS)
        wanted = _columns(np.asarray(y))
        if wanted.ndim == 2 and wanted.shape[1] != len(self.map_.weight):
            raise FeatureError(
                f"y has {wanted.shape[1]} features, and the map was fitted on "
                f"{len(self.map_.weight)}. Give rows of the same target."
            )
        known = MEASURES.get(name)
        sample = SAMPLE if known.reads == "rows" else None
        found = moments({"x": given, "y": wanted}, sample=sample)
        measure = getattr(found, known.name)
        of_map = issubclass(known, MapMeasure)
        return float(measure(self.map_) if of_map else measure("x", "y"))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _columns(values: Array) -> Array:
    """(n, d) floats of (n, d) or (n,) numbers."""
    floats = values if values.dtype in FLOATS else values.astype(np.float64)
    return floats[:, None] if floats.ndim == 1 else floats


class OLSMap(_Map):
    """Ordinary least squares with an intercept, as the method ``OLS``: minimum norm where the rank
    is deficient, as ``map_.fit`` says then.

    Attributes:
        map_: The fitted ``AffineMap``.
        coef_: (d_y, d_x) weights, or (d_x,) of a single output.
        intercept_: (d_y,), or a number.
    """

    def _method(self) -> Method:
        return OLS()


class RidgeMap(_Map):
    """Ridge regression as the method ``Ridge``, of a strength relative to the features' variance.

    Args:
        alpha: Strength, above 0; or ``auto``, chosen by ``folds`` folds of the rows, as
            ``map_.fit`` says then.
        folds: Of the rows, with ``auto``; 5 where it is None.

    Attributes:
        map_: The fitted ``AffineMap``.
        coef_: (d_y, d_x) weights, or (d_x,) of a single output.
        intercept_: (d_y,), or a number.
    """

    def __init__(self, *, alpha: float | Literal["auto"] = 0.01, folds: int | None = None) -> None:
        self.alpha = alpha
        self.folds = folds

    def _method(self) -> Method:
        return Ridge(alpha=self.alpha, folds=self.folds)


class ProcrustesMap(_Map):
    """A rotation and one scale, as the method ``Procrustes``.

    Attributes:
        map_: The fitted ``AffineMap``.
        coef_: (d_y, d_x) weights, or (d_x,) of a single output.
        intercept_: (d_y,), or a number.
    """

    def _method(self) -> Method:
        return Procrustes()


class RankMap(_Map):
    """Reduced-rank regression as the method ``Rank``.

    Args:
        rank: Directions that are let through, at most the features of either side.

    Attributes:
        map_: The fitted ``AffineMap``.
        coef_: (d_y, d_x) weights, or (d_x,) of a single output.
        intercept_: (d_y,), or a number.
    """

    def __init__(self, *, rank: int = 1) -> None:
        self.rank = rank

    def _method(self) -> Method:
        return Rank(rank=self.rank)
