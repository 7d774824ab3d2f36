"""Affine maps between feature spaces: one record, one file a method."""

from samefeatures.maps.affine import AffineMap
from samefeatures.maps.curve import LossCurve
from samefeatures.maps.method import METHODS, Method
from samefeatures.maps.methods.adam import Adam
from samefeatures.maps.methods.canonical import Canonical
from samefeatures.maps.methods.cosine import Cosine
from samefeatures.maps.methods.logit import Logit
from samefeatures.maps.methods.naive import Naive
from samefeatures.maps.methods.ols import OLS
from samefeatures.maps.methods.procrustes import Procrustes
from samefeatures.maps.methods.rank import Rank
from samefeatures.maps.methods.ridge import Ridge
from samefeatures.maps.note import FitNote
from samefeatures.maps.problem import SourceProblem
from samefeatures.maps.sizes import Sizes

__all__ = [
    "METHODS",
    "OLS",
    "Adam",
    "AffineMap",
    "Canonical",
    "Cosine",
    "FitNote",
    "Logit",
    "LossCurve",
    "Method",
    "Naive",
    "Procrustes",
    "Rank",
    "Ridge",
    "Sizes",
    "SourceProblem",
]
