"""Images of a task are looked at before anything is extracted."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from samefeatures.base.errors import ConfigError, LabelError
from samefeatures.scores import probe as probing
from samefeatures.study import tasks as asking
from samefeatures.study.config import parse_config
from samefeatures.study.study import Study
from samefeatures.study.task_config import TaskConfig
from samefeatures.study.task_images import TaskImages, open_task_images

MAP = '{"black": 3, "white": 700, "grey": 12}'
LEVELS = {"black": 20, "white": 230, "grey": 120}


def pictures(folder: Path, counts: dict[str, int]) -> None:
    """Class folders of images of noise about a level."""
    rng = np.random.default_rng(len(folder.name))
    for name, count in counts.items():
        for i in range(count):
            path = folder / name / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            level = LEVELS.get(name, 100)
            levels = rng.integers(level - 20, level + 20, (28, 28), dtype=np.uint8)
            Image.fromarray(levels).save(path)


def shades(base: Path, fit: dict[str, int], evaluation: dict[str, int], **keys: Any) -> Study:
    """Two miniatures, asked which shade an image of noise has."""
    (base / "map.json").write_text(MAP)
    pictures(base / "fit", fit)
    pictures(base / "eval", evaluation)
    given = {"class_map": "map.json", **keys}
    raw = {
        "networks": ["mini:resnet_v1", "mini:mobilenet_v2"],
        "data": {
            "fit": {"source": "fashion-mnist:fit", "limit": 60},
            "eval": {"source": "fashion-mnist:eval", "limit": 30},
        },
        "methods": ["ols"],
        "tasks": [
            {
                "name": "shade",
                "fit": {"source": "fit", **given},
                "eval": {"source": "eval", **given},
            }
        ],
    }
    return Study(parse_config(raw), out=base / "out", base=base)


def test_labels_need_not_count_from_zero(tmp_path: Path) -> None:
    """Classes 3 and 700 of a thousand, as class folders of ImageNet give them."""
    study = shades(tmp_path, {"black": 12, "white": 9}, {"black": 5, "white": 8})
    (task,) = study.score().tasks
    assert (task.classes, task.fit_rows, task.n) == (2, 21, 13)
    assert task.chance == pytest.approx(100 * 8 / 13)
    assert [c.top1 for c in task.cells if c.source == c.target] == [100, 100]
    found = study.task_images["shade"]
    assert list(found.labels) == [3, 700]
    assert list(found.classes_of(np.array([700, 3, 3]))) == [1, 0, 0]
    assert [len(part.images) for part in (*found.fit, *found.eval)] == [21, 13]
    assert task.notes == ()


def opened(base: Path, fit: dict[str, int], evaluation: dict[str, int]) -> TaskImages:
    """Of class folders, numbered in their order; behind a rule, which has none."""
    pictures(base / "fit", fit)
    pictures(base / "eval", evaluation)
    class_map = {name: 10 * k for k, name in enumerate(sorted({*fit, *evaluation}))}
    (base / "map.json").write_text(json.dumps(class_map))
    sides = {k: {"source": k, "class_map": "map.json"} for k in ("fit", "eval")}
    tasks = [TaskConfig(name="hue"), TaskConfig.model_validate({"name": "own", **sides})]
    inputs: Any = SimpleNamespace(image_networks=["a", "b"], networks={"a": 1, "b": 2})
    found = open_task_images(tasks, inputs, base=base)
    assert list(found) == ["own"]
    return found["own"]


def test_two_classes_of_two_images_are_enough(tmp_path: Path) -> None:
    found = opened(tmp_path, {"x": 2, "y": 2, "z": 3}, {"y": 1})
    assert found.labels.tolist() == [0, 10, 20]
    assert [len(part.images) for part in (*found.fit, *found.eval)] == [7, 1]
    assert found.classes_of(np.array([20, 0, 10, 20])).tolist() == [2, 0, 1, 2]
    assert opened(tmp_path / "two", {"x": 2, "y": 2}, {"y": 1}).labels.tolist() == [0, 10]


@pytest.mark.parametrize(
    ("count", "listed"), [(5, "10, 20, 30, 40, 50"), (6, "10, 20, 30, 40, 50, …")]
)
def test_five_classes_are_listed_of_those_that_are_missing_or_few(
    tmp_path: Path, count: int, listed: str
) -> None:
    others = [f"c{k}" for k in range(1, count + 1)]
    ready = {"b0": 2, "z": 2}
    missing = rf"own: {count} of {count + 2} classes have no fit image: {listed}\. Give"
    with pytest.raises(LabelError, match=missing):
        opened(tmp_path / "missing", ready, {"b0": 1, **dict.fromkeys(others, 1)})
    few = rf"own: {count} of {count + 2} classes have fewer than 2 fit images: {listed}\. Give"
    with pytest.raises(LabelError, match=few):
        opened(tmp_path / "few", {**ready, **dict.fromkeys(others, 1)}, {"b0": 1})


def test_a_study_of_files_alone_may_have_no_task(tmp_path: Path) -> None:
    inputs: Any = SimpleNamespace(image_networks=["a"], networks={"a": 1, "b": 2})
    assert open_task_images([], inputs, base=tmp_path) == {}
    with pytest.raises(ConfigError, match="are feature files"):
        open_task_images([TaskConfig(name="hue")], inputs, base=tmp_path)


@pytest.mark.parametrize(
    ("fit", "evaluation", "message"),
    [
        ({"black": 4, "white": 4}, {"black": 2, "grey": 2}, "1 of 3 classes have no fit image: 12"),
        ({"black": 4}, {"black": 2}, "All 4 fit images are of class 3"),
        (
            {"black": 4, "white": 1},
            {"black": 2},
            "1 of 2 classes have fewer than 2 fit images: 700",
        ),
    ],
)
def test_classes_that_a_probe_can_not_learn_are_refused_before_extraction(
    tmp_path: Path, fit: dict[str, int], evaluation: dict[str, int], message: str
) -> None:
    with pytest.raises(LabelError, match=f"tasks: shade: {message}"):
        shades(tmp_path, fit, evaluation).fit()
    assert not (tmp_path / "out" / "features").exists()


def test_a_task_without_labels_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = shades(tmp_path, {"black": 4, "white": 4}, {"black": 2, "white": 2})
    whole = study.inputs.fit  # images of the package without labels
    monkeypatch.setattr("samefeatures.study.task_images.open_parts", lambda *_, **__: whole)
    with pytest.raises(LabelError, match="tasks: shade: 'fashion-mnist-fit' has no labels"):
        study.fit()


def test_a_probe_that_does_not_converge_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "fit_probe", lambda *a, **k: probing.fit_probe(*a, **k, steps=1))
    results = shades(tmp_path, {"black": 12, "white": 9}, {"black": 5, "white": 8}).score()
    for name in ("resnet_v1", "mobilenet_v2"):
        said = f"shade: {name}: the probe does not converge: after 1 steps its largest gradient is"
        assert sum(text.startswith(said) for text in results.warnings) == 1
    assert all(probe.message for probe in results.tasks[0].probes)
