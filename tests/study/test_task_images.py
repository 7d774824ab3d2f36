"""Images of a task are looked at before anything is extracted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from samefeatures.base.errors import LabelError
from samefeatures.scores import probe as probing
from samefeatures.study import tasks as asking
from samefeatures.study.config import parse_config
from samefeatures.study.study import Study

MAP = '{"black": 3, "white": 700, "grey": 12}'
LEVELS = {"black": 20, "white": 230, "grey": 120}


def pictures(folder: Path, counts: dict[str, int]) -> None:
    """Class folders of images of noise about a level."""
    rng = np.random.default_rng(len(folder.name))
    for name, count in counts.items():
        for i in range(count):
            path = folder / name / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            levels = rng.integers(LEVELS[name] - 20, LEVELS[name] + 20, (28, 28), dtype=np.uint8)
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
