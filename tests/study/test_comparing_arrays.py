"""Arrays give the tables that a study of the same features gives."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import samefeatures as sf
from npz_worlds import make_worlds, write_npz
from samefeatures.algebra.device import TorchDevice
from samefeatures.base.errors import ConfigError, FeatureError, LabelError, MapError, NetworkError
from samefeatures.features.rows import ArrayRows
from samefeatures.study.arrays import heads_of, labels_of, sides_of

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
    assert found.warnings[-1].startswith("400 of the 400 eval rows are equal to fit rows")
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
        ({"a": FIT["a"], "b": iter([FIT["b"]])}, {}, FeatureError, "b can be read only once"),
        (TWO, {"methods": []}, ConfigError, "methods is empty"),
        (TWO, {"methods": ["ols"]}, ConfigError, "One of methods is 'ols'"),
        (TWO, {"methods": "ols"}, ConfigError, "methods is 'ols'; give a list"),
        (TWO, {"methods": sf.OLS()}, ConfigError, "methods is OLS; give a list"),
        (TWO, {"methods": [sf.OLS]}, ConfigError, "is the class OLS; give one"),
        (TWO, {"methods": {1: sf.OLS()}}, ConfigError, "The label of a method is int"),
        (TWO, {"measures": "r2"}, ConfigError, "measures is 'r2'; give a list"),
        (TWO, {"measures": None}, ConfigError, "measures is NoneType"),
        (TWO, {"title": 3}, ConfigError, "title is int"),
        (TWO, {"eval": [FIT["a"], FIT["b"]]}, FeatureError, "eval is list; give rows by"),
        (TWO, {"eval": FIT["a"]}, FeatureError, "eval is ndarray"),
        (TWO, {"heads": [HEADS["a"]]}, NetworkError, "heads is list; give classifiers by"),
        (TWO, {"heads": HEADS["a"][0]}, NetworkError, "heads is ndarray"),
        (TWO, {"heads": {"a": (1, 2)}}, NetworkError, "head of a is int and int; weight"),
        (TWO, {"held_out": 1}, ConfigError, "above 0 and below 1"),
        (TWO, {"heads": {"a": HEADS["a"]}, "labels": [[1], [2, 3]]}, LabelError, "can't be read"),
        (
            TWO,
            {"heads": {"a": HEADS["a"]}, "labels": np.ma.masked_equal(np.arange(400), 3)},
            LabelError,
            "masked",
        ),
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
            {"heads": {"a": HEADS["a"]}, "labels": np.arange(400) % 7 - 1},
            LabelError,
            "run from -1 to 5, but the heads have 5",
        ),
        (
            TWO,
            {"heads": {"a": HEADS["a"]}, "labels": -(np.arange(400) % 2)},
            LabelError,
            "run from -1 to 0, but",
        ),
        (
            TWO,
            {"heads": {"a": HEADS["a"]}, "labels": np.arange(400) % 6},
            LabelError,
            "run from 0 to 5, but",
        ),
        (TWO, {"heads": {"a": (1e300 * HEADS["a"][0], HEADS["a"][1])}}, NetworkError, "inf"),
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

    with pytest.raises(
        FeatureError, match="The eval rows of a can be read only once, and heads read them again"
    ):
        sf.compare(FIT, eval=once(), heads=HEADS)
    assert sf.compare(FIT, eval=once()).eval_data.rows == 300


def test_too_few_rows_for_a_map() -> None:
    with pytest.raises(MapError, match="at least 2 rows"):
        sf.compare({k: x[:1] for k, x in TWO.items()}, eval={k: EVAL[k] for k in "ab"})


def test_moments_are_of_the_rows_as_given_whatever_the_methods() -> None:
    far = {name: 1e6 + x.astype(np.float64) for name, x in FIT.items()}
    held_out = {name: 1e6 + x.astype(np.float64) for name, x in EVAL.items()}
    alone = sf.compare(far, eval=held_out, methods=[sf.OLS()])
    methods = [sf.OLS(), sf.Cosine(passes=1)]
    once = {name: iter(np.array_split(x, 3)) for name, x in far.items()}
    for given in (far, once):
        beside = sf.compare(given, eval=held_out, methods=methods)
        for pair, cell in alone.table("ols").items():
            found = beside.table("ols")[pair].measures
            assert found == pytest.approx(cell.measures, rel=1e-12, nan_ok=True)
    m = sf.fit_map(far["a"], far["b"], method=sf.OLS())
    assert alone.table("ols")["a", "b"].r2 == pytest.approx(
        sf.r2(m, held_out["a"], held_out["b"]), rel=1e-9
    )


def test_what_float32_can_not_hold_is_said_where_it_is_needed() -> None:
    huge = {name: 1e60 * x.astype(np.float64) for name, x in TWO.items()}
    with pytest.raises(FeatureError, match="which float32 can't hold"):
        sf.compare(huge, methods=[sf.Cosine()])
    with pytest.raises(FeatureError, match="which float32 can't hold"):
        sf.fit_map(*huge.values(), method=sf.Cosine())


def test_the_row_that_is_wrong_is_counted_as_it_was_given() -> None:
    for at in (3, 250, 399):
        broken = {**TWO, "b": TWO["b"].copy()}
        broken["b"][at, 2] = np.nan
        with pytest.raises(FeatureError, match=f"b is nan in row {at}, feature 2"):
            sf.compare(broken)
        part = {name: x[:at] for name, x in TWO.items()}
        with pytest.raises(FeatureError, match=f"b in eval is nan in row {at}, feature 2"):
            sf.compare(part, eval=broken)


def test_near_rows_are_not_equal_rows() -> None:
    line = np.linspace(0, 1, 40_000)[:, None]
    near = {"a": line, "b": 1e6 + line}
    other = {name: x[:2000] + 5e-6 for name, x in near.items()}
    assert not sf.compare(near, eval=other, methods=[sf.Ridge()]).warnings
    again = {name: np.concatenate([x[:1990], near[name][:10]]) for name, x in other.items()}
    found = sf.compare(near, eval=again, methods=[sf.Ridge()])
    assert found.warnings[0].startswith("10 of the 2000 eval rows are equal to fit rows")


def test_labels_called_otherwise_than_the_rows() -> None:
    frames = {name: pd.DataFrame(x) for name, x in EVAL.items()}
    given: dict[str, Any] = {"eval": frames, "heads": HEADS}
    sf.compare(FIT, labels=pd.Series(LABELS), **given)
    for index in (range(1, 301), range(299, -1, -1), range(0, 600, 2)):
        with pytest.raises(LabelError, match=r"in a in eval and '.*' in the labels"):
            sf.compare(FIT, labels=pd.Series(LABELS, index=index), **given)
    shuffled = pd.DataFrame(FIT["a"]).sample(frac=1, random_state=0)
    both = {"a": shuffled, "b": FIT["b"]}
    labels = pd.Series(np.zeros(400, int))
    with pytest.raises(LabelError, match="in the labels, so these are different"):
        sf.compare(both, heads={"a": HEADS["a"]}, labels=labels)
    called = labels.set_axis(shuffled.index)
    assert sf.compare(both, heads={"a": HEADS["a"]}, labels=called).eval_data.rows == 80


def test_rows_that_say_that_they_are_of_another_space() -> None:
    rows = {k: ArrayRows(name=k, values=FIT["a"], fingerprint="") for k in "ab"}
    swapped = {"a": rows["b"], "b": rows["a"]}
    with pytest.raises(FeatureError, match="The rows of a say that they are of b"):
        sf.compare(swapped)
    with pytest.raises(FeatureError, match="The rows of a in eval say that they are of b"):
        sf.compare(rows, eval=swapped)
    with pytest.raises(FeatureError, match="fit on say that they are of a, and those in eval of b"):
        sf.compare({"x": rows["a"], "y": FIT["b"]}, eval={"x": rows["b"], "y": FIT["b"]})
    with pytest.raises(FeatureError, match="say that they are of b"):
        sf.moments(swapped)
    m = sf.fit_map(rows["a"], rows["b"], source="a", target="b")
    with pytest.raises(FeatureError, match="The rows of a say that they are of b"):
        sf.r2(m, rows["b"], rows["a"])
    with pytest.raises(MapError, match="takes features of a, but these are of b"):
        m.apply(rows["b"])


def test_label_warnings_speak_of_rows() -> None:
    found = sf.compare(FIT, eval=EVAL, heads=HEADS, labels=np.zeros(300, int))
    assert found.warnings[0].startswith("All 300 eval rows are of class 0")
    assert not any("image" in warning for warning in found.warnings)


def test_labels_are_of_all_rows_where_these_are_split() -> None:
    split = sides_of(TWO, None, held_out=None, seed=None)
    assert [part.length for part in split.labelled.values()] == [400, 400]
    given = sides_of(TWO, {name: EVAL[name] for name in TWO}, held_out=None, seed=None)
    assert given.labelled is given.evaluation
    assert [part.name for part in given.labelled.values()] == ["a in eval", "b in eval"]


def test_progress_is_told_and_algebra_runs_where_it_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[sf.ProgressStep] = []
    asked: list[str] = []

    def pretend(device: str) -> TorchDevice:
        asked.append(device)
        return TorchDevice("cpu")

    options: dict[str, Any] = {"eval": EVAL, "heads": HEADS, "labels": LABELS}
    alone = sf.compare(FIT, **options)
    monkeypatch.setattr("samefeatures.study.compare.open_algebra", pretend)
    found = sf.compare(FIT, **options, progress=told.append, device="cuda:0")
    assert asked == ["cuda:0"]
    assert found.settings["device"] == "cuda:0"
    for mine, theirs in zip(found.cells, alone.cells, strict=True):
        assert mine.measures == pytest.approx(theirs.measures, rel=1e-9, nan_ok=True)
        assert mine.correct == theirs.correct
    last = {step.stage: (step.done, step.total) for step in told}
    assert last == {
        "moments of the fit rows": (400, 400),
        "moments of the eval rows": (300, 300),
        "fit maps": (6, 6),
    }
    told.clear()
    sf.fit_map(FIT["a"], FIT["b"], progress=told.append)
    assert {step.stage: step.done for step in told} == {"moments": 400}


@pytest.mark.parametrize("options", [{"progress": "bars"}, {"progress": 3}, {"device": "gpu"}])
def test_no_such_progress_and_no_such_device(options: Any) -> None:
    with pytest.raises(ConfigError, match=r"progress is|device"):
        sf.compare(TWO, **options)
    with pytest.raises(ConfigError, match=r"progress is|device"):
        sf.fit_map(FIT["a"], FIT["b"], **options)


def test_strengths_are_chosen_on_folds_of_the_fit_rows_alone() -> None:
    auto = sf.Ridge(alpha="auto")
    methods = {"ols": sf.OLS(), "auto": auto, "two": sf.Ridge(alpha="auto", folds=2)}
    found = sf.compare(FIT, eval=EVAL, methods=methods)
    fits = {(fit.method, fit.source, fit.target): fit for fit in found.fits}
    for label in ("auto", "two"):
        expected = sf.fit_map(FIT["a"], FIT["c"], method=methods[label], source="a", target="c")
        fit = fits[label, "a", "c"]
        assert fit.alpha == expected.fit.alpha
        np.testing.assert_allclose(fit.path, expected.fit.path, rtol=1e-7)
        r2 = found.table(label)["a", "c"].measures["r2"]
        assert r2 == pytest.approx(sf.r2(expected, EVAL["a"], EVAL["c"]), rel=1e-9)
    plain = sf.compare(FIT, eval=EVAL, methods=[sf.OLS()])
    mine, theirs = found.table("ols")["a", "b"].r2, plain.table("ols")["a", "b"].r2
    assert mine == theirs
    with pytest.raises(ConfigError, match="4 rows can't make 5 parts"):
        sf.compare({k: x[:5] for k, x in FIT.items()}, methods=[auto])


def test_maps_at_an_end_of_the_grid_are_counted() -> None:
    rng = np.random.default_rng(0)
    spaces = {
        "x": FIT["a"],
        "y": FIT["a"] @ rng.normal(size=(8, 8)),
        "z": rng.normal(size=(400, 90)),
    }
    found = sf.compare(spaces, methods=[sf.Ridge(alpha="auto")])
    said = [text for text in found.warnings if "compared" in text]
    assert said[0] == (
        "ridge, 2 of 6 maps: alpha 1e-08 is the weakest that was compared; compare with ols."
    )


def test_options_of_numpy_are_those_of_python(tmp_path: Path) -> None:
    """From sweeps over arrays; results are saved and read as any others."""
    rng = np.random.default_rng(0)
    spaces = {"a": rng.normal(size=(80, 4)), "b": rng.normal(size=(80, 5))}

    def found(whole: type, number: type) -> sf.StudyResults:
        return sf.compare(
            spaces,
            seed=whole(3),
            held_out=number(0.5),
            sample=whole(20),
            measures=["r2", "mutual_knn"],
            methods={
                "rank": sf.Rank(rank=whole(2)),
                "ridge": sf.Ridge(alpha=number(0.25)),
                "auto": sf.Ridge(alpha="auto", folds=whole(3)),
                "cosine": sf.Cosine(passes=whole(2), tolerance=number(0.5)),
                "canonical": sf.Canonical(k=whole(2), alpha=number(0.5)),
            },
        )

    one, other = found(int, float), found(np.int64, np.float32)
    other.save(tmp_path / "study.json")
    assert sf.StudyResults.load(tmp_path / "study.json").settings == one.settings
    assert [cell.measures for cell in other.cells] == [cell.measures for cell in one.cells]


def test_a_measure_stands_once() -> None:
    spaces = {"a": np.ones((9, 2)), "b": np.ones((9, 2))}
    with pytest.raises(ConfigError, match="the measure 'cka' stands twice; name it once"):
        sf.compare(spaces, measures=["cka", "r2", "cka"])


def test_rows_that_are_split_keep_what_they_are_called_and_are_read_in_pieces() -> None:
    frames = {
        name: pd.DataFrame(x, index=[f"row {i}" for i in range(400)]) for name, x in TWO.items()
    }
    sides = sides_of(frames, None, held_out=0.3, seed=4)
    held = np.zeros(400, bool)
    held[np.random.default_rng(4).permutation(400)[:120]] = True
    np.testing.assert_array_equal(sides.held, held)
    for parts, keep in ((sides.fit, ~held), (sides.evaluation, held)):
        for name, part in parts.items():
            assert (part.length, part.ids) == (
                keep.sum(),
                [f"row {i}" for i in np.flatnonzero(keep)],
            )
            blocks = list(part.chunks(7))
            assert {len(block) for block in blocks[:-1]} == {7}
            np.testing.assert_array_equal(np.concatenate(blocks), TWO[name][keep])
    plain = sides_of(TWO, None, held_out=None, seed=None)
    assert [part.ids for part in plain.fit.values()] == [None, None]


def test_two_rows_are_enough_to_fit_on() -> None:
    few = {name: x[:3] for name, x in TWO.items()}
    sides = sides_of(few, None, held_out=None, seed=None)
    assert [part.length for part in (*sides.fit.values(), *sides.evaluation.values())] == [
        2,
        2,
        1,
        1,
    ]


def test_labels_on_a_device_are_fetched() -> None:
    class Far:
        """As a tensor on a GPU that has a gradient: NumPy can't read it."""

        def __init__(self, steps: tuple[str, ...] = ()) -> None:
            self.steps = steps

        def detach(self) -> Far:
            return Far((*self.steps, "detach"))

        def cpu(self) -> Far:
            return Far((*self.steps, "cpu"))

        def __array__(self, *_: object, **__: object) -> np.ndarray:
            assert self.steps == ("detach", "cpu")
            return LABELS

    sides = sides_of(FIT, EVAL, held_out=None, seed=None)
    labels = labels_of(Far(), sides, heads_of(HEADS, sides.fit))
    np.testing.assert_array_equal(labels, LABELS)
