"""The canonical space of a study on disk: ``canonical/KEY.json`` beside the space's file."""

from __future__ import annotations

from dataclasses import replace

from samefeatures.base.digests import digest
from samefeatures.base.files import writing
from samefeatures.base.kept_records import keep_record, kept_record, let_others_go
from samefeatures.joint.kept import moments_key
from samefeatures.maps.canonical.member import Anchors
from samefeatures.study.canonical.inputs import CanonicalInputs
from samefeatures.study.canonical.points import points_of
from samefeatures.study.canonical.sweep import sweep
from samefeatures.study.results.canonical import CanonicalResults

SPACE = "space.safetensors"
CANONICAL_VERSION = 3
"""Raised whenever something of it is taken in another way."""


def kept_canonical(inputs: CanonicalInputs) -> CanonicalResults:
    """What the canonical space came to, from ``canonical/`` in the study's folder if it is there.

    Raises:
        MapError: when the features do not span so many directions.
    """
    folder = inputs.folder / "canonical"
    path = folder / f"{_key(inputs)[:16]}.json"
    kept = kept_record(CanonicalResults, path)
    if kept is not None and (folder / SPACE).exists():
        return kept
    space, found = sweep(inputs)
    ids = next((part.ids for part in inputs.fit.values() if part.ids is not None), None)
    anchors = Anchors(points=points_of(space, inputs.fit), ids=ids)
    # Before the space, which has no key in its name: it must not stand beside another's results.
    let_others_go([], folder=folder, within=inputs.folder)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        replace(space, anchors=anchors).save(folder / SPACE)
    keep_record(found, path)
    return found


def _key(inputs: CanonicalInputs) -> str:
    labels = inputs.labels
    return digest(
        str(CANONICAL_VERSION),
        inputs.chosen.model_dump_json(),
        "True",  # answers were asked for with controls alone
        moments_key(list(inputs.fit.values()), inputs.precision),
        moments_key(list(inputs.evaluation.values()), inputs.precision),
        b"" if labels is None else labels.tobytes(),
        *inputs.prints.values(),
    )
