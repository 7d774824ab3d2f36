"""Take the controls of a study once, and keep them until something changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from samefeatures.base.arrays import Int64
from samefeatures.base.digests import digest
from samefeatures.base.errors import ConfigError, DataError
from samefeatures.base.files import write_whole, writing
from samefeatures.features.rows import FeatureRows
from samefeatures.images.imageset import image_id
from samefeatures.images.sources import open_images
from samefeatures.moments.kept import moments_key
from samefeatures.scores.heads import Score
from samefeatures.study.controls import SEED, ControlInputs, run_controls
from samefeatures.study.results import Controls

if TYPE_CHECKING:
    from samefeatures.study.study import Study

CONTROLS_VERSION = 1
"""Raised whenever a control is taken in another way."""


def controls_of(study: Study, own: Mapping[str, Score], labels: Int64) -> Controls | None:
    """The controls of a study, from its folder if they are there; None with fewer than 2 networks.

    Args:
        study: Fitted and scored.
        own: Scores of its networks with their own heads.
        labels: Of the eval rows.
    """
    networks = study.inputs.networks
    if len(networks) < 2:
        return None
    fit, evaluation = study.features
    folder = study.out / "controls"
    key = digest(
        str(CONTROLS_VERSION),
        str(SEED),
        moments_key(list(fit.rows.values()), study.config.algebra.precision),
        moments_key(list(evaluation.rows.values())),
        labels.tobytes(),
        *(network.fingerprint for network in networks.values()),
    )
    path = folder / f"{key[:16]}.json"
    kept = _read(path)
    if kept is not None:
        return kept
    inputs = ControlInputs(
        networks=networks,
        fit=fit.rows,
        evaluation=evaluation.rows,
        moments=study.fit_moments(),
        labels=labels,
        fit_labels=fit_labels(study, next(iter(fit.rows.values()))),
        own=own,
        folder=folder,
        extract=study.extract_another,
        progress=study.progress,
    )
    found = run_controls(inputs)
    with writing(path):
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, (json.dumps(asdict(found), indent=1) + "\n").encode())
        for stale in folder.glob("*.json"):
            if stale != path:
                stale.unlink(missing_ok=True)
    return found


def _read(path: Path) -> Controls | None:
    """Controls that an earlier run left, or None when there are none that can be read."""
    try:
        return Controls.parse(json.loads(path.read_text()))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def fit_labels(study: Study, rows: FeatureRows) -> Int64 | str:
    """Labels of the fit rows, which no fit has seen, or a sentence why there are none.

    They count correct predictions on the fit set, and nothing else.
    """
    data = study.config.data
    if data is None or rows.ids is None:
        return "the fit features come from files without labels"
    known: dict[str, int] = {}
    try:
        for entry, part in zip(data.fit, study.inputs.fit, strict=True):
            images = open_images(entry, labelled=True, base=study.base)
            if images.labels is None:
                return f"the fit images of {images.name} have no labels"
            views = range(part.views.count) if part.views else [None]
            for name, label in zip(images.ids, images.labels.tolist(), strict=True):
                known |= {image_id(name, source=part.source, view=k): label for k in views}
    except (ConfigError, DataError):
        return "the fit images have no labels that could be used"
    if any(name not in known for name in rows.ids):
        return "the fit images with labels are not those that were extracted"
    labels = np.array([known[name] for name in rows.ids], np.int64)
    if labels.min() < 0 or labels.max() >= study.classes:
        return (
            f"the fit labels run from {labels.min()} to {labels.max()}, but the networks have "
            f"{study.classes} classes"
        )
    return labels
