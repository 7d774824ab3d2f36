"""Preprocessing for tests that do not care for all of it."""

from __future__ import annotations

from typing import Any

from samefeatures.images.preprocess import Preprocessing

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def imagenet(**fields: Any) -> Preprocessing:
    """Torchvision's of ImageNet, but for what is given."""
    usual = {"crop_pct": 0.875, "interpolation": "bilinear", "mean": MEAN, "std": STD}
    return Preprocessing(**{**usual, **fields})
