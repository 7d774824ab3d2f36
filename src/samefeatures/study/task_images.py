"""Labelled images that a task brings itself, listed and looked at before anything is extracted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from samefeatures.base.arrays import Int64
from samefeatures.base.errors import ConfigError, LabelError, SamefeaturesError
from samefeatures.study.data_config import DataConfig, PartConfig
from samefeatures.study.inputs import Part, StudyInputs, open_parts
from samefeatures.study.task_config import TaskConfig

FEWEST = 2
"""Fit images of a class: one to fit a probe, and one to hold out."""
SHOWN = 5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TaskImages:
    """Images of one task.

    Attributes:
        fit: Parts that probes are fitted on.
        eval: Parts that are scored.
        labels: (K,) the labels that there are, in order; a probe knows them as 0 … K − 1.
    """

    fit: tuple[Part, ...]
    eval: tuple[Part, ...]
    labels: Int64

    def classes_of(self, labels: Int64) -> Int64:
        """(n,) labels of the images to (n,) classes of the probes."""
        return np.searchsorted(self.labels, labels).astype(np.int64)


def open_task_images(
    tasks: Sequence[TaskConfig], inputs: StudyInputs, *, base: Path
) -> dict[str, TaskImages]:
    """By name, those of the tasks that have any; relative paths start at ``base``.

    Raises:
        ConfigError: when networks are feature files, which no other image can be given to.
        LabelError: when labels are missing, or a class has too few fit images.
        SamefeaturesError: of other kinds, when images are not there.
    """
    if tasks and len(inputs.image_networks) < len(inputs.networks):
        raise ConfigError(
            "tasks: networks of this study are feature files, and can't be asked about images. "
            "Leave 'tasks' out, or load the networks themselves."
        )
    found = {}
    for task in tasks:
        if task.data is None:
            continue
        try:
            found[task.name] = _opened(task.data, base)
        except SamefeaturesError as error:
            raise type(error)(f"tasks: {task.name}: {error}") from None
    return found


def _opened(data: DataConfig, base: Path) -> TaskImages:
    fit, evaluation = (_parts(entries, base) for entries in (data.fit, data.eval))
    fitted, scored = (np.concatenate(list(_labels(parts))) for parts in (fit, evaluation))
    labels, counts = np.unique(fitted, return_counts=True)
    missing = np.setdiff1d(scored, labels)
    if len(missing):
        raise LabelError(
            f"{len(missing)} of {len(np.union1d(labels, scored))} classes have no fit image: "
            f"{_listed(missing)}. Give fit images of them, or leave them out of 'eval'."
        )
    if len(labels) < 2:
        raise LabelError(
            f"All {len(fitted)} fit images are of class {labels[0]}, so there is nothing to ask. "
            "Give images of at least 2 classes."
        )
    few = labels[counts < FEWEST]
    if len(few):
        raise LabelError(
            f"{len(few)} of {len(labels)} classes have fewer than {FEWEST} fit images: "
            f"{_listed(few)}. Give more, or leave these classes out."
        )
    return TaskImages(fit=fit, eval=evaluation, labels=labels)


def _parts(entries: Sequence[PartConfig], base: Path) -> tuple[Part, ...]:
    return open_parts(entries, labelled=True, base=base)


def _labels(parts: Sequence[Part]) -> Iterator[Int64]:
    for part in parts:
        if part.images.labels is None:
            raise LabelError(
                f"'{part.images.name}' has no labels. Probes are fitted and scored by them; give a "
                "labels CSV, class folders, or another set."
            )
        yield part.images.labels


def _listed(labels: Int64) -> str:
    return ", ".join(map(str, labels[:SHOWN])) + (", …" if len(labels) > SHOWN else "")
