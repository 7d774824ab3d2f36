"""Eval images that are fit images too, told by what a network makes of them, not by their names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from samefeatures.base.arrays import Bool
from samefeatures.base.digests import digest
from samefeatures.base.files import write_whole, writing
from samefeatures.features.prints import SAME, among, prints_of
from samefeatures.features.rows import FeatureRows, JoinedRows
from samefeatures.study.inputs import Part, StudyInputs
from samefeatures.study.sides import Side


def narrowest(inputs: StudyInputs) -> str | None:
    """The network whose rows are read again; None where no network sees images."""
    return min(inputs.image_networks, key=lambda net: net.dim).name if inputs.fit else None


def shared_images(inputs: StudyInputs, fit: Side, evaluation: Side, *, path: Path) -> int:
    """How many eval rows are of images that maps were fitted on.

    Told by eight random sums of the features of the narrowest network that sees images, or of all
    networks where they come from files. Views are unlike their image, so that a part with views
    counts only where the same part is in the eval set. With ``store: false`` the prints were taken
    while rows passed; where an earlier version let them pass, nothing is found.

    Args:
        inputs: Networks and parts.
        fit: Rows of the fit set.
        evaluation: Rows of the eval set.
        path: Where the number is kept until rows change.
    """
    name = narrowest(inputs)
    ours, theirs = (
        [side.rows[name]] if name else list(side.rows.values()) for side in (evaluation, fit)
    )
    key = digest(str(SAME), *(part.fingerprint for part in (*ours, *theirs)))
    try:
        kept = json.loads(path.read_text())
        if kept["key"] == key:
            return int(kept["shared"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not there, or not ours
    known = prints_of(theirs) if fit.prints is None else fit.prints
    found = among(prints_of(ours), known) | _of_whole_parts(inputs, ours[0])
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"key": key, "shared": int(found.sum())})
        write_whole(path, (text + "\n").encode())
    return int(found.sum())


def _of_whole_parts(inputs: StudyInputs, rows: FeatureRows) -> Bool:
    """(m,) rows of eval parts that are fitted on as a whole, be it in views."""
    fitted = {part.images.fingerprint for part in inputs.fit}
    pieces = rows.parts if isinstance(rows, JoinedRows) else [rows]
    parts: Sequence[Part | None] = inputs.eval or [None]
    return np.concatenate(
        [
            np.full(len(piece), part is not None and part.images.fingerprint in fitted)
            for part, piece in zip(parts, pieces, strict=True)
        ]
    )
