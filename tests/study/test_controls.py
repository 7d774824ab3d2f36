"""Controls against least squares on the rows themselves, by NumPy and scikit-learn."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LinearRegression
from statsmodels.stats.proportion import proportion_confint
from test_control_spaces import CLASSES, DIM, own
from test_control_spaces import world as a_world

from npz_worlds import make_worlds, write_npz
from samefeatures.maps import OLS, SourceProblem
from samefeatures.networks.random_weights import with_random_weights
from samefeatures.networks.record import Head
from samefeatures.study import control_spaces
from samefeatures.study import controls as taking
from samefeatures.study.beyond import beyond_rows
from samefeatures.study.config import parse_config
from samefeatures.study.control_inputs import ControlInputs
from samefeatures.study.control_spaces import taken
from samefeatures.study.controls import SEED, run_controls
from samefeatures.study.controls_config import ControlsConfig
from samefeatures.study.fit_labels import fit_labels
from samefeatures.study.made_spaces import make_spaces
from samefeatures.study.results import ControlRow, Controls, SpaceFindings, StudyResults
from samefeatures.study.results.spaces import BeyondRow
from samefeatures.study.sides import rows_of_others
from samefeatures.study.study import Study
from watching import Told, not_on_the_host


@pytest.fixture
def study(tmp_path: Path) -> Study:
    sources = [write_npz(tmp_path, name, world) for name, world in make_worlds().items()]
    config = parse_config({"networks": sources, "methods": ["ols"], "controls": True})
    return Study(config, out=tmp_path / "out", base=tmp_path)


def controls_of(study: Study) -> Controls:
    found = study.score().controls
    assert found is not None
    return found


def row(controls: Controls, control: str, target: str) -> ControlRow:
    (found,) = [r for r in controls.rows if (r.control, r.target) == (control, target)]
    return found


def right(features: np.ndarray, model: LinearRegression, world: dict[str, Any]) -> int:
    """Right predictions of a regression onto a network's features, through its head."""
    logits = model.predict(features) @ world["head_weight"].T + world["head_bias"]
    return int((logits.argmax(1) == world["eval_labels"]).sum())


def test_shuffled_pairs_are_least_squares_on_permuted_rows(study: Study) -> None:
    controls, worlds = controls_of(study), make_worlds()
    order = np.random.default_rng(SEED).permutation(400)
    mixed = np.empty_like(worlds["a"]["fit_features"])
    mixed[order] = worlds["a"]["fit_features"]
    for target in "bc":
        model = LinearRegression().fit(mixed, worlds[target]["fit_features"])
        found = row(controls, "shuffled pairs", target)
        assert found.correct == right(worlds["a"]["eval_features"], model, worlds[target])
        assert found.top1 is not None
        assert found.top1 < 45  # chance is 20 %, of 5 unequal classes
    assert not list((study.out / "controls").glob("permuted*"))


def test_onto_logits_is_the_regression_of_the_logits(study: Study) -> None:
    controls, worlds = controls_of(study), make_worlds()
    assert controls.logit_predictions_differing == 0
    assert controls.logit_difference < 1e-5
    for target in "bc":
        world = worlds[target]
        logits = world["fit_features"] @ world["head_weight"].T + world["head_bias"]
        model = LinearRegression().fit(worlds["a"]["fit_features"], logits)
        predicted = model.predict(worlds["a"]["eval_features"]).argmax(1)
        found = row(controls, "onto logits", target)
        assert found.correct == (predicted == world["eval_labels"]).sum()
        assert found.correct == row(controls, "ols", target).correct


def test_a_difference_of_the_two_ways_to_logits_is_seen(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One class of one target is moved by 20: the largest difference, and it alone."""
    straight = taking._onto_logits
    heads: list[Head] = []

    def moved(*args: Any) -> list[Head]:
        heads.extend(straight(*args))
        bias = heads[1].bias.copy()
        bias[3] += 20
        return [heads[0], Head(heads[1].weight, bias)]

    monkeypatch.setattr(taking, "_onto_logits", moved)
    controls, features = controls_of(study), make_worlds()["a"]["eval_features"]
    logits = [head.logits(features) for head in heads]
    largest = max(float(np.abs(each).max()) for each in logits)
    assert controls.logit_difference == pytest.approx(20 / largest, rel=1e-3)
    before = logits[1].argmax(1)
    logits[1][:, 3] += 20
    differing = int((logits[1].argmax(1) != before).sum())
    assert controls.logit_predictions_differing == differing > 0


def test_heads_that_say_nothing_do_not_differ(tmp_path: Path) -> None:
    sources = []
    for name, world in make_worlds().items():
        head = {key: 0 * world[key] for key in ("head_weight", "head_bias")}
        sources.append(write_npz(tmp_path, name, world, **head))
    config = parse_config({"networks": sources, "methods": ["ols"], "controls": True})
    found = controls_of(Study(config, out=tmp_path / "out", base=tmp_path))
    assert (found.logit_difference, found.logit_predictions_differing) == (0, 0)


def test_the_real_maps_and_naive_are_those_of_the_study(tmp_path: Path, study: Study) -> None:
    config = parse_config(
        {
            "networks": [f"npz:{name}.npz" for name in "abc"],
            "methods": ["ols", "naive"],
            "controls": True,
        }
    )
    both = Study(config, out=tmp_path / "both", base=study.base)
    results = both.score()
    assert results.controls is not None
    for name in ("ols", "naive"):
        for target in "bc":
            cell = results.table(name)["a", target]
            found = row(results.controls, name, target)
            assert (found.correct, found.agreement) == (cell.correct, cell.agreement)
            assert (found.ci_low, found.ci_high) == (cell.ci_low, cell.ci_high)


def test_the_fit_set_without_labels_is_scored_by_agreement(study: Study) -> None:
    controls, worlds = controls_of(study), make_worlds()
    a, b = worlds["a"], worlds["b"]
    model = LinearRegression().fit(a["fit_features"], b["fit_features"])
    hybrid = model.predict(a["fit_features"]) @ b["head_weight"].T + b["head_bias"]
    own = b["fit_features"] @ b["head_weight"].T + b["head_bias"]
    found = row(controls, "fit set", "b")
    assert found.agreement == pytest.approx(100 * (hybrid.argmax(1) == own.argmax(1)).mean())
    assert (found.correct, found.top1, found.ci_low) == (None, None, None)
    assert "files without labels" in controls.left_out["top-1 on the fit set"]
    assert "known by its features alone" in controls.left_out["random weights of a"]
    for name in ("seen", "unseen"):
        assert row(controls, f"fit set, {name}", "b").correct is None


def test_they_are_written_and_read_back(study: Study) -> None:
    results = study.score()
    assert StudyResults.load(study.results_path) == results
    assert results.controls is not None
    with (study.out / "controls.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["control"] for r in rows] == [r.control for r in results.controls.rows]
    assert [r["top1"] for r in rows if r["control"] == "fit set"] == ["", ""]


def test_a_second_run_takes_none_again(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    first = study.score()
    name = "samefeatures.study.control_files.run_controls"
    monkeypatch.setattr(name, lambda *_: pytest.fail("controls were taken again"))
    assert Study(study.config, out=study.out, base=study.base).score() == first
    (path,) = (study.out / "controls").glob("*.json")
    path.write_text("{")
    (path.parent / "earlier.json").write_text("{}")
    monkeypatch.undo()
    assert Study(study.config, out=study.out, base=study.base).score() == first
    assert list(path.parent.iterdir()) == [path]  # those of an earlier state are gone


def test_off_unless_asked_for(npz_study: Study) -> None:
    assert npz_study.score().controls is None
    assert not (npz_study.out / "controls.csv").exists()


@pytest.fixture
def pictures(tmp_path: Path) -> Study:
    """Two miniatures on the packaged images."""
    config = parse_config(
        {
            "networks": ["mini:resnet_v1", "mini:mobilenet_v2"],
            "data": {
                "fit": {"source": "fashion-mnist:fit", "limit": 500},
                "eval": {"source": "fashion-mnist:eval", "limit": 200},
            },
            "methods": ["ols"],
            "controls": True,
        }
    )
    return Study(config, out=tmp_path / "out", base=tmp_path)


def test_random_weights_are_fitted_like_any_source(pictures: Study) -> None:
    controls = controls_of(pictures)
    assert set(controls.left_out) == {"top-1 on the fit set"}
    assert {(r.of, r.seed) for r in controls.spaces.rows if r.kind == "random weights"} == {
        ("resnet_v1", SEED),
        ("mobilenet_v2", SEED),
    }
    source, target = (pictures.inputs.networks[n] for n in ("resnet_v1", "mobilenet_v2"))
    another = with_random_weights(source, seed=SEED)
    fit, evaluation = (
        side[another.name] for side in rows_of_others(pictures.inputs, pictures.runner, [another])
    )
    x, z = (np.concatenate(list(rows.chunks(1000))) for rows in (fit, evaluation))
    y = np.concatenate(list(pictures.fit_features.rows["mobilenet_v2"].chunks(1000)))
    labels = pictures.eval_labels
    # With features that do not vary LinearRegression takes the solution of minimum norm too.
    logits = LinearRegression().fit(x.astype(float), y.astype(float)).predict(z)
    predicted = (logits @ target.head.weight.T + target.head.bias).argmax(1)
    (found,) = [
        r for r in controls.spaces.rows if (r.kind, r.target) == ("random weights", "mobilenet_v2")
    ]
    assert abs(found.correct - int((predicted == labels).sum())) <= 1
    real = row(controls, "ols", "mobilenet_v2")
    assert real.top1 is not None
    assert real.top1 > found.top1 + 5


def labels_of_fit(study: Study) -> Any:
    ids, networks = study.fit_features.ids, study.inputs.networks.values()
    return fit_labels(study.config.data, ids, networks=networks, base=study.base)


def with_fit(study: Study, fit: Any) -> Study:
    raw = study.config.model_dump(exclude_none=True, mode="json", exclude={"methods"})
    for part in raw["data"]["eval"]:
        part.pop("options"), part.pop("relist")
    raw["data"]["fit"] = fit
    return Study(parse_config({**raw, "methods": ["ols"]}), out=study.out, base=study.base)


def test_labels_of_the_fit_set_count_and_nothing_else(pictures: Study, tmp_path: Path) -> None:
    np.savez(
        tmp_path / "fit.npz",
        images=np.zeros((5, 28, 28), np.uint8),
        labels=np.array([3, 1, 4, 1, 5]),
    )
    fit = [{"source": "fit.npz", "views": 2}, {"source": "fashion-mnist:eval", "limit": 300}]
    study = with_fit(pictures, fit)
    labels = labels_of_fit(study)
    assert not isinstance(labels, str)
    assert labels[:10].tolist() == [3, 3, 1, 1, 4, 4, 1, 1, 5, 5]
    assert len(labels) == 310
    controls = controls_of(study)
    found = row(controls, "fit set", "mobilenet_v2")
    assert (found.n, controls.left_out) == (310, {})
    assert found.top1 is not None
    assert found.top1 > 70
    unlabelled = with_fit(pictures, {"source": "fashion-mnist:fit", "limit": 50})
    assert "no labels" in str(labels_of_fit(unlabelled))


def test_fit_labels_of_other_classes_are_left_out(pictures: Study, tmp_path: Path) -> None:
    np.savez(
        tmp_path / "other.npz", images=np.zeros((3, 28, 28), np.uint8), labels=np.array([0, 7, 99])
    )
    study = with_fit(pictures, "other.npz")
    said = str(labels_of_fit(study))
    assert "'other' has labels from 0 to 99, but resnet_v1 has 10 classes" in said


def test_a_run_that_was_stopped_takes_no_source_twice(
    tmp_path: Path, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def counted(source: str, *args: Any, **options: Any) -> Iterator[BeyondRow]:
        asked.append(source)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return beyond_rows(source, *args, **options)

    monkeypatch.setattr(control_spaces, "beyond_rows", counted)
    again = Study(study.config, out=tmp_path / "other", base=study.base)
    with pytest.raises(KeyboardInterrupt):
        again.score()
    names = list(again.inputs.networks)
    assert asked == names[:2]
    found = Study(study.config, out=tmp_path / "other", base=study.base).score().controls
    assert asked[2:] == names[1:]
    assert found == study.score().controls
    assert len(list((tmp_path / "other" / "controls").glob("*.json"))) == 1


def test_fit_labels_that_lack_a_class_map_say_so(pictures: Study, tmp_path: Path) -> None:
    for name in ("boot", "shirt"):
        (tmp_path / "named" / name).mkdir(parents=True)
        Image.new("L", (28, 28)).save(tmp_path / "named" / name / "0.png")
    study = with_fit(pictures, "named")
    said = str(labels_of_fit(study))
    assert said.startswith(f"the fit images have no labels that could be used: {tmp_path}/named: 2")
    assert "synsets, among them boot, shirt. Give a class map: a .json, .csv or .txt file" in said


@pytest.fixture
def few(tmp_path: Path) -> ControlInputs:
    """Few rows, and heads that no two of which agree."""
    inputs = a_world(tmp_path, shared=True, rows_of=(160, 90))
    rng = np.random.default_rng(2)
    networks = {
        name: replace(network, head=Head(rng.normal(size=(CLASSES, DIM)), rng.normal(size=CLASSES)))
        for name, network in inputs.networks.items()
    }
    return replace(inputs, networks=networks, chosen=ControlsConfig(class_noise=6))


def test_every_control_of_few_rows_by_hand(
    few: ControlInputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_spaces, "give_back", lambda: None)
    made = make_spaces(few)
    found = run_controls(few, made, own(few))
    assert (found.source, found.seed) == ("a", SEED)
    fits = {name: rows.values.astype(np.float64) for name, rows in few.fit.items()}
    evals = {name: rows.values for name, rows in few.evaluation.items()}
    mixed = np.empty_like(fits["a"])
    mixed[np.random.default_rng(SEED).permutation(160)] = fits["a"]
    labels = few.fit_labels()
    assert not isinstance(labels, str)
    unseen = made.fold_of == 0
    models = {
        "ols": LinearRegression().fit(fits["a"], np.hstack([fits["b"], fits["c"]])),
        "shuffled pairs": LinearRegression().fit(mixed, np.hstack([fits["b"], fits["c"]])),
        "seen": LinearRegression().fit(
            fits["a"][~unseen], np.hstack([fits["b"], fits["c"]])[~unseen]
        ),
    }

    def said(model: str, rows: np.ndarray, target: str) -> np.ndarray:
        mapped = np.split(models[model].predict(rows), 2, axis=1)["bc".index(target)]
        head = few.networks[target].head
        return (mapped @ head.weight.T + head.bias).argmax(axis=1)

    whole = np.ones(160, bool)
    expected = {}
    for target in "bc":
        network = few.networks[target].head.logits
        for control, model in (("ols", "ols"), ("shuffled pairs",) * 2, ("onto logits", "ols")):
            hybrid = said(model, evals["a"], target)
            own_said = network(evals[target]).argmax(axis=1)
            expected[control, target] = hybrid, own_said, few.labels
        for control, model, rows in (
            ("fit set", "ols", whole),
            ("fit set, seen", "seen", ~unseen),
            ("fit set, unseen", "seen", unseen),
        ):
            hybrid = said(model, fits["a"][rows], target)
            own_said = network(few.fit[target].values[rows]).argmax(axis=1)
            expected[control, target] = hybrid, own_said, labels[rows]
    assert [(r.control, r.target) for r in found.rows] == [
        (control, target)
        for control in (
            "ols", "naive", "shuffled pairs", "onto logits",
            "fit set", "fit set, seen", "fit set, unseen",
        )
        for target in "bc"
    ]  # fmt: skip
    for (control, target), (hybrid, own_said, true) in expected.items():
        mine = row(found, control, target)
        right = int((hybrid == true).sum())
        assert (mine.source, mine.n, mine.correct) == ("a", len(true), right), control
        assert mine.agreement == pytest.approx(100 * (hybrid == own_said).mean())
        assert mine.agreement != mine.top1
        ends = proportion_confint(right, len(true), method="wilson")
        assert (mine.ci_low, mine.ci_high) == pytest.approx([100 * end for end in ends])
    assert found.logit_predictions_differing == 0
    assert found.logit_difference < 1e-5
    assert set(found.left_out) == set(found.spaces.left_out)
    assert {r.kind for r in found.spaces.rows} == {"answers", "class noise"}


def test_controls_are_taken_elsewhere_and_told(
    few: ControlInputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []

    def spaces(*args: object, **options: object) -> SpaceFindings:
        asked.append((*args, options))
        return SpaceFindings(left_out={"pixels": "none"})

    monkeypatch.setattr(taking, "find_spaces", spaces)
    few = replace(few, fit_labels=lambda: "nobody knows them")
    made, mine = make_spaces(few), own(few)
    plain = run_controls(few, made, mine)
    told, keep = Told(), object()
    away = replace(few, algebra=not_on_the_host(monkeypatch), progress=told)
    found = run_controls(away, made, mine, kept=keep)  # type: ignore[arg-type]
    assert found.rows == plain.rows
    assert told.tasks == {"controls": (3, [1, 1, 1])}
    assert found.left_out == {"top-1 on the fit set": "nobody knows them", "pixels": "none"}
    assert found.spaces.left_out == {"pixels": "none"}
    assert row(found, "fit set", "b").top1 is None
    assert asked == [(few, made, mine, {"kept": taken}), (away, made, mine, {"kept": keep})]


def test_logits_are_held_against_each_other_chunk_by_chunk(
    few: ControlInputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each chunk's largest logit and largest difference, of both targets, negative ones too."""
    monkeypatch.setattr(taking, "ROWS", 20)
    problem = SourceProblem("a", few.networks, make_spaces(few).summed.networks)
    maps = list(OLS().fit(problem, few.targets))
    folded = [fitted.fold(few.networks[fitted.target]) for fitted in maps]
    rng = np.random.default_rng(3)
    moved = [
        Head(head.weight + rng.normal(size=head.weight.shape), head.bias - 5) for head in folded
    ]
    features = few.evaluation["a"].values
    logits, others = ([head.logits(features) for head in heads] for heads in (folded, moved))
    largest = max(np.abs(each).max() for each in logits)
    difference = max(np.abs(x - y).max() for x, y in zip(logits, others, strict=True))
    found = taking._logit_difference(few, maps, moved)
    assert found == pytest.approx(difference / largest, rel=1e-5)
    apart = [x - y for x, y in zip(logits, others, strict=True)]
    for each, most in ((logits, largest), (apart, difference)):
        assert max(np.abs(part[-10:]).max() for part in each) < most  # not in the last chunk
