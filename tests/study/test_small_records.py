"""Records of a study on their own: what they are called, compute, refuse, and read back."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from samefeatures.base.errors import StoreError, UnknownNameError
from samefeatures.base.sealed import read_sealed, write_sealed
from samefeatures.maps import METHODS
from samefeatures.scores.follows import Follows
from samefeatures.similarity import MEASURES
from samefeatures.study.results import (
    ByRows,
    CanonicalNetwork,
    CanonicalResults,
    Cell,
    ControlRow,
    Controls,
    CurveSummary,
    LeftOut,
    MapSpectrum,
    MeasureSummary,
    MethodSummary,
    RankRow,
    Ranks,
    RowsPoint,
    Similarity,
    SpectraSummary,
    StudyResults,
)
from samefeatures.study.results.cell import columns_of
from samefeatures.study.results.spaces import AnswersRow, BeyondRow, SpaceFindings, SpaceRow
from small_records import cell, data, measure, network, results, uncounted

FOLLOWS = Follows(
    n=4, disagree=3, as_source=1, as_target=2, mistakes=2, repeated=1, repeated_by_source=0,
    consistency=0.5, consistency_of_source=0.25,
)  # fmt: skip


def beyond(pair: str, **changes: Any) -> BeyondRow:
    plain: dict[str, Any] = {
        "given": "answers", "of": "features", "source": pair[0], "target": pair[1], "r2": 0.5,
        "ci_low": 0.25, "ci_high": 0.75,
    }  # fmt: skip
    return BeyondRow(**{**plain, **changes})


def point(method: str, rows: int, seed: int) -> RowsPoint:
    return RowsPoint(
        method=method, rows=rows, seed=seed, change=1.0, loss=1.0, r2=0.5, r2_beyond_answers=None
    )


SPACES = SpaceFindings(
    rows=(
        SpaceRow(
            kind="answers", of="a", target="b", n=4, correct=3, top1=75.0, ci_low=30.0,
            ci_high=95.0, agreement=75.0, r2=0.5, rank=2, columns=3,
        ),
    ),
    answers=tuple(
        AnswersRow(
            source=a, target=b, classes=3, seen=3, labelled_right=2, fewest=1, typical=2, most=3
        )
        for a, b in ("ab", "ba")
    ),
    beyond=(beyond("ab"), beyond("ba"), beyond("ab", of="class noise")),
    left_out={"pixels": "no images"},
)  # fmt: skip
CONTROL = ControlRow(
    control="ols", source="a", target="b", n=4, correct=3, top1=75.0, ci_low=30.0, ci_high=95.0,
    agreement=75.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (
            cell("ab"),
            "Cell(method='ols', source='a', target='b', n=4, top1=75, change_vs_source_pct=50)",
        ),
        (
            network("a", top1=62.5),
            "NetworkSummary(name='a', source='npz:a.npz', feature_dim=7, classes=5, top1=62.5)",
        ),
        (
            data("few", left_out=(LeftOut(id="0", reason="empty"),) * 3),
            "DataSummary(name='few', images=5, rows=4, left_out=3)",
        ),
        (
            CurveSummary(
                method="adam", source="a", target="b", unit="batch", at=(1, 2, 4), loss=(3, 2, 1)
            ),
            "CurveSummary(method='adam', source='a', target='b', unit='batch', points=3)",
        ),
        (
            results("abc", warnings=("few",) * 2),
            "StudyResults(title='Few', networks=['a', 'b', 'c'], methods=['ols'], cells=9, "
            "eval_rows=4, warnings=2)",
        ),
        (
            results("ab").table("ols"),
            "Table(method='ols', names=['a', 'b'], cells=4)",
        ),
        (
            SPACES,
            "SpaceFindings(rows=1, answers=2, beyond=3, left_out=['pixels'])",
        ),
        (
            Controls(
                source="a", seed=0, rows=(CONTROL,) * 5, logit_predictions_differing=0,
                logit_difference=0.0, left_out={"naive": "why"}, spaces=SPACES,
            ),
            "Controls(source='a', rows=5, spaces=1, beyond=3, left_out=['naive'])",
        ),
        (
            ByRows(points=tuple(point(m, n, s) for m in "xy" for n in (8, 4) for s in range(3))),
            "ByRows(methods=['x', 'y'], sizes=[4, 8], seeds=3)",
        ),
        (
            CanonicalResults(
                alpha=1.0, ks=(1, 2), rank=3, chance=1.0, shared=(), held_out=(), answers=(),
                networks=(CanonicalNetwork(name="a", dim=4, rank=3, held=()),), pairs=(),
                left_out_k=0,
            ),
            "CanonicalResults(ks=[1, 2], networks=['a'])",
        ),
        (
            Similarity(title="Few", names=("a", "b"), n=4, measures=(measure("cka"),), values={}),
            "Similarity(title='Few', networks=['a', 'b'], n=4, measures=['cka'])",
        ),
        (Ranks(rows=()), "Ranks(rows=0)"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_a_record_says_what_it_is_of(record: object, said: str) -> None:
    assert repr(record) == said


def test_a_cell_knows_what_was_counted() -> None:
    assert (cell("ab").scored, cell("ab").turned) == (True, (1, 2))
    assert (uncounted("ab").scored, uncounted("ab").turned) == (False, (0, 0))
    assert cell("ab", fixed=None).turned == (0, 2)


def test_a_cell_has_r2_and_cosine_where_they_were_taken() -> None:
    both = cell("ab", measures={"r2": 0.5, "cosine": 0.25, "cka": 0.75})
    assert (both.r2, both.cosine, both.measure("cka")) == (0.5, 0.25, 0.75)
    assert math.isnan(cell("ab", measures={"cosine": 0.25}).r2)
    assert math.isnan(cell("ab", measures={"r2": 0.25}).cosine)
    with pytest.raises(UnknownNameError, match=r"no measure 'r3'.*There are: r2, cosine, cka"):
        both.measure("r3")


@pytest.mark.parametrize("follows", [FOLLOWS, None])
def test_a_row_holds_whom_the_hybrid_follows(follows: Follows | None) -> None:
    one = cell("ab", measures={"cka": 0.5, "angle": 0.25}, follows=follows)
    names = list(one.row)
    at = names.index("agreement")
    assert names[at + 1 : at + 4] == ["cka", "angle", "ci_low"]
    found = {name: one.row[name] for name in names[names.index("broken") + 1 :]}
    told = asdict(FOLLOWS)
    told.pop("n")
    assert found == (told if follows else dict.fromkeys(told))
    assert Cell.parse(json.loads(json.dumps(one.row))) == one
    assert columns_of([one]) == {name: [value] for name, value in one.row.items()}


def test_rows_of_earlier_versions_lack_whom_hybrids_follow() -> None:
    row = cell("ab", measures={"cka": 0.5}).row
    short = {name: row[name] for name in row if name not in asdict(FOLLOWS) or name == "n"}
    assert len(short) == len(row) - 8
    assert Cell.parse(short) == cell("ab", measures={"cka": 0.5})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"correct": 0, "top1": 0.0},
        {"correct_top5": 3},
        {"n": 1, "correct": 1, "top1": 100.0, "correct_top5": 1},
        {"n": 3, "correct": 1, "correct_top5": 1, "top1": 100 / 3 * (1 + 1e-12)},
        {"correct": None, "correct_top5": None, "top1": math.nan},
    ],
)
def test_what_a_study_can_have_found(changes: dict[str, Any]) -> None:
    found = results("ab")
    cells = tuple(replace(each, **changes) for each in found.cells)
    replace(found, cells=cells).check()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"correct": -1, "top1": -25.0}, "^ols, a → b: -1 right of 4$"),
        ({"correct_top5": 2}, "^ols, a → b: 3 right of 4$"),
        ({"correct_top5": 5}, "^ols, a → b: 3 right of 4$"),
        ({"n": 0, "correct": 0, "correct_top5": 0, "top1": math.nan}, "0 right of 0"),
        ({"top1": 75.0 * (1 + 1e-7)}, "^ols, a → b: 3 of 4 are not 75.0000075"),
        ({"top1": 25.0}, "3 of 4 are not 25.0 %"),
        ({"correct": None, "top1": math.nan}, "nan % right, and nothing was counted"),
        ({"correct_top5": None, "top1": math.nan}, "nan % right, and nothing was counted"),
        ({"correct": None, "correct_top5": None}, "75.0 % right, and nothing was counted"),
        ({"source": "z"}, "^ols, z → b: there is no such network$"),
        ({"target": "z"}, "^ols, a → z: there is no such network$"),
        ({"method": "../ols"}, r"the name '\.\./ols'"),
    ],
)
def test_what_no_study_can_have_found(changes: dict[str, Any], says: str) -> None:
    first, second, *others = results("ab").cells
    found = results("ab", cells=(first, replace(second, **changes), *others))
    with pytest.raises(ValueError, match=says):
        found.check()


def test_names_that_can_be_no_part_of_a_path_are_refused() -> None:
    with pytest.raises(ValueError, match="it has no cells"):
        results("ab", cells=()).check()
    with pytest.raises(ValueError, match="the name 'b/c'"):
        results("ab", networks=(network("a"), network("b"), network("b/c"))).check()
    with pytest.raises(ValueError, match="the name 'b/c'"):
        results("ab", methods=(MethodSummary(name="b/c", options={}),)).check()


def test_results_are_read_as_they_were_saved(tmp_path: Path) -> None:
    path = tmp_path / "study.json"
    found = results("ab", settings={"out": Path("there")}, measures=(measure("cka"),))
    found.save(path)
    assert StudyResults.load(path) == replace(found, settings={"out": "there"})
    results("ab", cells=(cell("ab", correct=2),)).save(path)
    with pytest.raises(StoreError, match=r"2 of 4 are not 75.0 %.*Score the study again"):
        StudyResults.load(path)
    with pytest.raises(StoreError, match=r"no results at .*Run the study first: samefeatures run"):
        StudyResults.load(tmp_path / "none.json")


def test_what_earlier_versions_left_out_is_said_by_methods_and_measures(tmp_path: Path) -> None:
    """They had two measures, and methods that were known by their kind or their label."""
    path = tmp_path / "study.json"
    methods = (
        MethodSummary(name="logit", options={}),
        MethodSummary(name="mine", options={}, kind="naive"),
        MethodSummary(name="of_a_package", options={}),
    )
    found = results("ab", methods=methods)
    found.save(path)
    raw = dict(read_sealed(path))
    raw.pop("measures")
    raw["methods"] = [{key: each[key] for key in each if key != "uses"} for each in raw["methods"]]
    write_sealed(path, raw)
    read = StudyResults.load(path)
    assert METHODS.get("logit").uses == "heads"
    assert METHODS.get("naive").uses == "nothing"
    assert [each.uses for each in read.methods] == ["heads", "nothing", "images"]
    assert [each.name for each in read.methods] == [each.name for each in methods]
    assert [each.name for each in read.measures] == ["r2", "cosine"]
    assert read.measures[0] == MeasureSummary.of(MEASURES.get("r2"))
    assert read.cells == found.cells


def test_a_measure_is_what_it_says_of_itself() -> None:
    for name in MEASURES.names:
        said, kind = MeasureSummary.of(MEASURES.get(name)), MEASURES.get(name)
        assert (said.name, said.label, said.says) == (name, kind.label, kind.says)
        assert (said.judges, said.same, said.asked) == (kind.judges, kind.same, kind.place is None)
        assert said.apart == kind.apart or math.isnan(said.apart)
        assert math.isnan(said.apart) == math.isnan(kind.apart)
    assert {MeasureSummary.of(MEASURES.get(n)).asked for n in ("r2", "cka")} == {False, True}


def test_cells_are_found_by_their_three_names() -> None:
    found = results("ab")
    other = tuple(replace(each, method="naive", agreement=1.0) for each in found.cells)
    both = replace(found, cells=(*found.cells, *other))
    for method in ("ols", "naive"):
        for pair in ("ab", "ba"):
            one = both.find(method, *pair)
            assert one is not None
            assert (one.method, one.source, one.target) == (method, *pair)
    assert both.find("ols", "a", "z") is None
    table = both.table("naive")  # which no summary names: its cells do
    assert (table.method, table.names, len(table)) == ("naive", ("a", "b"), 4)
    assert {each.agreement for each in table.values()} == {1.0}
    assert replace(both, measures=(measure("cka"),)).table("ols").measures == (measure("cka"),)
    with pytest.raises(
        UnknownNameError, match=r"^This study has no method 'olz'\. Did you mean 'o"
    ):
        both.table("olz")


def test_a_class_has_its_number_and_its_name() -> None:
    assert results("ab").class_name(1) == "1"
    assert results("ab", class_names=("cat", "dog")).class_name(1) == "1 dog"


def test_the_median_change_counts_the_diagonal_or_does_not() -> None:
    changes = {"aa": 0.0, "bb": 0.0, "ab": -4.0, "ba": 8.0}
    cells = tuple(cell(pair, change_vs_source_pct=value) for pair, value in changes.items())
    found = results("ab", cells=(*cells, cell("ab", method="naive", change_vs_source_pct=99.0)))
    assert found.median_change("ols", over="maps") == 2.0
    assert found.median_change("ols", over="cells") == 0.0
    assert found.median_change("naive", over="maps") == 99.0
    with pytest.raises(ValueError, match="over is 'all'; it must be 'maps' or 'cells'"):
        found.median_change("ols", over="all")


def test_a_data_set_says_what_was_done_with_orientations_and_what_was_listed() -> None:
    assert data(upright=True).exif == "images with an EXIF orientation are turned upright"
    assert data(upright=False).exif == "EXIF orientations are ignored"
    assert data(upright=None).exif == "EXIF orientations are ignored, in some of the parts"
    assert data().listing == ""
    told = data(taken=4000, passed_over={".txt": 12}).listing
    assert told == "took 4,000 images; passed over 12 .txt"


def test_the_dimension_of_maps_is_the_median_of_those_known() -> None:
    def one(method: str, dimension: float | None) -> MapSpectrum:
        return MapSpectrum(
            method=method, source="a", target="b", effective_dimension=dimension,
            effective_rank=None,
        )  # fmt: skip

    maps = (one("x", 2.0), one("x", None), one("x", 5.0), one("y", 90.0), one("z", None))
    found = SpectraSummary(spaces=(), maps=maps)
    assert (found.median("x"), found.median("y")) == (3.5, 90.0)
    assert found.median("z") is None
    assert found.median("none of them") is None


def test_columns_beyond_controls_are_of_what_stands_in_the_sources_place() -> None:
    rows = (
        beyond("ab", given="answers, pixels", measures={"cka": 0.75, "angle": None}),
        beyond("ba", given="answers, pixels", r2=None, measures={"cka": 0.5, "angle": 1.0}),
        beyond("ab", r2=0.125),
        beyond("ab", of="class noise", r2=0.0625),
    )
    found = SpaceFindings(beyond=rows)
    assert rows[0].column == "r2_beyond_answers_pixels"
    assert rows[2].values == {"r2_beyond_answers": 0.125}
    columns = found.columns()
    ab, ba = ("a", "b"), ("b", "a")
    assert list(columns) == [
        "r2_beyond_answers_pixels",
        "cka_beyond_answers_pixels",
        "angle_beyond_answers_pixels",
        "r2_beyond_answers",
    ]
    assert columns["cka_beyond_answers_pixels"] == {ab: 0.75, ba: 0.5}
    assert columns["r2_beyond_answers_pixels"][ab] == 0.5
    assert math.isnan(columns["r2_beyond_answers_pixels"][ba])
    assert math.isnan(columns["angle_beyond_answers_pixels"][ab])
    assert columns["r2_beyond_answers"] == {ab: 0.125}
    assert found.columns("class noise") == {"r2_beyond_answers": {ab: 0.0625}}


def rank(pair: str, number: int, top1: float | None, r2: float | None = 0.5) -> RankRow:
    return RankRow(
        source=pair[0], target=pair[1], rank=number, full_rank=8, n=4, correct=None, top1=top1,
        change_vs_source_pct=None, loss_vs_target_points=None, r2=r2, r2_beyond_answers=None,
    )  # fmt: skip


def test_ranks_of_which_a_value_is_not_known() -> None:
    rows = (rank("ab", 2, None, None), rank("ab", 4, 79.0), rank("ba", 4, None, None))
    found = Ranks(rows=(*rows, rank("ba", 8, 60.0)))
    assert found.enough() == {("a", "b"): 4, ("b", "a"): 8}
    assert found.enough("r2_beyond_answers") == {}
    assert found.median("r2_beyond_answers", 8) is None
    assert list(found.at(1)) == [], "no pair has so small a rank"
    assert list(found.at(2)) == [rows[0]]
    assert list(found.at(7)) == [rows[1], rows[2]]
    assert found.pairs == {("a", "b"): rows[:2], ("b", "a"): found.rows[2:]}
    assert found.steps == (4, 8)


def test_a_point_of_accuracy_is_a_point_and_of_r2_a_hundredth() -> None:
    found = Ranks(rows=(rank("ab", 1, 78.9, 0.489), rank("ab", 2, 79.0, 0.49), rank("ab", 4, 80.0)))
    assert found.enough() == {("a", "b"): 2}
    assert found.enough("r2") == {("a", "b"): 2}
