"""Result files of a study that names no measures are what they were before measures had names."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from samefeatures.base.errors import StoreError, UnknownNameError
from samefeatures.study.predictions import read_predictions, write_predictions
from samefeatures.study.results import Cell
from samefeatures.study.tables import write_cells

CSV = """\
method,source,target,n,correct,top1,correct_top5,top5,source_top1,target_top1,\
change_vs_source_pct,loss_vs_target_points,agreement,r2,cosine,ci_low,ci_high,\
p_vs_target,p_vs_source,p_vs_target_raw,p_vs_source_raw,fixed,broken
ols,a,a,300,271,90.33333333333333,299,99.66666666666667,91.0,90.0,-0.7326007326007344,\
-0.3333333333333333,97.0,1.0,1.0,86.4,93.2,1.0,1.0,0.5,1.2e-8,2,1
ols,a,"b, c",300,271,90.33333333333333,299,99.66666666666667,91.0,90.0,-0.7326007326007344,\
-0.3333333333333333,97.0,0.9123456789012345,1e-9,86.4,93.2,1.0,0.0625,0.5,1.2e-8,2,1
naive,"b, c",a,300,271,90.33333333333333,299,99.66666666666667,91.0,90.0,NaN,\
-0.3333333333333333,97.0,NaN,-0.5,86.4,93.2,1.0,0.0625,0.5,1.2e-8,2,1
"""
JSON = """\
[{"method":"ols","source":"a","target":"b, c","n":300,"correct":271,"top1":90.33333333333333,\
"correct_top5":299,"top5":99.66666666666667,"source_top1":91.0,"target_top1":90.0,\
"change_vs_source_pct":-0.7326007326007344,"loss_vs_target_points":-0.3333333333333333,\
"agreement":97.0,"r2":0.9123456789012345,"cosine":1.0e-9,"ci_low":86.4,"ci_high":93.2,\
"p_vs_target":1.0,"p_vs_source":0.0625,"p_vs_target_raw":0.5,"p_vs_source_raw":1.2e-8,\
"fixed":2,"broken":1}]"""
"""As an earlier version wrote them, to the byte."""
FURTHER = (
    ",disagree,as_source,as_target,mistakes,repeated,repeated_by_source,consistency,"
    "consistency_of_source"
)
"""Columns that came after it, at the end."""


@pytest.fixture
def cells() -> list[Cell]:
    hybrid = Cell(
        method="ols",
        source="a",
        target="b, c",
        n=300,
        correct=271,
        top1=100 * 271 / 300,
        correct_top5=299,
        top5=100 * 299 / 300,
        source_top1=91.0,
        target_top1=90.0,
        change_vs_source_pct=-0.7326007326007344,
        loss_vs_target_points=-1 / 3,
        agreement=97.0,
        measures={"r2": 0.9123456789012345, "cosine": 1e-09},
        ci_low=86.4,
        ci_high=93.2,
        p_vs_target=1.0,
        p_vs_source=0.0625,
        p_vs_target_raw=0.5,
        p_vs_source_raw=1.2e-08,
        fixed=2,
        broken=1,
    )
    same: dict[str, Any] = {"target": "a", "p_vs_source": 1.0}
    nothing: dict[str, Any] = {"method": "naive", "source": "b, c", "target": "a"}
    return [
        replace(hybrid, measures={"r2": 1.0, "cosine": 1.0}, **same),
        hybrid,
        replace(
            hybrid,
            change_vs_source_pct=math.nan,
            measures={"r2": math.nan, "cosine": -0.5},
            **nothing,
        ),
    ]


def test_the_bytes_of_earlier_versions(cells: list[Cell], tmp_path: Path) -> None:
    csv, parquet, _ = write_cells(cells, tmp_path)
    head, *rows = csv.read_text().splitlines()
    assert head.endswith(FURTHER)
    assert all(row.endswith("," * 8) for row in rows)  # these cells are without
    before = [head.removesuffix(FURTHER), *(row.removesuffix("," * 8) for row in rows)]
    assert "\n".join([*before, ""]) == CSV
    pd.testing.assert_frame_equal(pd.read_parquet(parquet), pd.read_csv(csv))
    *_, records = write_cells(cells[1:2], tmp_path)
    assert records.read_text() == JSON


def test_further_measures_are_further_columns(cells: list[Cell], tmp_path: Path) -> None:
    more = [replace(c, measures={**c.measures, "cka": 0.25 * k}) for k, c in enumerate(cells)]
    csv, parquet, records = write_cells(more, tmp_path)
    frame = pd.read_csv(csv)
    assert list(frame.columns)[12:17] == ["agreement", "r2", "cosine", "cka", "ci_low"]
    assert frame["cka"].tolist() == [0, 0.25, 0.5]
    pd.testing.assert_frame_equal(pd.read_parquet(parquet), frame)
    assert [row["cka"] for row in json.loads(records.read_text())] == [0, 0.25, 0.5]
    csv, *_ = write_cells([replace(cells[1], measures={"cosine": 0.5})], tmp_path)
    assert "r2" not in pd.read_csv(csv).columns


def test_a_cell_goes_through_its_row_and_back(cells: list[Cell]) -> None:
    for cell in cells[:2]:
        assert Cell.parse(json.loads(json.dumps(cell.row))) == cell
    assert math.isnan(cells[2].measure("r2"))
    with pytest.raises(UnknownNameError, match=r"no measure 'cosin'\. Did you mean 'cosine'"):
        cells[0].measure("cosin")
    assert math.isnan(replace(cells[0], measures={}).cosine)


@pytest.mark.parametrize("ids", [["x.png", "7"], None])
def test_predictions_come_back(tmp_path: Path, ids: list[str] | None) -> None:
    labels, said = np.array([3, 1]), {"own/a": np.array([3, 0], np.int32)}
    path = write_predictions(ids, labels, 2, said, tmp_path / "predictions.parquet")
    found = read_predictions(path, ["id", "own/a", "label"])
    assert list(found) == ["id", "own/a", "label"]
    assert found["id"].tolist() == (ids or ["0", "1"])
    assert found["id"].dtype == object
    np.testing.assert_array_equal(found["label"], labels)
    np.testing.assert_array_equal(found["own/a"], said["own/a"])
    with pytest.raises(StoreError, match="no predictions of own/b: it belongs to other settings"):
        read_predictions(path, ["own/a", "own/b"])
    with pytest.raises(StoreError, match="There are no predictions at"):
        read_predictions(tmp_path / "none.parquet", ["id"])
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(StoreError, match="cut short"):
        read_predictions(path, ["id"])
