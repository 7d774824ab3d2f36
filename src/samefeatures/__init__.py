"""Do two pretrained image classifiers extract the same information?

The public names load on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samefeatures.data.imageset import ImageSet
    from samefeatures.data.preprocess import Preprocessing
    from samefeatures.data.sources import ImageSource, open_images
    from samefeatures.data.views import Views
    from samefeatures.errors import SamefeaturesError
    from samefeatures.export import export_onnx, hybrid_module
    from samefeatures.features.extract import extract
    from samefeatures.maps import (
        OLS,
        Adam,
        AffineMap,
        Cosine,
        Logit,
        LossCurve,
        Naive,
        Ridge,
        SourceProblem,
    )
    from samefeatures.moments import Moments
    from samefeatures.networks.load import load
    from samefeatures.networks.network import FeatureFile, Head, ImageNetwork
    from samefeatures.report.write import write_report
    from samefeatures.scores import agreement, closeness, score_heads
    from samefeatures.statistics import detectable, holm, mcnemar, wilson
    from samefeatures.study.config import StudyConfig, parse_config, read_config
    from samefeatures.study.results import StudyResults
    from samefeatures.study.study import Study

__version__ = "0.1.0"

_HOMES = {
    "Adam": "maps",
    "AffineMap": "maps",
    "Cosine": "maps",
    "FeatureFile": "networks.network",
    "Head": "networks.network",
    "ImageNetwork": "networks.network",
    "ImageSet": "data.imageset",
    "ImageSource": "data.sources",
    "Logit": "maps",
    "LossCurve": "maps",
    "Moments": "moments",
    "Naive": "maps",
    "OLS": "maps",
    "Preprocessing": "data.preprocess",
    "Ridge": "maps",
    "SamefeaturesError": "errors",
    "SourceProblem": "maps",
    "Study": "study.study",
    "StudyConfig": "study.config",
    "StudyResults": "study.results",
    "Views": "data.views",
    "agreement": "scores",
    "closeness": "scores",
    "detectable": "statistics",
    "export_onnx": "export",
    "extract": "features.extract",
    "holm": "statistics",
    "hybrid_module": "export",
    "load": "networks.load",
    "mcnemar": "statistics",
    "open_images": "data.sources",
    "parse_config": "study.config",
    "read_config": "study.config",
    "score_heads": "scores",
    "wilson": "statistics",
    "write_report": "report.write",
}

__all__ = [  # noqa: RUF022  (plain sorting, so that a test can hold it to the table above)
    "Adam",
    "AffineMap",
    "Cosine",
    "FeatureFile",
    "Head",
    "ImageNetwork",
    "ImageSet",
    "ImageSource",
    "Logit",
    "LossCurve",
    "Moments",
    "Naive",
    "OLS",
    "Preprocessing",
    "Ridge",
    "SamefeaturesError",
    "SourceProblem",
    "Study",
    "StudyConfig",
    "StudyResults",
    "Views",
    "agreement",
    "closeness",
    "detectable",
    "export_onnx",
    "extract",
    "holm",
    "hybrid_module",
    "load",
    "mcnemar",
    "open_images",
    "parse_config",
    "read_config",
    "score_heads",
    "wilson",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'samefeatures' has no attribute '{name}'")
    return getattr(importlib.import_module(f"samefeatures.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
