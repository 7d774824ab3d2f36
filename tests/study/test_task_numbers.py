"""The numbers of a task against probes, maps and means put together by hand; what decides them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from npz_worlds import feature_file
from samefeatures.base.errors import LabelError
from samefeatures.features.rows import ArrayRows
from samefeatures.maps import AffineMap
from samefeatures.networks.record import Head
from samefeatures.scores.intervals import wilson
from samefeatures.scores.probe import fit_probe
from samefeatures.study import tasks as module
from samefeatures.study.map_files import MapFiles
from samefeatures.study.results import TaskProbe
from samefeatures.study.task_config import TaskConfig
from samefeatures.study.task_rows import Half, TaskRows
from samefeatures.study.tasks import TaskInputs, ask_task, run_tasks
from watching import Told, noted_place

DIMS = {"a": 6, "b": 5, "c": 4}
RNG = np.random.default_rng(0)
FIT = {k: RNG.normal(size=(80, d)).astype(np.float32) for k, d in DIMS.items()}
EVAL = {k: RNG.normal(size=(90, d)).astype(np.float32) for k, d in DIMS.items()}
HEADS = {
    k: Head(RNG.normal(size=(4, d)).astype("f4"), np.zeros(4, np.float32)) for k, d in DIMS.items()
}
LABELS = RNG.permutation(np.repeat([0, 1, 2], [25, 29, 36]))
for _k, _x in EVAL.items():
    _x[:, :3] += 1.5 * np.eye(3, dtype=np.float32)[LABELS]
METHODS = {"ols": "key of ols", "naive": "key of naive"}


def rows_of(values: dict[str, np.ndarray], what: str) -> dict[str, ArrayRows]:
    return {
        name: ArrayRows(name=name, values=x, fingerprint=f"{what} {name}")
        for name, x in values.items()
    }


def task_of(**changes: Any) -> TaskRows:
    rows, odd = rows_of(EVAL, "eval"), np.arange(90) % 3 > 0
    fit, evaluation = (
        Half(rows=rows, at=np.flatnonzero(odd == k), labels=LABELS[odd == k]) for k in (0, 1)
    )
    given: dict[str, Any] = {"name": "hue", "rule": True, "classes": 3, "notes": ("a note",)}
    return TaskRows(**{**given, "fit": fit, "evaluation": evaluation, **changes})


def given_to(folder: Path) -> tuple[TaskInputs, list[str], dict[tuple[str, str, str], AffineMap]]:
    """A study whose maps are fitted, what is asked of its place, and the maps."""
    networks = {name: feature_file(name, FIT[name], HEADS[name]) for name in DIMS}
    maps = MapFiles(folder / "maps", tuple(METHODS), tuple(DIMS))
    rng, fitted = np.random.default_rng(1), {}
    for method in METHODS:
        (folder / "maps" / method).mkdir(parents=True)
        for source, target in ((a, b) for a in DIMS for b in DIMS if a != b):
            one = fitted[method, source, target] = AffineMap(
                weight=rng.normal(size=(DIMS[target], DIMS[source])),
                bias=rng.normal(size=DIMS[target]),
                source=source,
                target=target,
                method=method,
                source_fingerprint=networks[source].fingerprint,
                target_fingerprint=networks[target].fingerprint,
            )
            maps.keep(method, one)
    place, asked = noted_place()
    inputs: Any = SimpleNamespace(networks=networks)
    runner: Any = None
    return (
        TaskInputs(
            inputs=inputs,
            fit=rows_of(FIT, "fit"),
            evaluation=rows_of(EVAL, "eval"),
            labels=np.zeros(90, np.int64),
            images={},
            maps=maps,
            keys=METHODS,
            runner=runner,
            folder=folder / "tasks",
            algebra=place,
            progress=Told(),
        ),
        asked,
        fitted,
    )


def test_every_number_of_a_task(tmp_path: Path) -> None:
    given, asked, fitted = given_to(tmp_path / "out")
    task = task_of()
    found = ask_task(task, given)
    assert (found.name, found.rule, found.classes, found.notes) == ("hue", True, 3, ("a note",))
    labels = task.evaluation.labels
    assert (found.fit_rows, found.n) == (30, 60)
    assert found.chance == 100 * max((labels == k).sum() for k in range(3)) / 60
    features = {name: x[np.arange(90) % 3 > 0] for name, x in EVAL.items()}
    probes = {
        name: fit_probe(x[::3], task.fit.labels, task.fit.ids, classes=3)
        for name, x in EVAL.items()
    }
    assert found.probes == tuple(
        TaskProbe(
            network=name,
            strength=probe.note.strength,
            steps=probe.note.steps,
            message=probe.note.message,
        )
        for name, probe in probes.items()
    )
    places = [(m, a, b) for m in METHODS for a in DIMS for b in DIMS]
    assert [(c.method, c.source, c.target) for c in found.cells] == places
    own = {name: probes[name].head.logits(x).argmax(axis=1) for name, x in features.items()}
    for cell in found.cells:
        said = own[cell.target]
        if cell.source != cell.target:
            one = fitted[cell.method, cell.source, cell.target]
            mapped = features[cell.source] @ one.weight.T + one.bias
            said = probes[cell.target].head.logits(mapped.astype("f4")).argmax(axis=1)
        assert (cell.n, cell.correct, cell.measures) == (60, (said == labels).sum(), {})
        assert cell.agreement == pytest.approx(100 * (said == own[cell.target]).mean())
    assert [(r.source, r.target) for r in found.answers] == [
        (a, b) for a in DIMS for b in DIMS if a != b
    ]
    for row in found.answers:
        one_hot = np.eye(4)[HEADS[row.source].logits(FIT[row.source]).argmax(axis=1)]
        assert one_hot.any(axis=0).all()  # each answer is given
        means = np.linalg.lstsq(one_hot, FIT[row.target].astype(float), rcond=None)[0]
        answers = HEADS[row.source].logits(features[row.source]).argmax(axis=1)
        said = probes[row.target].head.logits(means.astype("f4")).argmax(axis=1)[answers]
        correct = int((said == labels).sum())
        assert (row.n, row.correct, row.top1) == (60, correct, 100 * correct / 60)
        assert (row.ci_low, row.ci_high) == wilson(correct, 60)
    # Per source one pass with its own probe, one a method; a fold for each pair of each method.
    assert sorted(asked) == ["heads"] * (3 + 3 * 2) + ["product"] * 12
    (path,) = (tmp_path / "out" / "tasks").glob("hue--*.npz")
    with np.load(path) as kept:
        for name, probe in probes.items():
            np.testing.assert_array_equal(kept[f"{name}.weight"], probe.head.weight)


def test_a_task_is_read_until_something_that_decides_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, _, _ = given_to(tmp_path / "out")
    task = task_of()
    key = module._key(task, given)
    assert module._key(task_of(), replace(given, progress=Told())) == key
    other = feature_file("b", FIT["b"], HEADS["b"])
    networks: Any = {**given.networks, "b": replace(other, fingerprint="other weights")}
    inputs: Any = SimpleNamespace(networks=networks)
    rows = {**task.fit.rows, "b": replace(rows_of(EVAL, "eval")["b"], fingerprint="other rows")}
    tasks = [
        replace(task, name="brightness"),
        replace(task, notes=("a note", "another")),
        *(
            replace(task, **{side: replace(half, **change)})
            for side, half in (("fit", task.fit), ("evaluation", task.evaluation))
            for change in (
                {"rows": rows},
                {"at": np.roll(half.at, 1)},
                {"labels": np.roll(half.labels, 1)},
            )
        ),
    ]
    keys = [module._key(each, given) for each in tasks]
    keys += [
        module._key(task, replace(given, inputs=inputs)),
        module._key(task, replace(given, keys={**METHODS, "ols": "another key"})),
        module._key(task, replace(given, keys={"new": METHODS["ols"], "naive": "key of naive"})),
    ]
    monkeypatch.setattr(module, "TASKS_VERSION", 2)
    keys.append(module._key(task, given))
    assert len({key, *keys}) == 1 + len(keys) == 13
    monkeypatch.undo()
    first = ask_task(task, given)
    monkeypatch.setattr(module, "fit_probe", lambda *_, **__: pytest.fail("fitted again"))
    assert ask_task(task, given) == first


def test_what_a_probe_that_does_not_converge_says_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, _, _ = given_to(tmp_path / "out")
    monkeypatch.setattr(module, "fit_probe", partial(fit_probe, steps=1, strengths=[0.1]))
    said = [(probe.steps, probe.message[:22]) for probe in ask_task(task_of(), given).probes]
    assert said == [(1, "the probe does not con")] * 3


def test_a_class_that_no_probe_can_learn_is_named_with_its_task(tmp_path: Path) -> None:
    given, _, _ = given_to(tmp_path / "out")
    task = task_of()
    alone = replace(task, fit=replace(task.fit, labels=np.zeros(30, np.int64)))
    with pytest.raises(LabelError, match=r"^tasks: hue: "):
        ask_task(alone, given)


IMAGES = {"fit": {"source": "fit"}, "eval": {"source": "eval"}}
OWN, RULE = (TaskConfig.model_validate(x) for x in ({"name": "x", **IMAGES}, {"name": "hue"}))


@pytest.mark.parametrize("tasks", [[OWN], [RULE], [OWN, RULE, RULE]])
def test_what_rules_measure_is_taken_once_and_only_for_rules(
    tasks: Sequence[TaskConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, _, _ = given_to(tmp_path / "out")
    given = replace(given, images={"x": "images of x"})  # type: ignore[dict-item]
    called: list[tuple[Any, ...]] = []

    def noted(name: str, gives: Any) -> Callable[..., Any]:
        def take(*told: Any) -> Any:
            called.append((name, *told))
            return gives(*told)

        return take

    monkeypatch.setattr(module, "_values", noted("values", lambda _: "measured"))
    for name in ("own_rows", "rule_rows"):
        monkeypatch.setattr(module, name, noted(name, lambda *told: told[0]))
    monkeypatch.setattr(module, "ask_task", lambda task, told: (task, told is given))
    found: Any = run_tasks(tasks, given)
    assert found == tuple((task.name, True) for task in tasks)
    rules = tasks.count(RULE)
    assert called.count(("values", given)) == min(rules, 1)
    sides = {"fit": given.fit, "eval": given.evaluation}
    for told in called:
        if told[0] == "own_rows":
            assert told == ("own_rows", "x", "images of x", given.rows_on, sides)
        if told[0] == "rule_rows":
            assert told[1:] == ("hue", given.evaluation, "measured", given.labels)
    assert [told[0] for told in called].count("rule_rows") == rules
    progress: Any = given.progress
    assert progress.tasks == {"tasks": (len(tasks), [1] * len(tasks))}


def test_rows_on_images_are_those_of_all_networks_and_rules_beside_them(tmp_path: Path) -> None:
    given, _, _ = given_to(tmp_path / "out")
    extracted: list[tuple[list[str], str, str]] = []
    seen: list[str] = []

    class Runner:
        def extract(self, networks: Sequence[Any], part: Any, *, kind: str) -> list[str]:
            seen[:] = [net.preprocessing for net in networks]
            extracted.append(([net.name for net in networks], part.name, kind))
            return [f"rows of {net.name}" for net in networks]

    sees = [SimpleNamespace(name=name, preprocessing=f"as {name} takes it") for name in "ab"]
    parts = [SimpleNamespace(name=name, prefix=None) for name in ("fit part", "eval part")]
    inputs: Any = SimpleNamespace(image_networks=sees, eval=parts[1:], networks={})
    runner: Any = Runner()
    given = replace(given, inputs=inputs, runner=runner)
    found: dict[str, Any] = given.rows_on(parts[:1], "fit")  # type: ignore[arg-type]
    assert found == {"a": "rows of a", "b": "rows of b"}
    values: Any = module._values(given)
    assert values == "rows of questions"
    assert seen == ["as a takes it", "as b takes it", "as a takes it"]
    assert extracted == [
        (["a", "b"], "fit part", "fit"),
        (["a", "b", "questions"], "eval part", "eval"),
    ]
