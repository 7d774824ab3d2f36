"""Affine maps between feature spaces: one record, one file per method."""

from samefeatures.maps.adam import Adam
from samefeatures.maps.affine import AffineMap, FitNote
from samefeatures.maps.cosine import Cosine
from samefeatures.maps.curve import LossCurve
from samefeatures.maps.logit import Logit
from samefeatures.maps.naive import Naive
from samefeatures.maps.ols import OLS
from samefeatures.maps.problem import Method, RowMethod, SourceProblem
from samefeatures.maps.ridge import Ridge

__all__ = [
    "OLS",
    "Adam",
    "AffineMap",
    "Cosine",
    "FitNote",
    "Logit",
    "LossCurve",
    "Method",
    "Naive",
    "Ridge",
    "RowMethod",
    "SourceProblem",
]
