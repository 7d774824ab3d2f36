"""Questions that no network was trained on: a probe per network, and the study's maps into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from samefeatures.algebra import Algebra
from samefeatures.base.arrays import Float32, Int64
from samefeatures.base.digests import digest
from samefeatures.base.errors import LabelError
from samefeatures.base.progress import Progress
from samefeatures.features.rows import FeatureRows
from samefeatures.features.spaces.answers import answered
from samefeatures.networks.pixels import question_space
from samefeatures.networks.record import Head, Network, head_of
from samefeatures.scores.comparisons import Pair
from samefeatures.scores.heads import Score, score_heads
from samefeatures.scores.intervals import wilson
from samefeatures.scores.probe import Probe, fit_probe
from samefeatures.study.answer_means import answer_means
from samefeatures.study.cells import cells_of
from samefeatures.study.inputs import Part, StudyInputs
from samefeatures.study.map_files import MapFiles
from samefeatures.study.results import TaskAnswers, TaskProbe, TaskResults
from samefeatures.study.runner import Extractor
from samefeatures.study.scoring import Scored
from samefeatures.study.sides import rows_on
from samefeatures.study.task_config import TaskConfig
from samefeatures.study.task_files import TaskFile
from samefeatures.study.task_images import TaskImages
from samefeatures.study.task_rows import TaskRows, own_rows, rule_rows

TASKS_VERSION = 1
"""Raised whenever a change gives a task another number."""


@dataclass(frozen=True, eq=False, kw_only=True)  # no slots: the means are taken once, when needed
class TaskInputs:
    """A study, as far as tasks need it.

    Attributes:
        inputs: Its networks and images.
        fit: Fit rows of each network.
        evaluation: Eval rows of each.
        labels: (m,) of the eval rows.
        images: Of tasks that bring their own, by name.
        maps: Where the fitted maps lie.
        keys: Of the maps of each method that uses images, by its label.
        runner: Extracts.
        folder: Where tasks are kept.
        algebra: Where products run.
        progress: Shows how far it is.
    """

    inputs: StudyInputs
    fit: Mapping[str, FeatureRows]
    evaluation: Mapping[str, FeatureRows]
    labels: Int64
    images: Mapping[str, TaskImages]
    maps: MapFiles
    keys: Mapping[str, str]
    runner: Extractor
    folder: Path
    algebra: Algebra
    progress: Progress

    @property
    def networks(self) -> Mapping[str, Network]:
        """Of the study, in order."""
        return self.inputs.networks

    @cached_property
    def means(self) -> dict[str, dict[str, Float32]]:
        """(K, d) by source and target: what OLS makes of each answer; the same for all tasks."""
        return {
            source: {name: mean.astype(np.float32) for name, mean in by_target.items()}
            for source, by_target in answer_means(self.networks, self.fit)
        }

    def rows_on(self, parts: Sequence[Part], kind: str) -> dict[str, FeatureRows]:
        """Rows of every network on images of a task."""
        return rows_on(parts, self.inputs.image_networks, self.runner, kind=kind)


def run_tasks(tasks: Sequence[TaskConfig], given: TaskInputs) -> tuple[TaskResults, ...]:
    """Every task of a study; those that were done before are read.

    Raises:
        LabelError: when a rule labels no image, or images of a class could not be read.
    """
    advance = given.progress.task("tasks", len(tasks))
    values = _values(given) if any(task.data is None for task in tasks) else None
    found = []
    for task in tasks:
        found.append(ask_task(_rows(task, values, given), given))
        advance(1)
    return tuple(found)


def _values(given: TaskInputs) -> FeatureRows:
    """(m, rules) of all rules on the eval images, in one pass, kept in the store."""
    networks = given.inputs.image_networks
    space = question_space(networks[0].preprocessing)
    # Beside the networks, whose features are there: what they leave out is left out here too.
    rows = rows_on(given.inputs.eval, [*networks, space], given.runner, kind="eval")
    return rows[space.name]


def _rows(task: TaskConfig, values: FeatureRows | None, given: TaskInputs) -> TaskRows:
    if task.data is not None:
        study = {"fit": given.fit, "eval": given.evaluation}
        return own_rows(task.name, given.images[task.name], given.rows_on, study)
    assert values is not None  # taken where any task is a rule
    return rule_rows(task.name, given.evaluation, values, given.labels)


def ask_task(task: TaskRows, given: TaskInputs) -> TaskResults:
    """One task, from its file if it is there."""
    file = TaskFile(given.folder, task.name, _key(task, given))
    kept = file.read()
    if kept is None:
        probes = {name: _probe(name, task) for name in given.networks}
        kept = _asked(task, probes, given)
        file.write(kept, {name: probe.head for name, probe in probes.items()})
    return kept


def _key(task: TaskRows, given: TaskInputs) -> str:
    """Everything that decides a task's numbers."""
    sides = (task.fit, task.evaluation)
    return digest(
        str(TASKS_VERSION),
        task.name,
        *task.notes,
        *(network.fingerprint for network in given.networks.values()),
        *(rows.fingerprint for half in sides for rows in half.rows.values()),
        *(array.tobytes() for half in sides for array in (half.at, half.labels)),
        *(f"{label} {key}" for label, key in given.keys.items()),
    )


def _probe(network: str, task: TaskRows) -> Probe:
    fit = task.fit
    try:
        return fit_probe(fit.features(network), fit.labels, fit.ids, classes=task.classes)
    except LabelError as error:
        raise LabelError(f"tasks: {task.name}: {error}") from None


def _asked(task: TaskRows, probes: Mapping[str, Probe], given: TaskInputs) -> TaskResults:
    heads = {name: probe.head for name, probe in probes.items()}
    labels = task.evaluation.labels
    own: dict[str, Score] = {}
    hybrids: dict[str, dict[Pair, Score]] = {label: {} for label in given.keys}
    alone: list[TaskAnswers] = []
    for source in given.networks:
        features = task.evaluation.features(source)
        targets = [name for name in given.networks if name != source]
        own[source] = score_heads([(features, labels)], [heads[source]], algebra=given.algebra)[0]
        for method in given.keys:
            folded = [_folded(method, source, name, heads[name], given) for name in targets]
            scores = score_heads([(features, labels)], folded, algebra=given.algebra)
            hybrids[method] |= {(source, b): s for b, s in zip(targets, scores, strict=True)}
        alone += _alone(source, features, labels, heads, given)
    return TaskResults(
        name=task.name,
        rule=task.rule,
        classes=task.classes,
        fit_rows=len(task.fit.labels),
        n=len(labels),
        chance=100 * float(np.bincount(labels).max()) / len(labels),
        cells=tuple(cells_of(Scored(labels, tuple(own), len(labels), own, hybrids, {}), {})),
        answers=tuple(alone),
        probes=tuple(
            TaskProbe(
                network=name,
                strength=probe.note.strength,
                steps=probe.note.steps,
                message=probe.note.message,
            )
            for name, probe in probes.items()
        ),
        notes=task.notes,
    )


def _folded(method: str, source: str, target: str, head: Head, given: TaskInputs) -> Head:
    """A target's probe with a map of the study in front."""
    network = replace(given.networks[target], head=head)
    return given.maps.load(method, source, target).fold(network, algebra=given.algebra)


def _alone(
    source: str, features: Float32, labels: Int64, heads: Mapping[str, Head], given: TaskInputs
) -> Iterator[TaskAnswers]:
    """The source's predicted class alone, mapped by OLS into each target, through its probe."""
    network = given.networks[source]
    said = answered(features, head_of(network))
    for target, mapped in given.means[source].items():
        if target == source:
            continue
        predicted = heads[target].logits(mapped).argmax(axis=1)[said]
        correct = int((predicted == labels).sum())
        low, high = wilson(correct, len(labels))
        yield TaskAnswers(
            source=source,
            target=target,
            n=len(labels),
            correct=correct,
            top1=100 * correct / len(labels),
            ci_low=low,
            ci_high=high,
        )
