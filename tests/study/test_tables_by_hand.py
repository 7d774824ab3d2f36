"""Tables of records made by hand, as pandas reads them: a row a record, a column a field."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from arro3.io import write_csv

from samefeatures.study.results import (
    AnswersRow,
    BeyondRow,
    CanonicalPair,
    CanonicalResults,
    Cell,
    ControlRow,
    Controls,
    MapSpectrum,
    RankRow,
    Ranks,
    SpaceRow,
    SpaceSpectrum,
    SpectraSummary,
    StudyResults,
    TaskAnswers,
    TaskResults,
)
from samefeatures.study.results.spaces import SpaceFindings
from samefeatures.study.results_files import _write_beside
from samefeatures.study.tables import (
    write_canonical,
    write_cells,
    write_controls,
    write_ranks,
    write_spectra,
    write_table,
    write_tasks,
)
from small_records import cell, results

CONTROLS = tuple(
    ControlRow(
        control=control, source="a", target="b", n=4, correct=correct, top1=top1, ci_low=None,
        ci_high=None, agreement=75.0,
    )
    for control, correct, top1 in (("fit set", None, None), ("ols", 3, 75.0))
)  # fmt: skip
SPACES = SpaceFindings(
    rows=(
        SpaceRow(
            kind="pixels", of=None, target="b", n=4, correct=3, top1=75.0, ci_low=30.0,
            ci_high=95.0, agreement=50.0, r2=None, rank=2, columns=3,
        ),
        SpaceRow(
            kind="answers", of="a", target="b", n=4, correct=2, top1=50.0, ci_low=20.0,
            ci_high=80.0, agreement=25.0, r2=0.5, rank=1, columns=2, seed=1,
        ),
    ),
    answers=(
        AnswersRow(
            source="a", target="b", classes=3, seen=3, labelled_right=2, fewest=1, typical=2, most=3
        ),
    ),
    beyond=(
        BeyondRow(
            given="answers", of="features", source="a", target="b", r2=0.5, ci_low=0.25,
            ci_high=0.75, cosine=0.75, measures={"cka": 0.5, "angle": None},
        ),
    ),
)  # fmt: skip


def controls(spaces: SpaceFindings, rows: Sequence[ControlRow] = CONTROLS) -> Controls:
    return Controls(
        source="a", seed=0, rows=tuple(rows), logit_predictions_differing=0, logit_difference=0.0,
        left_out={}, spaces=spaces,
    )  # fmt: skip


RANKS = Ranks(
    rows=tuple(
        RankRow(
            source="a", target="b", rank=rank, full_rank=4, n=4, correct=3, top1=75.0,
            change_vs_source_pct=50.0, loss_vs_target_points=25.0, r2=0.5, r2_beyond_answers=None,
        )
        for rank in (2, 4)
    )
)  # fmt: skip
CANONICAL = CanonicalResults(
    alpha=1.0, ks=(1,), rank=3, chance=1.0, shared=(2.0, 1.5, 1.0), held_out=(1.75, None, 1.0),
    answers=(0.5, 0.25, None), networks=(), left_out_k=0,
    pairs=(
        CanonicalPair(k=1, source="a", target="b", correct=3, loss_points=25.0, r2=0.5),
        CanonicalPair(k=None, source="a", target="b", correct=None, loss_points=None, r2=None),
    ),
)  # fmt: skip
SPECTRA = SpectraSummary(
    spaces=tuple(
        SpaceSpectrum(
            network=name, dim=4, rank=3, effective_dimension=2.5, half=1, ninety=2, ninety_nine=3,
            at=(1, 2, 3), shares=(0.5, 0.25, 0.25),
        )
        for name in "ab"
    ),
    maps=(
        MapSpectrum(
            method="ols", source="a", target="b", effective_dimension=1.5, effective_rank=None
        ),
    ),
)  # fmt: skip


def same(path: Path, expected: Sequence[dict[str, Any]]) -> None:
    """The file has these rows and columns, in this order; a gap is a gap."""
    read = pd.read_csv(path)
    assert list(read.columns) == list(expected[0])
    plain = read.astype(object).where(read.notna(), None)
    assert plain.to_dict("records") == list(expected)


def rows_of(records: Sequence[Any], *but: str) -> list[dict[str, Any]]:
    return [{k: v for k, v in asdict(each).items() if k not in but} for each in records]


def test_controls_are_a_table_each_that_has_rows(tmp_path: Path) -> None:
    written = write_controls(controls(SPACES), tmp_path)
    names = ["controls.csv", "spaces.csv", "answers.csv", "beyond.csv"]
    assert [path.name for path in written] == names
    same(tmp_path / "controls.csv", rows_of(CONTROLS))
    same(tmp_path / "spaces.csv", rows_of(SPACES.rows))
    same(tmp_path / "answers.csv", rows_of(SPACES.answers))
    plain = rows_of(SPACES.beyond, "measures")
    same(tmp_path / "beyond.csv", [{**plain[0], "cka": 0.5, "angle": None}])
    (tmp_path / "few").mkdir()
    assert write_controls(controls(SpaceFindings()), tmp_path / "few") == [
        tmp_path / "few" / "controls.csv"
    ]


def test_directions_are_counted_from_one(tmp_path: Path) -> None:
    written = write_canonical(CANONICAL, tmp_path)
    assert written == [tmp_path / "canonical.csv", tmp_path / "directions.csv"]
    same(tmp_path / "canonical.csv", rows_of(CANONICAL.pairs))
    columns = zip((1, 2, 3), CANONICAL.shared, CANONICAL.held_out, CANONICAL.answers, strict=True)
    names = ("direction", "shared", "shared_held_out", "told_by_answers")
    same(tmp_path / "directions.csv", [dict(zip(names, row, strict=True)) for row in columns])


def test_without_heads_no_answers_tell_of_directions(tmp_path: Path) -> None:
    plain = {field.name: getattr(CANONICAL, field.name) for field in fields(CANONICAL)}
    write_canonical(CanonicalResults(**{**plain, "answers": ()}), tmp_path)
    read = pd.read_csv(tmp_path / "directions.csv")
    assert list(read.columns) == ["direction", "shared", "shared_held_out"]


def test_ranks_are_a_row_each(tmp_path: Path) -> None:
    assert write_ranks(RANKS, tmp_path / "ranks.csv") == tmp_path / "ranks.csv"
    same(tmp_path / "ranks.csv", rows_of(RANKS.rows))


def test_spectra_leave_their_curves_to_the_record(tmp_path: Path) -> None:
    assert write_spectra(SPECTRA, tmp_path) == [
        tmp_path / "spectra.csv",
        tmp_path / "map_spectra.csv",
    ]
    same(tmp_path / "spectra.csv", rows_of(SPECTRA.spaces, "at", "shares"))
    same(tmp_path / "map_spectra.csv", rows_of(SPECTRA.maps))
    alone = write_spectra(SpectraSummary(spaces=SPECTRA.spaces), tmp_path)
    assert alone == [tmp_path / "spectra.csv"]


def task(name: str, *cells: Cell, answers: Sequence[TaskAnswers] = ()) -> TaskResults:
    return TaskResults(
        name=name, rule=True, classes=2, fit_rows=9, n=4, chance=50.0, cells=cells,
        answers=tuple(answers), probes=(),
    )  # fmt: skip


def test_tasks_are_a_row_a_cell_then_answers_alone(tmp_path: Path) -> None:
    """However few: one network with its own probe is a table too."""
    path = tmp_path / "tasks.csv"
    assert write_tasks([task("hue", cell("aa"))], path) == path
    (row,) = pd.read_csv(path).to_dict("records")
    assert (row["task"], row["source"], row["correct"], row["classes"]) == ("hue", "a", 3, 2)
    alone = TaskAnswers(
        source="a", target="b", n=4, correct=2, top1=50.0, ci_low=20.0, ci_high=80.0
    )
    two = [task("hue", cell("aa")), task("size", cell("ab"), cell("ba"), answers=[alone])]
    read = pd.read_csv(write_tasks(two, path))
    told = read[["task", "method", "source", "target", "correct", "top1"]].to_numpy().tolist()
    assert told == [
        ["hue", "ols", "a", "a", 3, 75.0],
        ["size", "ols", "a", "b", 3, 75.0],
        ["size", "ols", "b", "a", 3, 75.0],
        ["size", "answers alone", "a", "b", 2, 50.0],
    ]
    assert read["agreement"].isna().tolist() == [False, False, False, True]


def test_cells_are_three_files(tmp_path: Path) -> None:
    cells = [cell("ab", measures={"cka": 0.5}), cell("ba", measures={"cka": 0.25})]
    written = write_cells(cells, tmp_path)
    assert [path.name for path in written] == ["results.csv", "results.parquet", "results.json"]
    frame = pd.read_csv(written[0])
    pd.testing.assert_frame_equal(pd.read_parquet(written[1]), frame)
    assert frame["cka"].tolist() == [0.5, 0.25]
    assert [row["source"] for row in json.loads(written[2].read_text())] == ["a", "b"]


def test_columns_are_of_the_kind_of_their_first_value(tmp_path: Path) -> None:
    columns: dict[str, Any] = {
        "text": [None, "x"],
        "whole": [None, 3],
        "number": [None, 0.5],
        "nothing": [None, None],
        "array": np.arange(4)[::2],
    }
    path = write_table(write_csv, columns, tmp_path / "table.csv")
    assert path == tmp_path / "table.csv"
    lines = path.read_text().splitlines()
    assert lines == ["text,whole,number,nothing,array", ",,,,0", "x,3,0.5,,2"]


EVERY: dict[str, tuple[dict[str, Any], set[str]]] = {
    "controls": (
        {"controls": controls(SPACES)},
        {"controls.csv", "spaces.csv", "answers.csv", "beyond.csv"},
    ),
    "ranks": ({"ranks": RANKS}, {"ranks.csv"}),
    "canonical": ({"canonical": CANONICAL}, {"canonical.csv", "directions.csv"}),
    "spectra": ({"spectra": SPECTRA}, {"spectra.csv", "map_spectra.csv"}),
    "nothing": ({}, set()),
}


@pytest.mark.parametrize("kind", EVERY)
def test_tables_that_a_study_lacks_are_removed(tmp_path: Path, kind: str) -> None:
    """Those of an earlier study in the same folder; what somebody else put there stays."""
    every: set[str] = {"tasks.csv"}.union(*(names for _, names in EVERY.values()))
    for name in (*every, "mine.csv"):
        (tmp_path / name).write_text("of an earlier study")
    changes, names = EVERY[kind]
    made: StudyResults = results("ab", **changes)
    _write_beside(made, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*names, "mine.csv"}
    assert all("earlier" not in (tmp_path / name).read_text() for name in names)
