"""Maps as estimators of scikit-learn.

``OLSMap``, ``RidgeMap``, ``ProcrustesMap`` and ``RankMap`` are regressors of many outputs: they
pass ``check_estimator``, and go into pipelines, grids and cross-validations. What they fit is an
``AffineMap``, ``map_``.
"""

from samefeatures.sklearn.estimators import OLSMap, ProcrustesMap, RankMap, RidgeMap

__all__ = ["OLSMap", "ProcrustesMap", "RankMap", "RidgeMap"]
