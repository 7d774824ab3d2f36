"""The rows of a task: which images probes are fitted on, which are scored, and their labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.base.arrays import Float32, Int64
from samefeatures.base.errors import ConfigError, LabelError
from samefeatures.features.folds import parts_of
from samefeatures.features.rows import FeatureRows
from samefeatures.images.questions import NO_ANSWER, RULES, ask, left_out
from samefeatures.networks.pixels import NO_VALUE
from samefeatures.study.inputs import Part

SEED = 0
"""Of the halves."""
ROWS = 1024


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Half:
    """Rows of every network that a task uses.

    Attributes:
        rows: Of each network, all of an image set.
        at: (n,) which of them.
        labels: (n,) of these.
    """

    rows: Mapping[str, FeatureRows]
    at: Int64
    labels: Int64

    def features(self, network: str) -> Float32:
        """(n, d) of one network."""
        return np.concatenate(list(self.rows[network].chunks(ROWS)))[self.at]

    @property
    def ids(self) -> list[str]:
        """n ids; places where the rows have none."""
        ids = next(iter(self.rows.values())).ids
        return [str(i) for i in self.at] if ids is None else [ids[i] for i in self.at]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TaskRows:
    """A task, before any probe.

    Attributes:
        name: Of the task.
        rule: Whether a rule makes the labels.
        classes: At least 2.
        fit: Rows that probes are fitted on.
        evaluation: Rows that are scored.
        notes: What a reader should know.
    """

    name: str
    rule: bool
    classes: int
    fit: Half
    evaluation: Half
    notes: tuple[str, ...] = ()


def rule_rows(
    rule: str, rows: Mapping[str, FeatureRows], values: FeatureRows, classes: Int64
) -> TaskRows:
    """A question that a rule answers, on the study's own eval images.

    Half of the images fit the probes, the other half is scored. The rule is asked in each half by
    itself, against the medians of the half: so in both, and in every class of both, as many images
    are labelled 0 as 1, and who knows the class alone is right on exactly half. With medians of
    the whole set, a class with more of one label in one half has fewer in the other, and a probe
    that learns the class would be below chance.

    Args:
        rule: Its name.
        rows: m eval rows of each network.
        values: (m, rules) of ``question_space``.
        classes: (m,) true classes.

    Raises:
        LabelError: when a half has no label.
    """
    measured = np.concatenate(list(values.chunks(ROWS)))[:, list(RULES).index(rule)]
    numbers = np.where(measured == NO_VALUE, np.nan, measured.astype(np.float64))
    ids = next((part.ids for part in rows.values() if part.ids is not None), None)
    half_of = parts_of(len(numbers) if ids is None else list(ids), 2, seed=SEED)
    halves, notes = [], []
    for half, use in enumerate(("to fit probes", "to score them")):
        at = np.flatnonzero(half_of == half)
        try:
            labels = ask(numbers[at], classes[at])
        except LabelError as error:
            raise LabelError(f"tasks: {rule}: in the half {use}: {error}") from None
        note = left_out(numbers[at], labels)
        notes += [f"{rule}: in the half {use}, {note}."] if note else []
        known = labels != NO_ANSWER
        halves.append(Half(rows=rows, at=at[known], labels=labels[known]))
    return TaskRows(
        name=rule, rule=True, classes=2, fit=halves[0], evaluation=halves[1], notes=tuple(notes)
    )


def own_rows(
    name: str,
    parts: Mapping[str, Sequence[Part]],
    extract: Callable[[Sequence[Part], str], Mapping[str, FeatureRows]],
    study: Sequence[Part],
) -> TaskRows:
    """A task with labelled images of its own.

    Args:
        name: Of the task.
        parts: ``fit`` and ``eval``.
        extract: Rows of every network on images, for fit or eval.
        study: Eval images of the study.

    Raises:
        LabelError: when labels are missing, or classes of the eval images have no fit image.
        ConfigError: when there is one class alone.
    """
    for part in (*parts["fit"], *parts["eval"]):
        if part.images.labels is None:
            raise LabelError(
                f"tasks: {name}: '{part.images.name}' has no labels. Probes are fitted and scored "
                "by them; give a labels CSV, class folders, or another set."
            )
    halves = []
    for kind in ("fit", "eval"):
        rows = extract(parts[kind], kind)
        labels = next(iter(rows.values())).labels
        if labels is None:
            raise LabelError(f"tasks: {name}: the {kind} images have no labels. Give them.")
        halves.append(Half(rows=rows, at=np.arange(len(labels)), labels=labels))
    fit, evaluation = halves
    classes = 1 + int(max(half.labels.max() for half in halves))
    if classes < 2:
        raise ConfigError(f"tasks: {name}: all images are of one class. Give at least two.")
    missing = sorted(set(range(classes)) - set(fit.labels.tolist()))
    if missing:
        raise LabelError(
            f"tasks: {name}: {len(missing)} of {classes} classes have no fit image: "
            f"{', '.join(map(str, missing[:5]))}{', …' if len(missing) > 5 else ''}. Give images "
            "of every class from 0 on, or leave these out of 'eval'."
        )
    seen = {part.images.fingerprint for part in study}
    same = [
        part.images.name
        for each in parts.values()
        for part in each
        if part.images.fingerprint in seen
    ]
    notes = [f"{name}: '{each}' are the eval images of the study." for each in same]
    return TaskRows(
        name=name, rule=False, classes=classes, fit=fit, evaluation=evaluation, notes=tuple(notes)
    )
