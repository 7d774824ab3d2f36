"""A task on disk, and its probes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_task_results import TASK

from samefeatures.base.errors import StoreError
from samefeatures.networks.record import Head
from samefeatures.study.task_files import TaskFile

KEY = "0123456789abcdef" + "f" * 48
PROBES = {
    "a": Head(np.arange(6, dtype=np.float32).reshape(3, 2), np.array([7, 8, 9], np.float32)),
    "b": Head(np.ones((3, 4), np.float32), np.zeros(3, np.float32)),
}


def test_a_task_comes_back_with_its_probes_beside_it(tmp_path: Path) -> None:
    file = TaskFile(tmp_path / "out" / "tasks", "hue", KEY)
    assert file.read() is None
    for _ in range(2):  # where its folder is there already, too
        file.write(TASK, PROBES)
    assert file.path == tmp_path / "out" / "tasks" / "hue--0123456789abcdef.json"
    assert file.read() == TASK
    with np.load(file.path.with_suffix(".npz")) as kept:
        assert {name: kept[name].tolist() for name in kept.files} == {
            "a.weight": [[0, 1], [2, 3], [4, 5]],
            "a.bias": [7, 8, 9],
            "b.weight": [[1] * 4] * 3,
            "b.bias": [0] * 3,
        }


def test_those_of_other_settings_are_removed_and_no_other_tasks(tmp_path: Path) -> None:
    folder = tmp_path / "out" / "tasks"
    first, other = TaskFile(folder, "hue", "f" * 64), TaskFile(folder, "hue2", "e" * 64)
    for file in (first, other):
        file.write(replace(TASK, name=file.name), PROBES)
    file = TaskFile(folder, "hue", KEY)
    file.write(TASK, PROBES)
    kept = {path for each in (file, other) for path in (each.path, each.probes)}
    assert set(folder.iterdir()) == kept
    assert first.read() is None
    assert TaskFile(folder, "hue2", "e" * 64).read() == replace(TASK, name="hue2")


def test_nothing_out_of_the_study_is_removed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "hue--old.json").write_text("theirs")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "tasks").symlink_to(elsewhere)
    with pytest.raises(StoreError, match="nothing out there is deleted"):
        TaskFile(tmp_path / "out" / "tasks", "hue", KEY).write(TASK, PROBES)
    assert (elsewhere / "hue--old.json").exists()
