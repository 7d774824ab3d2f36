"""Maps as estimators of scikit-learn.

``OLSMap`` and ``RidgeMap`` are regressors of many outputs: they pass ``check_estimator``, and go
into pipelines, grids and cross-validations. What they fit is an ``AffineMap``, ``map_``.
"""

from samefeatures.sklearn.estimators import OLSMap, RidgeMap

__all__ = ["OLSMap", "RidgeMap"]
