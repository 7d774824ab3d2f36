"""The rows of a task: which images probes are fitted on, which are scored, and their labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.base.arrays import Float32, Int64
from samefeatures.base.errors import LabelError
from samefeatures.features.folds import parts_of
from samefeatures.features.prints import among, prints_of
from samefeatures.features.rows import FeatureRows
from samefeatures.images.questions import NO_ANSWER, RULES, ask, left_out
from samefeatures.networks.pixels import NO_VALUE
from samefeatures.study.inputs import Part
from samefeatures.study.task_images import TaskImages

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
    images: TaskImages,
    extract: Callable[[Sequence[Part], str], Mapping[str, FeatureRows]],
    study: Mapping[str, Mapping[str, FeatureRows]],
) -> TaskRows:
    """A task with labelled images of its own.

    Args:
        name: Of the task.
        images: Listed.
        extract: Rows of every network on images, for fit or eval.
        study: Fit rows and eval rows of the study, by ``fit`` and ``eval``, then by network.
    """
    fit, evaluation = (
        _half(extract(parts, kind), images)
        for kind, parts in (("fit", images.fit), ("eval", images.eval))
    )
    return TaskRows(
        name=name,
        rule=False,
        classes=len(images.labels),
        fit=fit,
        evaluation=evaluation,
        notes=tuple(f"{name}: {text}" for text in _known_again(fit, evaluation, study)),
    )


def _half(rows: Mapping[str, FeatureRows], images: TaskImages) -> Half:
    labels = next(iter(rows.values())).labels
    assert labels is not None  # all parts have some
    return Half(rows=rows, at=np.arange(len(labels)), labels=images.classes_of(labels))


def _known_again(
    fit: Half, evaluation: Half, study: Mapping[str, Mapping[str, FeatureRows]]
) -> Iterator[str]:
    """Of images of a task that stand elsewhere too, told by the features of one network."""
    narrow = min(fit.rows.values(), key=lambda rows: rows.dim).name
    fitted, scored = (prints_of([half.rows[narrow]]) for half in (fit, evaluation))
    twice = int(among(scored, fitted).sum())
    if twice:
        yield (
            f"{twice} of {len(scored)} scored images are among those that its probes are fitted "
            "on, so that these accuracies are not those of new images. Give other images."
        )
    theirs = prints_of([study["eval"][narrow]])
    for prints, what in (
        (fitted, "images that its probes are fitted on"),
        (scored, "scored images"),
    ):
        same = int(among(prints, theirs).sum())
        if same:
            yield f"{same} of {len(prints)} {what} are eval images of the study."
    mapped = int(among(scored, prints_of([study["fit"][narrow]])).sum())
    if mapped:
        yield (
            f"{mapped} of {len(scored)} scored images are fit images of the study: its maps have "
            "seen them, without labels."
        )
