"""Arrays give the tables that a study of the same features gives."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import samefeatures as sf
from npz_worlds import make_worlds, write_npz
from samefeatures.base.errors import ConfigError, FeatureError, LabelError, MapError, NetworkError

WORLDS = make_worlds(noise=2.0)
FIT = {name: world["fit_features"] for name, world in WORLDS.items()}
EVAL = {name: world["eval_features"] for name, world in WORLDS.items()}
HEADS = {name: (w["head_weight"], w["head_bias"]) for name, w in WORLDS.items()}
LABELS = WORLDS["a"]["eval_labels"]


def test_cells_are_those_of_a_study(tmp_path: Path) -> None:
    sources = [write_npz(tmp_path, name, world) for name, world in WORLDS.items()]
    config = sf.parse_config(
        {"networks": sources, "methods": ["ols", "logit"], "measures": ["r2", "cka"]}
    )
    study = sf.Study(config, out=tmp_path / "out", base=tmp_path).score()
    found = sf.compare(
        FIT,
        eval=EVAL,
        heads=HEADS,
        labels=LABELS,
        methods=[sf.OLS(), sf.Logit()],
        measures=["r2", "cka"],
    )
    assert [m.name for m in found.methods] == [m.name for m in study.methods]
    for mine, theirs in zip(found.cells, study.cells, strict=True):
        assert mine.measures == pytest.approx(theirs.measures, rel=1e-9)
        same: dict[str, Any] = {"measures": {}}
        assert replace(mine, **same) == replace(theirs, **same)
    assert found.classes == study.classes
    assert [n.top1 for n in found.networks] == [n.top1 for n in study.networks]
    found.save(tmp_path / "study.json")
    assert str(sf.StudyResults.load(tmp_path / "study.json").cells) == str(found.cells)
    assert all(path.exists() for path in sf.write_report(found, tmp_path / "report"))


def test_a_fifth_is_held_out_and_said() -> None:
    found = sf.compare(FIT)
    assert found.settings["eval"] == "80 of the 400 rows given"
    assert (found.settings["held_out"], found.settings["seed"]) == (0.2, 0)
    assert (found.fit_data.rows, found.eval_data.rows) == (320, 80)
    held = np.zeros(400, bool)
    held[np.random.default_rng(0).permutation(400)[:80]] = True
    by_hand = sf.compare(
        {k: x[~held] for k, x in FIT.items()}, eval={k: x[held] for k, x in FIT.items()}
    )
    for mine, theirs in zip(found.cells, by_hand.cells, strict=True):
        assert mine.measures == pytest.approx(theirs.measures, rel=1e-12)
    m = sf.fit_map(FIT["a"][~held], FIT["b"][~held])
    expected = sf.r2(m, FIT["a"][held], FIT["b"][held])
    assert found.table("ridge")["a", "b"].r2 == pytest.approx(expected, rel=1e-12)
    other = sf.compare(FIT, seed=1, held_out=0.5)
    assert other.settings["eval"] == "200 of the 400 rows given"


def test_labels_of_all_rows_are_split_with_them() -> None:
    both = {name: np.concatenate([FIT[name], EVAL[name]]) for name in FIT}
    labels = np.concatenate([np.full(400, 0), LABELS])
    found = sf.compare(both, heads=HEADS, labels=torch.from_numpy(labels), seed=3)
    held = np.random.default_rng(3).permutation(700)[:140]
    own = both["a"][np.sort(held)] @ HEADS["a"][0].T + HEADS["a"][1]
    right = (own.argmax(axis=1) == labels[np.sort(held)]).mean()
    assert found.table("ols")["a", "a"].top1 == pytest.approx(100 * right)


def test_some_heads_and_no_labels() -> None:
    layer = torch.nn.Linear(8, 5)
    found = sf.compare(FIT, eval=EVAL, heads={"a": layer})
    table = found.table("ols")
    assert not table["b", "a"].scored
    assert 0 < table["b", "a"].agreement <= 100
    assert math.isnan(table["a", "b"].agreement)
    assert [network.classes for network in found.networks] == [5, None, None]


def test_rows_that_maps_have_seen_are_said() -> None:
    found = sf.compare(FIT, eval=FIT)
    assert found.warnings[-1].startswith("400 of the 400 eval rows are fit rows too")
    assert not sf.compare(FIT, eval=EVAL).warnings


def test_methods_on_rows_and_iterators() -> None:
    blocks = {name: iter(np.array_split(x, 7)) for name, x in FIT.items()}
    methods = {"weak": sf.Ridge(alpha=1.0), "cosine": sf.Cosine()}
    found = sf.compare(blocks, eval=EVAL, methods=methods)
    assert [(m.name, m.kind) for m in found.methods] == [("weak", "ridge"), ("cosine", "cosine")]
    assert len(found.curves) == 6
    m = sf.fit_map(FIT["a"], FIT["b"], method=sf.Ridge(alpha=1.0))
    expected = sf.r2(m, EVAL["a"], EVAL["b"])
    assert found.table("weak")["a", "b"].r2 == pytest.approx(expected, rel=1e-6)


TWO = {"a": FIT["a"], "b": FIT["b"]}


@pytest.mark.parametrize(
    ("given", "options", "error", "message"),
    [
        ({"a": FIT["a"]}, {}, ConfigError, "two or more spaces by name"),
        ([FIT["a"], FIT["b"]], {}, ConfigError, "two or more spaces by name"),
        ({1: FIT["a"], "b": FIT["b"]}, {}, ConfigError, "1 is no name"),
        ({"a/b": FIT["a"], "b": FIT["b"]}, {}, ConfigError, "'a/b' can't be part of a file name"),
        ({"a": FIT["a"], "b": FIT["b"][1:]}, {}, FeatureError, "a has 400 rows and b has 399"),
        (TWO, {"eval": {"a": EVAL["a"]}}, FeatureError, "eval has no rows of b"),
        (TWO, {"eval": {**EVAL}}, FeatureError, "unknown space 'c'"),
        (TWO, {"eval": {"a": EVAL["a"], "b": EVAL["c"]}}, FeatureError, "b has 11 features to fit"),
        (TWO, {"eval": {k: EVAL[k][:0] for k in "ab"}}, FeatureError, "eval has no rows"),
        (TWO, {"eval": {k: EVAL[k] for k in "ab"}, "seed": 1}, ConfigError, "have no effect"),
        (TWO, {"held_out": 1}, ConfigError, "held_out is 1; it must be a number"),
        (TWO, {"held_out": 0}, ConfigError, "held_out is 0"),
        (TWO, {"seed": -1}, ConfigError, "seed is -1"),
        ({k: x[:2] for k, x in TWO.items()}, {}, FeatureError, "Of 2 rows 1 are held out"),
        ({"a": iter([FIT["a"]]), "b": FIT["b"]}, {}, FeatureError, "a can be read only once"),
        (TWO, {"methods": []}, ConfigError, "methods is empty"),
        (TWO, {"methods": ["ols"]}, ConfigError, "methods"),
        (TWO, {"methods": [sf.Ridge(), sf.Ridge(alpha=1.0)]}, ConfigError, "called 'ridge'"),
        (TWO, {"methods": [sf.Logit()]}, ConfigError, "made of heads, and not every space has"),
        (TWO, {"measures": ["ckas"]}, ConfigError, "Did you mean 'cka'"),
        (TWO, {"labels": LABELS}, ConfigError, "labels have no effect without heads"),
        (TWO, {"heads": {"z": HEADS["a"]}}, NetworkError, "unknown space 'z'"),
        (TWO, {"heads": {"a": HEADS["b"]}}, NetworkError, "takes 11 features, and a has 8"),
        (TWO, {"heads": {"a": HEADS["a"][0]}}, NetworkError, "The head of a is ndarray"),
        (TWO, {"heads": {"a": torch.nn.Linear(8, 5, bias=False)}}, NetworkError, "head of a is L"),
        (
            TWO,
            {"heads": {"a": HEADS["a"], "b": (HEADS["b"][0][:3], HEADS["b"][1][:3])}},
            LabelError,
            "different numbers of classes: a 5, b 3",
        ),
        (TWO, {"heads": {"a": HEADS["a"]}, "labels": LABELS}, LabelError, r"\(400,\), one per row"),
        (
            TWO,
            {"heads": {"a": HEADS["a"]}, "labels": np.full(400, 5)},
            LabelError,
            "run from 5 to 5, but the heads have 5",
        ),
        (
            TWO,
            {"heads": {"a": HEADS["a"]}, "labels": np.zeros(400)},
            LabelError,
            "labels are float64",
        ),
    ],
)
def test_what_can_not_be_compared(
    given: Any, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        sf.compare(given, **options)
    assert "\n" not in str(caught.value)


def test_eval_rows_that_heads_would_read_again() -> None:
    def once() -> dict[str, Any]:
        return {name: iter([x]) for name, x in EVAL.items()}

    with pytest.raises(FeatureError, match="can be read only once, and heads read them again"):
        sf.compare(FIT, eval=once(), heads=HEADS)
    assert sf.compare(FIT, eval=once()).eval_data.rows == 300


def test_too_few_rows_for_a_map() -> None:
    with pytest.raises(MapError, match="at least 2 rows"):
        sf.compare({k: x[:1] for k, x in TWO.items()}, eval={k: EVAL[k] for k in "ab"})
