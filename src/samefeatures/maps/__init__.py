"""Affine maps between feature spaces: one record, one file per method."""

from samefeatures.maps.affine import AffineMap, FitNote
from samefeatures.maps.logit import Logit
from samefeatures.maps.naive import Naive
from samefeatures.maps.ols import OLS
from samefeatures.maps.problem import Method, SourceProblem
from samefeatures.maps.ridge import Ridge

__all__ = ["OLS", "AffineMap", "FitNote", "Logit", "Method", "Naive", "Ridge", "SourceProblem"]
