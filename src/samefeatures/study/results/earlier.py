"""What records of earlier versions leave out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from samefeatures.study.results.summaries import MeasureSummary


def completed(raw: dict[str, Any]) -> dict[str, Any]:
    """The record of a study with what it lacks, as methods and measures say it themselves."""
    if "measures" in raw:
        return raw
    from samefeatures.maps import METHODS
    from samefeatures.similarity import MEASURES

    kinds = [method.get("kind") or method["name"] for method in raw["methods"]]
    uses = [METHODS.get(k).uses if k in METHODS.names else "images" for k in kinds]
    methods = [{**m, "uses": u} for m, u in zip(raw["methods"], uses, strict=True)]
    measures = [asdict(MeasureSummary.of(MEASURES.get(name))) for name in ("r2", "cosine")]
    return {**raw, "methods": methods, "measures": measures}
