"""How near two feature spaces are: one file a measure, from moments of held-out rows."""

from samefeatures.similarity.mapped import Mapped
from samefeatures.similarity.measure import MEASURES, MapMeasure, Measure, RowMeasure, SpaceMeasure
from samefeatures.similarity.standard import Closeness, closeness

__all__ = [
    "MEASURES",
    "Closeness",
    "MapMeasure",
    "Mapped",
    "Measure",
    "RowMeasure",
    "SpaceMeasure",
    "closeness",
]
