"""Records of a study made by hand: two networks, one method, and what a test changes."""

from __future__ import annotations

import math
from typing import Any

from samefeatures.study.results import (
    Cell,
    DataSummary,
    MeasureSummary,
    MethodSummary,
    NetworkSummary,
    StudyResults,
)


def cell(pair: str, **changes: Any) -> Cell:
    """Features of the first letter in the head of the second: 3 of 4 images right."""
    plain: dict[str, Any] = {
        "method": "ols", "source": pair[0], "target": pair[1], "n": 4, "correct": 3, "top1": 75.0,
        "correct_top5": 4, "top5": 100.0, "source_top1": 50.0, "target_top1": 100.0,
        "change_vs_source_pct": 50.0, "loss_vs_target_points": 25.0, "agreement": 75.0,
        "measures": {}, "ci_low": 30.0, "ci_high": 95.0, "p_vs_target": 1.0, "p_vs_source": 1.0,
        "p_vs_target_raw": 1.0, "p_vs_source_raw": 1.0, "fixed": 1, "broken": 2,
    }  # fmt: skip
    return Cell(**{**plain, **changes})


def uncounted(pair: str, **changes: Any) -> Cell:
    """A cell in which nothing was counted."""
    nothing: dict[str, Any] = dict.fromkeys(("correct", "correct_top5", "fixed", "broken"))
    nothing |= dict.fromkeys(("top1", "top5", "change_vs_source_pct"), math.nan)
    return cell(pair, **{**nothing, **changes})


def network(name: str, **changes: Any) -> NetworkSummary:
    plain: dict[str, Any] = {
        "name": name, "source": f"npz:{name}.npz", "feature_dim": 7, "classes": 5,
        "parameters": None, "preprocessing": None, "fingerprint": f"made {name}", "top1": 50.0,
        "top5": 75.0,
    }  # fmt: skip
    return NetworkSummary(**{**plain, **changes})


def data(name: str = "few", **changes: Any) -> DataSummary:
    plain: dict[str, Any] = {"name": name, "images": 5, "rows": 4, "fingerprint": f"of {name}"}
    return DataSummary(**{**plain, **changes})


def measure(name: str, **changes: Any) -> MeasureSummary:
    plain: dict[str, Any] = {
        "name": name, "label": name.upper(), "says": "how near", "judges": "spaces", "same": 1.0,
        "apart": 0.0, "asked": True,
    }  # fmt: skip
    return MeasureSummary(**{**plain, **changes})


def results(names: str = "ab", **changes: Any) -> StudyResults:
    """A cell for every pair of these letters."""
    plain: dict[str, Any] = {
        "title": "Few", "networks": tuple(network(name) for name in names),
        "methods": (MethodSummary(name="ols", options={}, kind="ols"),),
        "cells": tuple(cell(a + b) for a in names for b in names), "fits": (),
        "fit_data": data("fit"), "eval_data": data("eval"), "settings": {}, "versions": {},
    }  # fmt: skip
    return StudyResults(**{**plain, **changes})
