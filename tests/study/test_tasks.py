"""Tasks against probes, maps and labels put together by hand, and in worlds of known contents."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from npz_worlds import CLASSES, make_worlds, write_npz
from samefeatures.base.errors import ConfigError, LabelError, SamefeaturesError
from samefeatures.features.rows import ArrayRows
from samefeatures.networks.record import FeatureFile
from samefeatures.study import tasks as asking
from samefeatures.study.config import parse_config
from samefeatures.study.results import StudyResults
from samefeatures.study.results.tasks import ANSWERS_ALONE
from samefeatures.study.study import Study
from samefeatures.study.task_rows import Half, TaskRows, rule_rows
from samefeatures.study.tasks import ask_task

PAIR = ("resnet_v1", "mobilenet_v2")


def pictures_of(tmp_path: Path, **changes: Any) -> Study:
    """Two miniatures on the packaged images."""
    raw = {
        "networks": [f"mini:{name}" for name in PAIR],
        "data": {
            "fit": {"source": "fashion-mnist:fit", "limit": 500},
            "eval": {"source": "fashion-mnist:eval", "limit": 300},
        },
        "methods": ["ols", "naive"],
        **changes,
    }
    return Study(parse_config(raw), out=tmp_path / "out", base=tmp_path)


def test_a_rule_is_a_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = pictures_of(tmp_path, tasks=["brightness", "symmetry"])
    results = study.score()
    assert [task.name for task in results.tasks] == ["brightness", "symmetry"]
    (path,) = (study.out / "tasks").glob("brightness--*.npz")
    probes = np.load(path)
    for task in results.tasks:
        assert (task.chance, task.classes, task.rule) == (50, 2, True)
        assert {(c.method, c.source, c.target) for c in task.cells} == {
            ("ols", a, b) for a in PAIR for b in PAIR
        }  # naive uses no images
        assert len(task.answers) == len(task.probes) == 2
    # A hybrid, by hand: source, then the study's map, then the target's probe.
    task, (a, b) = results.tasks[0], PAIR
    values = asking._values(study.task_inputs)
    rows = rule_rows("brightness", study.eval_features.rows, values, study.eval_labels)
    fitted = study.map("ols", a, b)
    mapped = rows.evaluation.features(a) @ fitted.weight.T + fitted.bias
    logits = mapped @ probes[f"{b}.weight"].T + probes[f"{b}.bias"]
    (cell,) = [c for c in task.cells if (c.source, c.target) == (a, b)]
    assert cell.correct == int((logits.argmax(1) == rows.evaluation.labels).sum())
    assert cell.n == task.n == len(rows.evaluation.labels)
    assert not set(rows.fit.ids) & set(rows.evaluation.ids)
    # Read again, and nothing done twice.
    assert StudyResults.load(study.results_path).tasks == results.tasks
    monkeypatch.setattr(asking, "fit_probe", None)
    assert pictures_of(tmp_path, tasks=["brightness", "symmetry"]).score().tasks == results.tasks
    table = list(csv.DictReader((study.out / "tasks.csv").read_text().splitlines()))
    assert len(table) == 2 * (4 + 2)
    assert [row["method"] for row in table].count(ANSWERS_ALONE) == 4


def test_each_class_of_each_half_has_as_many_of_both_labels() -> None:
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 4, 203)
    values = np.zeros((203, 5), np.float32)
    values[:, 0] = rng.normal(size=203) + classes
    rows = {"a": ArrayRows(name="a", values=np.zeros((203, 2), np.float32), fingerprint="a")}
    measured = ArrayRows(name="questions", values=values, fingerprint="q")
    task = rule_rows("brightness", rows, measured, classes)
    for half in (task.fit, task.evaluation):
        for k in range(4):
            labels = half.labels[classes[half.at] == k]
            assert (labels == 0).sum() == (labels == 1).sum() > 0


def test_an_image_is_in_the_half_that_its_id_says() -> None:
    """Wherever its row stands, and with the other rows of the same image."""
    rng = np.random.default_rng(0)
    ids = [f"{i}.png" for i in range(200)]
    values, classes = rng.normal(size=(200, 5)).astype(np.float32), rng.integers(0, 4, 200)

    def fitted(order: np.ndarray) -> set[str]:
        names = [ids[i] for i in order]
        plain = np.zeros((200, 2), np.float32)
        without = ArrayRows(name="a", values=plain, fingerprint="a")
        known = ArrayRows(name="b", values=plain, fingerprint="b", ids=names)
        measured = ArrayRows(name="questions", values=values[order], fingerprint="q")
        rows = {"a": without, "b": known}
        return {names[i] for i in rule_rows("brightness", rows, measured, classes[order]).fit.at}

    straight = fitted(np.arange(200))
    assert 80 < len(straight) <= 100
    assert fitted(rng.permutation(200)) == straight


def test_hue_of_grey_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"tasks: hue: in the half to fit probes: None of the"):
        pictures_of(tmp_path, tasks=["hue"]).score()


def test_images_of_its_own_that_are_the_eval_set_are_named(tmp_path: Path) -> None:
    images = {"source": "fashion-mnist:eval", "limit": 300}
    own = {"name": "clothes", "fit": "fashion-mnist:eval", "eval": images}
    own["fit"] = {"source": "fashion-mnist:fit", "limit": 400}
    with pytest.raises(
        SamefeaturesError, match=r"tasks: clothes: .* holds no 'labels'"
    ):  # fit images of the package carry no labels
        pictures_of(tmp_path, tasks=[own]).score()
    own["fit"] = images
    results = pictures_of(tmp_path, tasks=[own]).score()
    (task,) = results.tasks
    assert (task.classes, task.n, task.fit_rows) == (10, 300, 300)
    for said in (
        "clothes: 300 of 300 scored images are among those that its probes are fitted on",
        "clothes: 300 of 300 scored images are eval images of the study.",
        "clothes: 300 of 300 images that its probes are fitted on are eval images of the study.",
    ):
        assert sum(text.startswith(said) for text in results.warnings) == 1
    assert min(cell.top1 for cell in task.cells) > 60


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tasks": ["brightnes"]}, "Did you mean 'brightness'"),
        ({"tasks": ["hue", "hue"]}, "the task 'hue' stands twice"),
        ({"tasks": "hue"}, "give a list of tasks"),
        ({"tasks": ["hue"], "store": False}, "'store: false' keeps none"),
        ({"tasks": ["hue"], "methods": ["naive"]}, "no method of this study uses images"),
        ({"tasks": ["hue"], "networks": ["mini:resnet_v1"]}, "one network has none"),
        ({"tasks": [{"name": "x", "fit": "fashion-mnist:fit"}]}, "needs 'eval' too"),
        ({"tasks": [{"name": "x", "eval": "fashion-mnist:fit"}]}, "needs 'fit' too"),
        ({"tasks": [3]}, r"tasks\.0: Input should be a valid dictionary"),
        ({"tasks": ["hue", {"name": "hue", "fit": "a", "eval": "b"}]}, "'hue' stands twice"),
        ({"tasks": [{"name": "x", "limit": 3, "fit": "a", "eval": "b"}]}, "unknown key 'limit'"),
        (
            {"tasks": [{"name": "a/b", "fit": "a", "eval": "b"}]},
            "the name 'a/b' can't be part of a file name",
        ),
        (
            {"tasks": [{"name": "x", "fit": ["a", {"source": "b", "views": 2}], "eval": "c"}]},
            "a task takes the centre crop",
        ),
    ],
)
def test_tasks_that_can_not_work_are_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        pictures_of(tmp_path, **changes)


def test_rules_and_images_of_its_own(tmp_path: Path) -> None:
    own = {"name": "x", "fit": ["a", "b"], "eval": "c"}
    for tasks in (["hue", own], ("hue", own)):
        rule, mine = pictures_of(tmp_path, tasks=tasks).config.tasks
        assert (rule.name, rule.data) == ("hue", None)
        assert mine.name == "x"
        assert mine.data is not None
        assert [part.source for part in mine.data.fit] == ["a", "b"]
        assert [part.source for part in mine.data.eval] == ["c"]


def test_networks_of_features_alone_can_not_be_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="are feature files, and can't be asked"):
        world_study(tmp_path, make_worlds(), tasks=["hue"]).score()


def world_study(tmp_path: Path, worlds: dict[str, dict], **changes: Any) -> Study:
    sources = [write_npz(tmp_path, name, world) for name, world in worlds.items()]
    config = parse_config({"networks": sources, "methods": ["ols"], **changes})
    return Study(config, out=tmp_path / "out", base=tmp_path)


@pytest.mark.parametrize("shared", [True, False])
def test_answers_alone_can_not_fake_a_task(tmp_path: Path, shared: bool) -> None:
    """Class means, and beyond them four directions: those of one cause, or each network's own."""
    rng, d, n, m = np.random.default_rng(3), 12, 3000, 2400
    classes = {"fit": rng.integers(0, CLASSES, n), "eval": rng.integers(0, CLASSES, m)}
    common = {kind: rng.normal(size=(len(y), 4)) for kind, y in classes.items()}
    worlds, private = {}, {}
    for name in "ab":
        centres = 8 * rng.normal(size=(CLASSES, d))
        mix, weak = rng.normal(size=(4, d)), 0.05
        world: dict[str, np.ndarray] = {}
        for kind, y in classes.items():
            cause = common[kind] if shared else rng.normal(size=(len(y), 4))
            private[name, kind] = cause
            x = centres[y] + cause @ mix + weak * rng.normal(size=(len(y), d))
            world[f"{kind}_features"] = x.astype(np.float32)
        world |= {"head_weight": centres, "head_bias": -0.5 * (centres**2).sum(1)}
        world["eval_labels"] = classes["eval"]
        worlds[name] = world
    study = world_study(tmp_path, worlds)
    study.fit()
    networks = study.inputs.networks
    assert all(isinstance(net, FeatureFile) for net in networks.values())
    # Each target's question is about a direction of its own; it is one where causes are shared.
    for target in "ab":
        labels = (private[target, "eval"][:, 0] > 0).astype(np.int64)
        half = np.arange(m) % 2
        fit, evaluation = (
            Half(
                rows=study.eval_features.rows,
                at=np.flatnonzero(half == h),
                labels=labels[half == h],
            )
            for h in (0, 1)
        )
        task = TaskRows(name=f"of_{target}", rule=False, classes=2, fit=fit, evaluation=evaluation)
        found = ask_task(task, study.task_inputs)
        own = next(c for c in found.cells if c.source == c.target == target)
        hybrid = next(c for c in found.cells if c.target == target != c.source)
        alone = next(row for row in found.answers if row.target == target)
        assert own.top1 > 90
        assert 45 < alone.top1 < 55
        if shared:
            assert hybrid.top1 > 90
        else:
            assert 45 < hybrid.top1 < 55
