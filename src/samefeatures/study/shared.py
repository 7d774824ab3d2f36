"""Eval images that are fit images too, told by what a network makes of them, not by their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from samefeatures.base.arrays import Bool
from samefeatures.base.digests import digest
from samefeatures.base.kept_records import keep_record, kept_record
from samefeatures.features.prints import SAME, among, prints_of
from samefeatures.features.rows import FeatureRows, JoinedRows
from samefeatures.study.inputs import Part, StudyInputs
from samefeatures.study.sides import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What ``shared.json`` holds."""

    key: str
    shared: int


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
    key = digest(str(SAME), "centred", *(part.fingerprint for part in (*ours, *theirs)))
    kept = kept_record(_Kept, path)
    if kept is not None and kept.key == key:
        return kept.shared
    known = prints_of(theirs) if fit.prints is None else fit.prints
    found = among(prints_of(ours), known) | _of_whole_parts(inputs, ours[0])
    keep_record(_Kept(key=key, shared=int(found.sum())), path)
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
