"""Which control spaces a study asks for, and what becomes of what can't be had."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from sklearn.linear_model import LinearRegression
from test_control_spaces import CLASSES, answers, find, own, values, world

from npz_worlds import make_worlds, write_npz
from samefeatures.base.errors import ConfigError
from samefeatures.networks.record import Head
from samefeatures.study.config import parse_config
from samefeatures.study.control_files import kept_controls
from samefeatures.study.controls_config import ControlsConfig
from samefeatures.study.made_spaces import MadeSpaces, make_spaces
from samefeatures.study.study import Study


def parsed(**controls: Any) -> ControlsConfig:
    found = parse_config({"networks": ["npz:a.npz", "npz:b.npz"], "controls": controls})
    assert found.chosen_controls is not None
    return found.chosen_controls


def test_true_takes_the_defaults() -> None:
    config = parse_config({"networks": ["npz:a.npz", "npz:b.npz"], "controls": True})
    assert config.chosen_controls == ControlsConfig()
    assert ControlsConfig().given == (("answers",), ("answers", "pixels"))
    assert parse_config({"networks": ["npz:a.npz"]}).chosen_controls is None


def test_sets_that_are_given_are_lists_or_words_with_commas() -> None:
    found = parsed(given=["pixels", "answers, labels", ["answers", "pixels"]])
    assert found.given == (("pixels",), ("answers", "labels"), ("answers", "pixels"))
    assert found.says("given")
    assert not ControlsConfig().says("given")


def test_what_can_be_is_taken() -> None:
    assert [parsed(pixels=side).pixels for side in (True, False, 1, 16)] == [True, False, 1, 16]
    soft = parsed(answers="soft", given=["soft answers", "pixels"])
    assert soft.given == (("soft answers",), ("pixels",))
    assert parsed(pixels=False, given=["answers"]).given == (("answers",),)


@pytest.mark.parametrize(
    ("controls", "said"),
    [
        ({"given": ["answers, textures"]}, "given names 'textures', which is not there"),
        ({"given": []}, "give a list of sets out of answers"),
        ({"given": [[]]}, "which is not there; it can be answers, soft answers, pixels, labels"),
        ({"given": "answers"}, "give a list of sets out of answers"),
        ({"given": ["answers, answers"]}, "names a space twice in 'answers, answers'"),
        ({"given": ["answers, pixels", "pixels, answers"]}, "names the same set twice"),
        ({"given": ["soft answers"]}, "which 'answers: soft' makes"),
        ({"given": ["pixels"], "pixels": False}, "which 'pixels: false' leaves out"),
        ({"pixels": 0}, "give the side of the grid"),
        ({"folds": 1}, "folds"),
        ({"seeds": -1}, "seeds"),
        ({"answers": "warm"}, "answers"),
        ({"seed": 3}, "seed"),
    ],
)
def test_what_can_not_be_is_refused(controls: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parsed(**controls)


def test_chosen_controls_need_kept_features_and_two_networks() -> None:
    images = {"fit": "fashion-mnist:fit", "eval": "fashion-mnist:eval"}
    both = {"networks": ["mini:resnet_v1", "mini:nasnet"], "data": images, "methods": ["ols"]}
    with pytest.raises(ConfigError, match="'store: false' keeps none"):
        parse_config({**both, "store": False, "controls": {"seeds": 0}})
    with pytest.raises(ConfigError, match="one network has none"):
        parse_config({**both, "networks": ["mini:resnet_v1"], "controls": {"seeds": 0}})


def test_true_labels_given_count_as_answers_do(tmp_path: Path) -> None:
    """Labels that are the source's own answers: what is left beyond them is the same."""
    inputs = world(tmp_path, shared=True)
    said = {side: answers(inputs, "a", side).argmax(axis=1) for side in ("fit", "eval")}
    chosen = ControlsConfig(given=(("answers",), ("labels",)), class_noise=0)
    inputs = replace(inputs, chosen=chosen, fit_labels=lambda: said["fit"], labels=said["eval"])
    rows = [row for row in find(inputs).beyond if row.source == "a" and row.of == "features"]
    found = {(row.given, row.target): row.r2 for row in rows}
    assert {row.column for row in rows} == {"r2_beyond_answers", "r2_beyond_labels"}
    for target in "bc":
        assert found["labels", target] == pytest.approx(found["answers", target], rel=1e-9)


def test_labels_that_are_not_known_can_not_be_given(tmp_path: Path) -> None:
    inputs = replace(
        world(tmp_path, shared=True),
        chosen=ControlsConfig(given=(("labels",),)),
        fit_labels=lambda: "the fit images of x have no labels",
    )
    with pytest.raises(ConfigError, match="the fit images of x have no labels"):
        make_spaces(inputs)


def test_pixels_that_are_not_there_can_not_be_given(tmp_path: Path) -> None:
    chosen = ControlsConfig(given=(("pixels",),))
    with pytest.raises(ConfigError, match="their images are not known"):
        make_spaces(replace(world(tmp_path, shared=True), chosen=chosen))


def test_soft_answers_are_probabilities(tmp_path: Path) -> None:
    given = (("answers",), ("soft answers",), ("answers", "soft answers"))
    chosen = ControlsConfig(answers="soft", given=given)
    inputs = replace(world(tmp_path, shared=True), chosen=chosen)
    found = find(inputs)
    (row,) = [r for r in found.rows if (r.kind, r.of, r.target) == ("soft answers", "a", "b")]
    head = inputs.networks["a"].head
    x, z = (
        softmax(head.logits(values(side, "a")).astype(np.float64), axis=1)
        for side in (inputs.fit, inputs.evaluation)
    )
    mapped = LinearRegression().fit(x, values(inputs.fit, "b")).predict(z)
    said = inputs.networks["b"].head.logits(mapped.astype(np.float32)).argmax(axis=1)
    assert abs(row.correct - int((said == inputs.labels).sum())) <= 1
    assert row.columns == CLASSES
    beyond = {
        r.given: r.r2 for r in found.beyond if (r.source, r.target, r.of) == ("a", "b", "features")
    }
    assert set(beyond) == {"answers", "soft answers", "answers, soft answers"}
    assert all(value is not None and value > 0.9 for value in beyond.values())


def test_answers_that_are_all_one_class_are_named(tmp_path: Path) -> None:
    inputs = world(tmp_path, shared=True)
    head = inputs.networks["b"].head
    one = Head(head.weight * 0, np.eye(CLASSES, dtype=np.float32)[2])
    networks = {**inputs.networks, "b": replace(inputs.networks["b"], head=one)}
    found = find(replace(inputs, networks=networks))
    assert [note for note in found.notes if "class 2 to b: its answers say nothing" in note]
    (row,) = [r for r in found.rows if (r.kind, r.of, r.target) == ("answers", "b", "a")]
    assert (row.rank, row.columns) == (0, CLASSES)
    assert row.r2 == pytest.approx(0, abs=0.01)
    (pair,) = [r for r in found.answers if (r.source, r.target) == ("b", "a")]
    assert (pair.seen, pair.fewest) == (1, 0)
    known = {(r.source, r.target): r.r2 for r in found.beyond if r.of == "features"}
    plain = own(inputs)
    assert known["b", "a"] is not None
    assert known["b", "a"] > 0.9
    assert plain["a"].n == len(inputs.labels)


def test_more_columns_than_rows_are_said(tmp_path: Path) -> None:
    inputs = world(tmp_path, shared=True)
    few = {
        name: replace(rows, values=values(inputs.fit, name)[:60])
        for name, rows in inputs.fit.items()
    }
    found = find(replace(inputs, fit=few, chosen=ControlsConfig(class_noise=80)))
    assert "class noise: a: 80 columns on 60 fit rows" in " ".join(found.notes)
    assert all(row.r2 is None or np.isfinite(row.r2) for row in found.beyond)


def test_fewer_images_than_folds(tmp_path: Path) -> None:
    inputs = world(tmp_path, shared=True)
    few = {
        name: replace(rows, values=values(inputs.fit, name)[:4])
        for name, rows in inputs.fit.items()
    }
    with pytest.raises(ConfigError, match="4 rows can't make 5 parts"):
        find(replace(inputs, fit=few))


def test_all_that_is_chosen_comes_out(tmp_path: Path) -> None:
    config = parse_config(
        {
            "networks": ["mini:inception_v1", "mini:mobilenet_v2"],
            "data": {
                "fit": {"source": "fashion-mnist:fit", "limit": 300},
                "eval": {"source": "fashion-mnist:eval", "limit": 100},
            },
            "methods": ["ols"],
            "controls": {
                "pixels": 4,
                "seeds": 2,
                "class_noise": 16,
                "folds": 3,
                "given": ["pixels", "answers, pixels"],
            },
        }
    )
    study = Study(config, out=tmp_path / "out", base=tmp_path)
    results = study.score()
    assert results.controls is not None
    rows = results.controls.spaces.rows
    assert {r.columns for r in rows if r.kind == "pixels"} == {16}  # grey: one channel
    assert {r.columns for r in rows if r.kind == "class noise"} == {16}
    assert {(r.of, r.seed) for r in rows if r.kind == "random weights"} == {
        (name, seed) for name in ("inception_v1", "mobilenet_v2") for seed in (0, 1)
    }
    frame = pd.read_csv(study.out / "results.csv")
    assert {"r2_beyond_pixels", "r2_beyond_answers_pixels"} <= set(frame.columns)
    assert "r2_beyond_answers" not in frame.columns
    own_cells = frame[frame.source == frame.target]
    assert (own_cells.r2_beyond_pixels == 1).all()
    beyond = pd.read_csv(study.out / "beyond.csv")
    mine = beyond[(beyond.of == "features") & (beyond.given == "pixels")]
    hybrids = frame[frame.source != frame.target]
    assert sorted(mine.r2) == pytest.approx(sorted(hybrids.r2_beyond_pixels))
    assert (mine.ci_low <= mine.r2).all()
    assert (mine.r2 <= mine.ci_high).all()
    assert len(pd.read_csv(study.out / "spaces.csv")) == len(rows)
    assert len(pd.read_csv(study.out / "answers.csv")) == 2
    assert results.measures[-1].label == "R² beyond answers and pixels"


def test_another_choice_is_taken_anew_and_the_same_is_not(tmp_path: Path) -> None:
    sources = [write_npz(tmp_path, name, w) for name, w in make_worlds().items()]
    raw = {"networks": sources, "methods": ["ols"], "controls": {"class_noise": 8}}
    first = Study(parse_config(raw), out=tmp_path / "out", base=tmp_path).score()
    again = Study(parse_config(raw), out=tmp_path / "out", base=tmp_path)
    assert again.score() == first
    assert "made_spaces" not in vars(again)
    raw["controls"] = {"class_noise": 4}
    other = Study(parse_config(raw), out=tmp_path / "out", base=tmp_path).score()
    assert other.controls is not None
    assert {r.columns for r in other.controls.spaces.rows if r.kind == "class noise"} == {4}


@pytest.mark.parametrize(
    "name", ["pixels", "questions", "labels", "noise", "a.random", "a.random-2"]
)
def test_networks_can_not_be_called_like_a_space(tmp_path: Path, name: str) -> None:
    worlds = make_worlds()
    sources = [write_npz(tmp_path, each, worlds[each]) for each in "ab"]
    raw: dict[str, Any] = {"networks": [sources[0], {"load": sources[1], "name": name}]}
    raw |= {"methods": ["ols"]}
    plain = Study(parse_config(raw), out=tmp_path / "plain", base=tmp_path)
    assert name in plain.inputs.networks  # nothing stands beside it
    for asked in ({"controls": True}, {"tasks": ["brightness"]}):
        study = Study(parse_config(raw | asked), out=tmp_path / "out", base=tmp_path)
        with pytest.raises(ConfigError, match=f"the name '{name}' is that of"):
            study.score()


def test_tables_of_controls_go_with_them(tmp_path: Path) -> None:
    sources = [write_npz(tmp_path, name, w) for name, w in make_worlds().items()]
    raw: dict[str, Any] = {"networks": sources, "methods": ["ols"]}
    tables = {f"{name}.csv" for name in ("controls", "spaces", "answers", "beyond")}
    Study(parse_config(raw | {"controls": True}), out=tmp_path / "out", base=tmp_path).score()
    (tmp_path / "out" / "tasks.csv").write_text("of an earlier study")
    assert tables <= {path.name for path in (tmp_path / "out").glob("*.csv")}
    Study(parse_config(raw), out=tmp_path / "out", base=tmp_path).score()
    assert {path.name for path in (tmp_path / "out").glob("*.csv")} == {"results.csv"}


def test_a_corrected_fit_label_is_seen_where_labels_are_given(tmp_path: Path) -> None:
    inputs = world(tmp_path, shared=True)
    taken: list[int] = []

    def kept(given: str, corrected: int) -> float | None:
        labels = answers(inputs, "a", "fit").argmax(axis=1)
        labels[:corrected] = (labels[:corrected] + 1) % CLASSES
        asked = replace(inputs, chosen=ControlsConfig(given=((given,),)), fit_labels=lambda: labels)

        def made() -> MadeSpaces:
            taken.append(corrected)
            return make_spaces(asked)

        return kept_controls(asked, made, own(inputs)).spaces.beyond[0].r2

    first = kept("labels", 0)
    assert kept("labels", 0) == first
    assert kept("labels", 900) != first
    assert taken == [0, 900]
    kept("answers", 0)
    kept("answers", 900)  # a count of the fit set alone, for which images are not listed anew
    assert taken == [0, 900, 0]
