"""Frozen records of what a study found: all that the report knows."""

from samefeatures.study.results.by_rows import ByRows, RowsForecast, RowsPoint
from samefeatures.study.results.canonical import CanonicalNetwork, CanonicalPair, CanonicalResults
from samefeatures.study.results.cell import Cell
from samefeatures.study.results.controls import ControlRow, Controls
from samefeatures.study.results.ranks import RankRow, Ranks
from samefeatures.study.results.similarity import Similarity
from samefeatures.study.results.spaces import AnswersRow, BeyondRow, SpaceFindings, SpaceRow
from samefeatures.study.results.spectra import MapSpectrum, SpaceSpectrum, SpectraSummary
from samefeatures.study.results.study import StudyResults
from samefeatures.study.results.summaries import (
    ClassChange,
    CurveSummary,
    DataSummary,
    FitSummary,
    LeftOut,
    MeasureSummary,
    MethodSummary,
    NetworkSummary,
)
from samefeatures.study.results.table import Table
from samefeatures.study.results.tasks import TaskAnswers, TaskProbe, TaskResults

__all__ = [
    "AnswersRow",
    "BeyondRow",
    "ByRows",
    "CanonicalNetwork",
    "CanonicalPair",
    "CanonicalResults",
    "Cell",
    "ClassChange",
    "ControlRow",
    "Controls",
    "CurveSummary",
    "DataSummary",
    "FitSummary",
    "LeftOut",
    "MapSpectrum",
    "MeasureSummary",
    "MethodSummary",
    "NetworkSummary",
    "RankRow",
    "Ranks",
    "RowsForecast",
    "RowsPoint",
    "Similarity",
    "SpaceFindings",
    "SpaceRow",
    "SpaceSpectrum",
    "SpectraSummary",
    "StudyResults",
    "Table",
    "TaskAnswers",
    "TaskProbe",
    "TaskResults",
]
