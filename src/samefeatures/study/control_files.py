"""Controls on disk: ``controls/KEY.json``, taken once and kept until something changes."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from samefeatures.algebra import Precision
from samefeatures.base.digests import digest
from samefeatures.base.files import write_whole, writing
from samefeatures.base.records import record
from samefeatures.moments.kept import moments_key
from samefeatures.study.controls import SEED, ControlInputs, run_controls
from samefeatures.study.results import Controls

CONTROLS_VERSION = 1
"""Raised whenever a control is taken in another way."""


def kept_controls(inputs: ControlInputs, *, precision: Precision) -> Controls:
    """The controls, from their folder if they are there.

    Args:
        inputs: What they are taken of; moments and labels of the fit rows are asked for only when
            they have to be taken.
        precision: Of the products in the moments.
    """
    key = digest(
        str(CONTROLS_VERSION),
        str(SEED),
        moments_key(list(inputs.fit.values()), precision),
        moments_key(list(inputs.evaluation.values())),
        inputs.labels.tobytes(),
        *(network.fingerprint for network in inputs.networks.values()),
    )
    path = inputs.folder / f"{key[:16]}.json"
    kept = _read(path)
    if kept is not None:
        return kept
    found = run_controls(inputs)
    with writing(path):
        inputs.folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, (json.dumps(asdict(found), indent=1) + "\n").encode())
        for stale in inputs.folder.glob("*.json"):
            if stale != path:
                stale.unlink(missing_ok=True)
    return found


def _read(path: Path) -> Controls | None:
    """Controls that an earlier run left, or None when there are none that can be read."""
    try:
        return record(Controls, json.loads(path.read_text()))
    except (OSError, ValueError, KeyError, TypeError):
        return None
