"""The record of compared arrays: what it says of rows, heads, labels, methods and measures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import samefeatures as sf
from npz_worlds import make_worlds
from samefeatures.algebra.device import TorchDevice
from samefeatures.algebra.host import Host
from samefeatures.algebra.host_sums import HostSums
from samefeatures.algebra.protocol import Precision
from samefeatures.base.errors import FeatureError
from samefeatures.similarity import MEASURES
from samefeatures.study import compare as comparing
from samefeatures.study.versions import CORE, installed

WORLDS = make_worlds(n=80, m=60, noise=2.0)
FIT = {name: world["fit_features"] for name, world in WORLDS.items()}
EVAL = {name: world["eval_features"] for name, world in WORLDS.items()}
HEADS = {name: (w["head_weight"], w["head_bias"]) for name, w in WORLDS.items()}
LABELS = WORLDS["a"]["eval_labels"]


def test_it_says_what_was_compared_and_how() -> None:
    methods = {"ols": sf.OLS(), "weak": sf.Ridge(alpha=0.5), "few": sf.Cosine(passes=2)}
    found = sf.compare(
        FIT, eval=EVAL, heads=HEADS, labels=LABELS, methods=methods, title="Mine",
        measures=["r2", "mutual_knn"], sample=20,
    )  # fmt: skip
    assert found.title == "Mine"
    assert found.settings["spaces"] == {
        "a": "8 features, float32", "b": "11 features, float32", "c": "7 features, float32",
    }  # fmt: skip
    assert found.settings["methods"] == [
        {"name": "ols", "label": "ols"},
        {"name": "ridge", "label": "weak", **sf.Ridge(alpha=0.5).options},
        {"name": "cosine", "label": "few", **sf.Cosine(passes=2).options},
    ]
    assert found.settings["measures"] == ["r2", "mutual_knn"]
    assert found.settings["sample"] == 20
    assert "device" not in found.settings
    assert [measure.name for measure in found.measures] == ["r2", "mutual_knn"]
    assert [(m.name, m.kind) for m in found.methods] == [
        ("ols", "ols"), ("weak", "ridge"), ("few", "cosine"),
    ]  # fmt: skip
    assert found.methods[2].options == {"passes": 2}, "of many, what is not as ever"
    fit, judge = found.fit_data, found.eval_data
    assert (fit.name, judge.name) == ("rows that maps were fitted on", "rows held out")
    assert (fit.images, fit.rows, judge.images, judge.rows) == (80, 80, 60, 60)
    assert (fit.fingerprint, judge.fingerprint) == ("", "")
    assert (fit.commonest, judge.commonest) == (None, np.bincount(LABELS).max())
    assert {(fit.method, fit.source, fit.target) for fit in found.fits} == {
        (method, a, b) for method in methods for a in "abc" for b in "abc" if a != b
    }
    assert {(curve.method, curve.unit) for curve in found.curves} == {("few", "pass")}
    assert len(found.curves) == 6
    assert found.classes


def test_without_sample_or_options_none_are_said() -> None:
    found = sf.compare(FIT, eval=EVAL, methods=[sf.Cosine()])
    assert found.title == comparing.TITLE
    assert "sample" not in found.settings
    assert found.methods[0].options == {}
    assert found.eval_data.commonest is None
    assert found.classes == ()
    assert found.curves
    assert not sf.compare(FIT, eval=EVAL, methods=[sf.OLS()]).curves


def test_versions_are_of_what_could_touch_a_number() -> None:
    pytest.importorskip("torch", reason="adam needs torch")
    plain = sf.compare(FIT, eval=EVAL, methods=[sf.OLS()]).versions
    assert plain == {name: installed(name) for name in CORE} | {"platform": plain["platform"]}
    adam = sf.compare(FIT, eval=EVAL, methods=[sf.Adam(iterations=2)]).versions
    assert adam == {**plain, "torch": installed("torch")}


def test_own_accuracies_are_there_where_labels_and_heads_are() -> None:
    """The first space has no head: the classes are those of the others."""
    heads = {name: HEADS[name] for name in "bc"}
    labelled = sf.compare(FIT, eval=EVAL, heads=heads, labels=LABELS)
    known = {network.name: network.top1 for network in labelled.networks}
    assert math.isnan(known["a"])
    for name in "bc":
        said = EVAL[name] @ HEADS[name][0].T + HEADS[name][1]
        assert known[name] == pytest.approx(100 * (said.argmax(axis=1) == LABELS).mean())
    assert labelled.table("ols")["a", "b"].scored
    assert not labelled.table("ols")["b", "a"].scored
    unlabelled = sf.compare(FIT, eval=EVAL, heads=heads)
    assert all(math.isnan(network.top1) for network in unlabelled.networks)
    assert unlabelled.table("ols")["a", "b"].agreement == labelled.table("ols")["a", "b"].agreement


def test_labels_of_few_rows_are_warned_of_as_rows() -> None:
    few = {name: rows[:4] for name, rows in EVAL.items()}
    heads = {"b": HEADS["b"]}
    warned = sf.compare(FIT, eval=few, heads=heads, labels=np.array([0, 1, 2, 0])).warnings
    assert warned == (
        "The eval set has 4 rows for 5 classes, so that most classes have none. Look at the "
        "intervals, and score on more rows.",
    )
    assert sf.compare(FIT, eval=few, heads=heads).warnings == ()


def test_eval_rows_are_counted_that_are_fit_rows_too() -> None:
    """Each of them, however few fit rows they are."""
    again = {name: np.concatenate([rows[:9], FIT[name][[5] * 3]]) for name, rows in EVAL.items()}
    found = sf.compare(FIT, eval=again, methods=[sf.Ridge()])
    assert found.warnings[0].startswith("3 of the 12 eval rows are equal to fit rows")


def test_scores_are_of_all_rows_however_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """In blocks, of which labels are cut in the same places."""
    whole = sf.compare(FIT, eval=EVAL, heads=HEADS, labels=LABELS)
    monkeypatch.setattr(comparing, "SCORE_ROWS", 7)
    assert sf.compare(FIT, eval=EVAL, heads=HEADS, labels=LABELS).cells == whole.cells


def test_every_measure_of_two_spaces_is_that_of_the_eval_rows() -> None:
    names = [name for name in MEASURES.names if MEASURES.get(name).judges == "spaces"]
    found = sf.compare(FIT, eval=EVAL, measures=names, methods=[sf.OLS()], sample=40)
    moments = sf.moments(EVAL, sample=40)
    for (source, target), cell in found.table("ols").items():
        for name in names:
            expected = getattr(moments, name)(source, target)
            value = MEASURES.get(name).same if source == target else expected
            assert cell.measure(name) == pytest.approx(value, rel=1e-9, nan_ok=True)


def test_a_fit_on_rows_tells_how_far_it_is() -> None:
    told: list[sf.ProgressStep] = []
    sf.compare(FIT, eval=EVAL, methods=[sf.OLS(), sf.Cosine(passes=2)], progress=told.append)
    steps = {step.stage: (step.done, step.total) for step in told}
    assert steps["fit maps"] == (6, 6)
    assert {f"cosine from {name}" for name in "abc"} <= set(steps)


def test_rows_that_can_be_read_once_are_held_against_heads_by_name() -> None:
    once: dict[str, Any] = {**EVAL, "b": iter([EVAL["b"]])}
    with pytest.raises(FeatureError, match="The eval rows of b can be read only once"):
        sf.compare(FIT, eval=once, heads=HEADS)
    assert sf.compare(FIT, eval=EVAL, heads=HEADS).eval_data.rows == 60


def _of_lengths(host: Host, dims: Sequence[int], precision: Precision) -> HostSums:
    assert max(dims) == 1, "the host computed"
    return HostSums(dims, precision)


def test_on_a_device_nothing_of_it_is_computed_on_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {
        "eval": EVAL, "heads": HEADS, "labels": LABELS, "measures": list(MEASURES.names),
        "methods": [sf.OLS(), sf.Ridge(alpha="auto"), sf.Logit(), sf.Canonical(k=3)],
    }  # fmt: skip
    expected = sf.compare(FIT, **options)
    alone = ("singular_values_alone", "_inverse_by_halves")
    for name in ("product", "inverse", "eigenvalues", "singular_values", "heads", *alone):
        monkeypatch.setattr(Host, name, lambda *_: pytest.fail("the host computed"))
    monkeypatch.setattr(Host, "sums", _of_lengths)
    monkeypatch.setattr(comparing, "open_algebra", lambda _: TorchDevice("cpu"))
    found = sf.compare(FIT, **options, device="cuda:0")
    assert found.settings == {**expected.settings, "device": "cuda:0"}
    for mine, theirs in zip(found.cells, expected.cells, strict=True):
        assert mine.measures == pytest.approx(theirs.measures, rel=1e-6, abs=1e-9, nan_ok=True)
        assert mine.correct == theirs.correct
