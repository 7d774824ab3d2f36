"""Do two pretrained image classifiers extract the same information?

The public names load on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from samefeatures.base.version import __version__ as __version__

if TYPE_CHECKING:
    from samefeatures.base.errors import SamefeaturesError
    from samefeatures.export.package import export_onnx, hybrid_module
    from samefeatures.features.extract import extract
    from samefeatures.images.imageset import ImageSet
    from samefeatures.images.preprocess import Preprocessing
    from samefeatures.images.sources import ImageSource, open_images
    from samefeatures.images.views import Views
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
    from samefeatures.moments.record import Moments
    from samefeatures.networks.load import load
    from samefeatures.networks.record import FeatureFile, Head, ImageNetwork
    from samefeatures.report.write import write_report
    from samefeatures.scores.heads import agreement, closeness, score_heads
    from samefeatures.scores.statistics import detectable, holm, mcnemar, wilson
    from samefeatures.study.config import StudyConfig, parse_config, read_config
    from samefeatures.study.results import StudyResults
    from samefeatures.study.study import Study


_HOMES = {
    "Adam": "maps",
    "AffineMap": "maps",
    "Cosine": "maps",
    "FeatureFile": "networks.record",
    "Head": "networks.record",
    "ImageNetwork": "networks.record",
    "ImageSet": "images.imageset",
    "ImageSource": "images.sources",
    "Logit": "maps",
    "LossCurve": "maps",
    "Moments": "moments.record",
    "Naive": "maps",
    "OLS": "maps",
    "Preprocessing": "images.preprocess",
    "Ridge": "maps",
    "SamefeaturesError": "base.errors",
    "SourceProblem": "maps",
    "Study": "study.study",
    "StudyConfig": "study.config",
    "StudyResults": "study.results",
    "Views": "images.views",
    "agreement": "scores.heads",
    "closeness": "scores.heads",
    "detectable": "scores.statistics",
    "export_onnx": "export.package",
    "extract": "features.extract",
    "holm": "scores.statistics",
    "hybrid_module": "export.package",
    "load": "networks.load",
    "mcnemar": "scores.statistics",
    "open_images": "images.sources",
    "parse_config": "study.config",
    "read_config": "study.config",
    "score_heads": "scores.heads",
    "wilson": "scores.statistics",
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
