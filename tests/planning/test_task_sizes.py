"""Tasks in numbers: halves of the eval images for a rule, images of its own for another."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from samefeatures.planning.tasks import TaskSize, task_sizes
from samefeatures.study.config import parse_config
from samefeatures.study.task_images import TaskImages


@dataclass
class Listed:
    """As much of an image set as counts."""

    name: str
    count: int

    def __len__(self) -> int:
        return self.count


def test_sizes_of_tasks() -> None:
    own = {"name": "birds", "fit": "birds/train", "eval": "birds/test"}
    config = parse_config({"networks": ["mini:a", "mini:b"], "tasks": ["symmetry", own]})
    train, test = (SimpleNamespace(images=Listed(*each)) for each in (("train", 90), ("test", 31)))
    images = TaskImages(fit=(train,), eval=(test,), labels=np.array([0, 4, 9]))  # type: ignore[arg-type]
    rule, birds = task_sizes(config.tasks, {"birds": images}, 301)
    assert rule == TaskSize(fit_rows=150, eval_rows=150)
    assert (birds.fit_rows, birds.eval_rows, birds.classes) == (90, 31, 3)
    assert [(i.kind, i.name, i.rows) for i in birds.images] == [
        ("fit", "train", 90),
        ("eval", "test", 31),
    ]
