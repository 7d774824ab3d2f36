"""Networks without a head are sources; without labels nothing is counted, and all else is there."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from arro3.io import read_parquet

import samefeatures as sf
from npz_worlds import make_worlds, write_npz
from samefeatures.base.errors import ConfigError, NetworkError
from samefeatures.gallery.gallery import make_overlaps, telling_pair
from samefeatures.networks.record import FeatureFile, Head
from samefeatures.study.config import StudyConfig
from samefeatures.study.headless import check_heads, possible
from samefeatures.study.results import Cell, StudyResults
from samefeatures.study.study import Study

HEAD = ("head_weight", "head_bias")
LABELS = ("eval_labels",)
METHODS = ["ols", "naive"]
COUNTED = ("correct", "top1", "correct_top5", "top5", "loss_vs_target_points", "fixed", "broken")
OF_SOURCE = ("source_top1", "change_vs_source_pct", "p_vs_source", "p_vs_source_raw", "follows")


def study_of(folder: Path, lacks: dict[str, tuple[str, ...]], **keys: Any) -> Study:
    """Three networks, some arrays left out."""
    folder.mkdir(exist_ok=True)
    sources = []
    for name, world in make_worlds(noise=2.0).items():
        kept = {k: v for k, v in world.items() if k not in lacks.get(name, ())}
        sources.append(write_npz(folder, name, kept))
    config = sf.parse_config({"networks": sources, "methods": METHODS, **keys})
    return Study(config, out=folder / "out", base=folder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> StudyResults:
    return study_of(tmp_path_factory.mktemp("whole"), {}).score()


def nothing(value: Any) -> bool:
    return value is None or math.isnan(value)


def test_a_network_without_a_head_is_a_row_and_no_column(
    tmp_path: Path, whole: StudyResults
) -> None:
    study = study_of(tmp_path / "one", {"c": HEAD + LABELS})
    found = study.score()
    assert [c.row.keys() for c in found.cells] == [c.row.keys() for c in whole.cells]
    for mine, theirs in zip(found.cells, whole.cells, strict=True):
        assert (mine.method, mine.source, mine.target) == (
            theirs.method,
            theirs.source,
            theirs.target,
        )
        assert mine.measures == pytest.approx(theirs.measures, rel=1e-12)
        assert mine.n == theirs.n
        if mine.target == "c":
            assert not mine.scored
            assert all(nothing(getattr(mine, name)) for name in (*COUNTED, "agreement", "ci_low"))
        elif mine.source == "c":
            for name in (*COUNTED, "agreement", "ci_low", "ci_high", "p_vs_target_raw"):
                assert getattr(mine, name) == getattr(theirs, name)
            assert all(nothing(getattr(mine, name)) for name in OF_SOURCE)
        else:
            same = {"p_vs_target": 0.0, "p_vs_source": 0.0}  # other families of tests
            assert replace(mine, **same) == replace(theirs, **same)
    (c,) = (network for network in found.networks if network.name == "c")
    assert c.classes is None
    assert nothing(c.top1)
    assert nothing(c.top5)
    assert c.feature_dim == 7
    again = StudyResults.load(study.results_path)
    assert str(again.cells) == str(found.cells)
    assert str(study.score().cells) == str(found.cells), "from the kept scores"


def test_tests_against_sources_are_corrected_over_those_there_are(whole: StudyResults) -> None:
    raw = [c.p_vs_source_raw for c in whole.cells if c.method == "naive" and c.source != c.target]
    assert all(0 <= p <= 1 for p in raw)


def test_heads_without_labels_are_compared_with_each_other(
    tmp_path: Path, whole: StudyResults
) -> None:
    found = study_of(tmp_path / "two", dict.fromkeys("abc", LABELS)).score()
    for mine, theirs in zip(found.cells, whole.cells, strict=True):
        assert mine.agreement == theirs.agreement
        assert mine.measures == theirs.measures
        assert not mine.scored
        assert all(nothing(getattr(mine, name)) for name in (*COUNTED, *OF_SOURCE))
    assert telling_pair(found) is None
    assert not found.classes
    table = read_parquet(str(tmp_path / "two" / "out" / "predictions.parquet")).read_all()
    assert table.column_names[:2] == ["id", "own/a"]


def test_features_alone(tmp_path: Path, whole: StudyResults) -> None:
    found = study_of(tmp_path / "three", dict.fromkeys("abc", HEAD + LABELS)).score()
    for mine, theirs in zip(found.cells, whole.cells, strict=True):
        assert mine.measures == theirs.measures
        assert nothing(mine.agreement)
    assert [network.classes for network in found.networks] == [None] * 3
    for path in sf.write_report(found, tmp_path / "report"):
        assert path.exists()


def test_labels_of_a_file_without_a_head_count_for_the_others(
    tmp_path: Path, whole: StudyResults
) -> None:
    found = study_of(tmp_path / "four", {"a": LABELS, "b": LABELS, "c": HEAD}).score()
    ours = {(c.method, c.source, c.target): c.correct for c in found.cells}
    theirs = {(c.method, c.source, c.target): c.correct for c in whole.cells}
    assert ours == {key: None if key[2] == "c" else n for key, n in theirs.items()}


def test_classes_count_without_the_sources_own(tmp_path: Path) -> None:
    study_of(tmp_path / "five", {"c": HEAD + LABELS}).score()
    table = read_parquet(str(tmp_path / "five" / "out" / "per_class.parquet")).read_all()
    rows = zip(*(table[name].to_pylist() for name in ("source", "source_correct")), strict=True)
    assert {(source, count is None) for source, count in rows} == {
        ("a", False),
        ("b", False),
        ("c", True),
    }


def test_methods_of_heads_are_left_out_and_it_is_said(tmp_path: Path) -> None:
    study = study_of(tmp_path / "six", {"a": HEAD, "b": HEAD}, methods=["ols", "logit"])
    assert [method.name for method in study.possible.methods] == ["ols"]
    found = study.score()
    assert [method.name for method in found.methods] == ["ols"]
    assert found.warnings[0] == "logit is left out: it is made of heads, and a, b have none."
    with pytest.raises(ConfigError, match="methods: logit is made of heads, and c has none"):
        study_of(tmp_path / "seven", {"c": HEAD}, methods=["logit"]).score()


@pytest.mark.parametrize(
    ("lacks", "keys", "message"),
    [
        ({"b": HEAD}, {"controls": True}, "controls: they ask every network.*b has no head"),
        (dict.fromkeys("abc", LABELS), {"controls": True}, "controls: they count right answers"),
        ({"b": HEAD}, {"tasks": ["hue"]}, "tasks: they ask every network.*b has no head"),
        (
            dict.fromkeys("abc", HEAD),
            {"class_names": list("vwxyz")},
            "class_names: no network of this study has classes",
        ),
    ],
)
def test_what_asks_for_heads_is_refused(
    tmp_path: Path, lacks: dict[str, tuple[str, ...]], keys: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        _ = study_of(tmp_path, lacks, **keys).inputs


def test_hybrids_and_overlaps_of_it_are_refused(tmp_path: Path) -> None:
    study = study_of(tmp_path, {"c": HEAD + LABELS})
    results = study.score()
    fitted = study.map("ols", "a", "c")
    with pytest.raises(NetworkError, match="c has no head: only features of it are known"):
        fitted.fold(study.inputs.networks["c"])
    with pytest.raises(ConfigError, match="in a → c there are none: c has no head"):
        make_overlaps(
            None, results, out=study.out, base=tmp_path, source="a", target="c", method="ols"
        )
    assert "c" not in (telling_pair(results) or ())
    plan = sf.make_plan(study_of(tmp_path, {"c": HEAD + LABELS}))
    assert plan.seconds >= 0


def test_cells_that_contradict_themselves_are_no_results(whole: StudyResults) -> None:
    def with_first(**changes: Any) -> StudyResults:
        first: Cell = replace(whole.cells[1], **changes)
        return replace(whole, cells=(first, *whole.cells[2:]))

    for changes in ({"correct": None}, {"correct": None, "correct_top5": None}):
        with pytest.raises(ValueError, match="nothing was counted"):
            with_first(**changes).check()
    with_first(correct=None, correct_top5=None, top1=math.nan).check()
    assert np.isnan(with_first(top1=math.nan).cells[0].top1)


def file_of(name: str, *, head: bool = True, labels: bool = True) -> Any:
    rows = np.zeros((4, 2), np.float32)
    return FeatureFile(
        name=name,
        source=f"npz:{name}.npz",
        head=Head(np.zeros((3, 2), np.float32), np.zeros(3, np.float32)) if head else None,
        fingerprint=name,
        fit_features=rows,
        eval_features=rows,
        eval_labels=np.zeros(4, np.int64) if labels else None,
    )


def by_name(*networks: Any) -> dict[str, Any]:
    return {network.name: network for network in networks}


def asking(**keys: Any) -> StudyConfig:
    return sf.parse_config({"networks": ["npz:a.npz", "npz:b.npz"], "methods": METHODS, **keys})


SEES: Any = SimpleNamespace(
    name="sees", head=Head(np.zeros((3, 2), np.float32), np.zeros(3, np.float32))
)
"""Sees images, which bring their labels."""


@pytest.mark.parametrize("key", ["controls", "tasks"])
def test_what_asks_for_heads_and_labels_may_have_them(key: str) -> None:
    config = asking(**{key: True if key == "controls" else ["hue"]})
    check_heads(config, by_name(file_of("a"), file_of("b", labels=False)))
    check_heads(config, by_name(SEES, file_of("a", labels=False)))
    with pytest.raises(ConfigError, match=f"^{key}: they count right answers, .*leave '{key}' out"):
        check_heads(config, by_name(file_of("a", labels=False), file_of("b", labels=False)))
    with pytest.raises(ConfigError, match=f"^{key}: they ask .*, and b has no head"):
        check_heads(config, by_name(SEES, file_of("b", head=False), file_of("c", head=False)))


def test_nothing_is_asked_of_networks_without_heads_by_itself() -> None:
    none = by_name(file_of("a", head=False, labels=False), file_of("b", head=False, labels=False))
    check_heads(asking(), none)
    check_heads(asking(class_names=list("xyz")), none | by_name(file_of("c", labels=False)))
    with pytest.raises(ConfigError, match=r"^class_names: no network"):
        check_heads(asking(class_names=list("xyz")), none)


def test_what_is_left_out_names_all_that_lack_a_head() -> None:
    config = asking(methods=["ols", "logit"])
    assert possible(config, by_name(file_of("a"), file_of("b"))) == (config, ())
    without, said = possible(config, by_name(file_of("a"), file_of("b", head=False)))
    assert [entry.name for entry in without.methods] == ["ols"]
    assert said == ("logit is left out: it is made of heads, and b has none.",)
    _, said = possible(config, by_name(*(file_of(name, head=False) for name in "ab")))
    assert said == ("logit is left out: it is made of heads, and a, b have none.",)
    alone, said = possible(asking(methods=["ols"]), by_name(file_of("a", head=False)))
    assert ([entry.name for entry in alone.methods], said) == (["ols"], ())
    with pytest.raises(ConfigError, match=r"^methods: logit is made of heads, and b has none"):
        possible(asking(methods=["logit"]), by_name(file_of("a"), file_of("b", head=False)))
