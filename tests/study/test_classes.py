"""Counts per class, against pandas on the written predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from samefeatures.study.classes import class_changes, count_classes, write_classes
from samefeatures.study.study import Study


def test_the_table_is_what_pandas_counts(npz_study: Study) -> None:
    results = npz_study.score()
    table = pd.read_parquet(npz_study.out / "per_class.parquet")
    assert len(table) == 4 * 6 * 5
    predictions = pd.read_parquet(npz_study.out / "predictions.parquet")
    for (method, source, target), rows in table.groupby(["method", "source", "target"]):
        hybrid = predictions[f"{method}/{source}/{target}"] == predictions["label"]
        own = predictions[f"own/{target}"] == predictions["label"]
        other = predictions[f"own/{source}"] == predictions["label"]
        expected = {
            "n": np.ones(len(hybrid)),
            "correct": hybrid,
            "target_correct": own,
            "source_correct": other,
            "fixed": hybrid & ~own,
            "broken": own & ~hybrid,
        }
        for column, values in expected.items():
            counted = pd.Series(values).groupby(predictions["label"]).sum()
            assert rows[column].tolist() == counted.tolist(), column
        cell = results.table(method)[source, target]
        assert (rows["fixed"].sum(), rows["broken"].sum()) == (cell.fixed, cell.broken)


def test_the_greatest_changes_come_first_and_idle_classes_not_at_all() -> None:
    labels = np.repeat(np.arange(4), 10)
    own = labels.copy()
    own[:4] = 9  # four of class 0 are wrong in the target
    better, mixed = labels.copy(), own.copy()
    better[10:12] = 9  # class 1 loses two under the first map
    mixed[20:25] = 9  # class 2 loses five under the second
    predictions = {
        name: values.astype(np.int32)
        for name, values in {
            "own/a": labels,
            "own/b": own,
            "ols/a/b": better,
            "ols/c/b": mixed,
            "own/c": labels,
        }.items()
    }
    found = class_changes(count_classes(predictions, labels))
    assert [(c.label, c.change_points) for c in found] == [(0, 20), (2, -25), (1, -10)]
    assert [(c.maps_gaining, c.maps_losing, c.maps) for c in found] == [
        (1, 0, 2),
        (0, 1, 2),
        (0, 1, 2),
    ]
    assert {c.n for c in found} == {10}


def test_so_many_of_each_kind_are_listed_for_each_method() -> None:
    """Classes of the first method gain or lose what stands in the table; of the other, all lose."""
    moved = np.array([3, -2, 7, 0, 5, -9, 1, -4])  # of 10 images each
    labels = np.repeat(np.arange(8), 10)
    place = np.tile(np.arange(10), 8)
    right = {
        "own/b": place < np.repeat(np.where(moved < 0, 10, 0), 10),
        "ols/a/b": place < np.repeat(np.where(moved < 0, 10 + moved, moved), 10),
        "naive/a/b": np.zeros(80, bool),
        "own/a": np.ones(80, bool),
    }
    said = {name: np.where(hit, labels, 9).astype(np.int32) for name, hit in right.items()}
    counts = count_classes(said, labels)
    found = [(c.method, c.label, c.change_points) for c in class_changes(counts, listed=3)]
    assert [one for one in found if one[0] == "ols"] == [
        ("ols", 2, 70),
        ("ols", 4, 50),
        ("ols", 0, 30),
        ("ols", 5, -90),
        ("ols", 7, -40),
        ("ols", 1, -20),
    ]
    assert [one for one in found if one[0] == "naive"] == [
        ("naive", label, -100) for label in (1, 5, 7)
    ]
    every = [c.label for c in class_changes(counts) if c.method == "ols"]
    assert every == [2, 4, 0, 6, 5, 7, 1]


def test_an_eval_set_of_one_class() -> None:
    labels = np.full(7, 3)
    predictions = {
        "own/a": np.full(7, 3, np.int32),
        "own/b": np.zeros(7, np.int32),
        "ols/a/b": np.array([3, 3, 0, 0, 0, 0, 0], np.int32),
    }
    (counts,) = count_classes(predictions, labels)
    assert (counts.classes.tolist(), counts.n.tolist(), counts.fixed.tolist()) == ([3], [7], [2])
    (change,) = class_changes([counts])
    assert (change.label, change.maps_gaining) == (3, 1)


def test_every_count_stands_in_its_own_column(tmp_path: Path) -> None:
    """Class 1 has no image, and c no head."""
    labels = np.array([0, 0, 0, 0, 2, 2, 2])
    right = {
        "own/a": [1, 1, 1, 0, 1, 0, 0],
        "own/b": [1, 1, 0, 0, 0, 0, 1],
        "ols/a/b": [0, 1, 1, 1, 1, 1, 1],
        "naive/c/b": [1, 0, 0, 0, 0, 0, 0],
    }
    said = {k: np.where(np.array(v) > 0, labels, 9).astype(np.int32) for k, v in right.items()}
    counts = count_classes(said, labels)
    path = write_classes(counts, tmp_path / "per_class.parquet")
    table = pd.read_parquet(path)
    assert table.columns.tolist() == [
        *("method", "source", "target", "label", "n"),
        *("correct", "source_correct", "target_correct", "fixed", "broken"),
    ]
    assert table.astype(object).where(table.notna(), None).to_numpy().tolist() == [
        ["ols", "a", "b", 0, 4, 3, 3, 2, 2, 1],
        ["ols", "a", "b", 2, 3, 3, 1, 1, 2, 0],
        ["naive", "c", "b", 0, 4, 1, None, 2, 0, 1],
        ["naive", "c", "b", 2, 3, 0, None, 1, 0, 1],
    ]
    assert pd.read_parquet(write_classes(counts[:1], path))["source_correct"].tolist() == [3, 1]
    assert pd.read_parquet(write_classes(counts[1:], path))["source_correct"].isna().all()


def test_a_table_of_no_hybrid_has_its_columns(tmp_path: Path) -> None:
    table = pd.read_parquet(write_classes([], tmp_path / "per_class.parquet"))
    assert len(table) == 0
    assert set(table.dtypes["label":].tolist()) == {np.dtype(np.int64)}


def test_the_least_change_counts_and_equal_ones_stand_in_one_order() -> None:
    """One image of 200 of a class: half a point; lost where its number is even, else gained."""
    labels = np.repeat(np.arange(60), 200)
    first = np.tile(np.arange(200), 60) == 0
    own = np.where(first & (labels % 2 == 1), 99, labels)
    hybrid = np.where(first & (labels % 2 == 0), 99, labels)
    said = {"own/b": own, "ols/a/b": hybrid}
    counts = count_classes({name: each.astype(np.int32) for name, each in said.items()}, labels)
    found = class_changes(counts)
    assert [(c.label, c.change_points, c.maps_gaining, c.maps_losing) for c in found] == [
        *((k, 0.5, 1, 0) for k in (59, 57, 55, 53, 51)),
        *((k, -0.5, 0, 1) for k in (0, 2, 4, 6, 8)),
    ]
