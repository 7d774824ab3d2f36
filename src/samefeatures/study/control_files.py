"""Controls on disk: ``controls/KEY.json``, taken once and kept until something changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from samefeatures.base.digests import digest
from samefeatures.base.kept_records import keep_record, kept_record, let_others_go
from samefeatures.joint.kept import moments_key
from samefeatures.scores.heads import Score
from samefeatures.similarity import MEASURES
from samefeatures.study.control_inputs import SEED, ControlInputs
from samefeatures.study.controls import run_controls
from samefeatures.study.controls_config import LABELS
from samefeatures.study.label_space import named
from samefeatures.study.made_spaces import MadeSpaces
from samefeatures.study.results import Controls
from samefeatures.study.results.spaces import BeyondRow

CONTROLS_VERSION = 3
"""Raised whenever a control is taken in another way."""


def kept_controls(
    inputs: ControlInputs, made: Callable[[], MadeSpaces], own: Mapping[str, Score]
) -> Controls:
    """The controls, from ``controls/`` in the study's folder if they are there.

    Args:
        inputs: What they are taken of.
        made: Makes control spaces and takes moments; called only when controls have to be taken.
        own: Scores of the networks with their own heads on the eval rows.
    """
    folder = inputs.folder / "controls"
    key = digest(
        str(CONTROLS_VERSION),
        str(SEED),
        inputs.chosen.model_dump_json(),
        moments_key(list(inputs.fit.values()), inputs.precision),
        moments_key(list(inputs.evaluation.values())),
        inputs.labels.tobytes(),
        _fit_labels(inputs),
        *(network.fingerprint for network in inputs.networks.values()),
        *_measures(inputs),
        # Until 0.2.0 fit labels were read by number where the networks have names.
        *(["fit labels by name"] if named(inputs.networks.values()) else []),
    )
    path = folder / f"{key[:16]}.json"
    kept = kept_record(Controls, path)
    if kept is not None:
        return kept

    def kept_of(source: str, take: Callable[[], Iterable[BeyondRow]]) -> Sequence[BeyondRow]:
        return _kept_rows(folder / f"{key[:16]}.{source}.json", take)

    found = run_controls(inputs, made(), own, kept=kept_of)
    keep_record(found, path)
    let_others_go([path], folder=folder, within=inputs.folder)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """What is shared beyond controls, of one source."""

    rows: tuple[BeyondRow, ...]


def _kept_rows(path: Path, take: Callable[[], Iterable[BeyondRow]]) -> tuple[BeyondRow, ...]:
    """Of a run that was stopped; those of all sources go when the controls are whole."""
    kept = kept_record(_Rows, path)
    if kept is None:
        kept = _Rows(rows=tuple(take()))
        keep_record(kept, path)
    return kept.rows


def _measures(inputs: ControlInputs) -> list[str]:
    """What they are, and of how many rows those are that read some."""
    reading = any(MEASURES.get(name).reads == "rows" for name in inputs.measures)
    return [*map(MEASURES.key, inputs.measures), *([str(inputs.sample)] if reading else [])]


def _fit_labels(inputs: ControlInputs) -> bytes:
    """Those of the fit rows, where a measure is taken beyond them."""
    if not any(LABELS in given for given in inputs.chosen.given):
        return b""
    labels = inputs.fit_labels()
    return labels.encode() if isinstance(labels, str) else labels.tobytes()
