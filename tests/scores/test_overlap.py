"""Regions and lists, against sets of ids; files that come back as they were."""

from __future__ import annotations

import csv
import json
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from samefeatures.base.errors import StoreError
from samefeatures.gallery.gallery import read_pair
from samefeatures.scores.overlap import (
    LISTS,
    REGIONS,
    Overlap,
    Predicted,
    Shown,
    load_overlaps,
    remove_overlap,
    save_overlap,
)
from samefeatures.study.study import Study


@pytest.fixture
def pair() -> Predicted:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 500)

    def says(right: float) -> np.ndarray:
        wrong = (labels + rng.integers(1, 4, 500)) % 4
        return np.where(rng.uniform(size=500) < right, labels, wrong).astype(np.int32)

    return Predicted(
        method="ols",
        source="a",
        target="b",
        ids=[f"class {label}/{i}, x.png" for i, label in enumerate(labels)],
        labels=labels,
        source_says=says(0.8),
        target_says=says(0.7),
        hybrid_says=says(0.6),
    )


def right_sets(pair: Predicted) -> tuple[set[str], set[str], set[str]]:
    def right(says: np.ndarray) -> set[str]:
        return {i for i, a, b in zip(pair.ids, says, pair.labels, strict=True) if a == b}

    return right(pair.source_says), right(pair.target_says), right(pair.hybrid_says)


def test_regions_are_those_of_set_algebra(pair: Predicted) -> None:
    source, target, hybrid = right_sets(pair)
    everything = set(pair.ids)
    overlap = pair.overlap()
    assert set(REGIONS.values()) == set(product((True, False), repeat=3))
    for name, (s, t, h) in REGIONS.items():
        expected = everything
        for inside, images in ((s, source), (t, target), (h, hybrid)):
            expected = expected & images if inside else expected - images
        assert overlap.count(name) == len(expected), name
    assert sum(overlap.regions.values()) == overlap.n == 500
    totals = [overlap.correct(who) for who in ("source", "target", "hybrid")]
    assert totals == [len(source), len(target), len(hybrid)]


def test_lists_are_those_of_set_algebra(pair: Predicted, tmp_path: Path) -> None:
    source, target, hybrid = right_sets(pair)
    expected = {
        "fixed": hybrid - target,
        "broken": target - hybrid,
        "lost": (source & target) - hybrid,
        "common": source & target & hybrid,
    }
    overlap = pair.overlap()
    folder = save_overlap(overlap, pair, tmp_path)
    assert folder == tmp_path / "overlap" / "ols" / "a--b"
    for name in LISTS:
        with (folder / f"{name}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["id"] for row in rows] == [i for i in pair.ids if i in expected[name]]
        assert overlap.count(name) == len(rows)
        for row in rows:
            i = pair.ids.index(row["id"])
            assert int(row["label"]) == pair.labels[i]
            assert int(row["hybrid_says"]) == pair.hybrid_says[i]


def test_the_directions_of_a_study(npz_study: Study) -> None:
    results = npz_study.score()
    frame = pd.read_parquet(npz_study.out / "predictions.parquet")
    for source, target in (("a", "c"), ("c", "a")):
        overlap = read_pair(npz_study.out, "naive", source, target).overlap()
        cell = results.table("naive")[source, target]
        assert (overlap.count("fixed"), overlap.count("broken")) == (cell.fixed, cell.broken)
        assert overlap.correct("hybrid") == cell.correct
        assert overlap.correct("target") == (frame[f"own/{target}"] == frame["label"]).sum()


def test_what_is_saved_comes_back(pair: Predicted, tmp_path: Path) -> None:
    shown = Shown(
        id="ü/1.png",
        kind="fixed",
        label=1,
        source_says=1,
        target_says=2,
        hybrid_says=1,
        problem="x",
    )
    overlap = pair.overlap([shown])
    assert load_overlaps(tmp_path) == []
    folder = save_overlap(overlap, pair, tmp_path)
    assert load_overlaps(tmp_path) == [overlap]
    assert isinstance(load_overlaps(tmp_path)[0], Overlap)
    path = folder / "overlap.json"
    raw = json.loads(path.read_text())
    path.write_text(json.dumps({**raw, "format": 0}))
    with pytest.raises(StoreError, match=r"write it again with: samefeatures overlap"):
        load_overlaps(tmp_path)


def test_predictions_that_are_not_there(npz_study: Study) -> None:
    with pytest.raises(StoreError, match="Run the study first"):
        read_pair(npz_study.out, "ols", "a", "b")
    npz_study.score()
    with pytest.raises(StoreError, match="no predictions of cca/a/b"):
        read_pair(npz_study.out, "cca", "a", "b")
    (npz_study.out / "predictions.parquet").write_bytes(b"PAR1")
    with pytest.raises(StoreError, match="Score the study again"):
        read_pair(npz_study.out, "ols", "a", "b")


UP = "/../../../../victim"


@pytest.mark.parametrize(
    "changes",
    [
        {"target": UP},
        {"source": UP},
        {"method": "../../victim"},
        {"method": ".."},
        {"source": "a--b"},
        {"target": "/etc"},
        {"target": "other"},
        {"source": "a\0b"},
        {"source": 3},
        {"method": None},
    ],
)
def test_names_in_a_record_are_not_followed(
    pair: Predicted, tmp_path: Path, changes: dict[str, object]
) -> None:
    folder = save_overlap(pair.overlap(asked=False), pair, tmp_path / "study")
    raw = json.loads((folder / "overlap.json").read_text())
    (folder / "overlap.json").write_text(json.dumps({**raw, **changes}))
    with pytest.raises(StoreError, match="is not an overlap of this version"):
        load_overlaps(tmp_path / "study")


def test_an_overlap_in_the_place_of_another_is_refused(pair: Predicted, tmp_path: Path) -> None:
    folder = save_overlap(pair.overlap(asked=False), pair, tmp_path)
    assert len(load_overlaps(tmp_path)) == 1
    folder.rename(folder.with_name(f"{folder.name}2"))
    with pytest.raises(StoreError, match="of another method or other networks than its place"):
        load_overlaps(tmp_path)


def test_what_lies_beside_the_lists_of_an_overlap_stays(pair: Predicted, tmp_path: Path) -> None:
    overlap = pair.overlap()
    folder = save_overlap(overlap, pair, tmp_path)
    (folder / "notes.txt").touch()
    remove_overlap(overlap, tmp_path)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_an_overlap_behind_a_link_is_not_removed(pair: Predicted, tmp_path: Path) -> None:
    overlap, out = pair.overlap(), tmp_path / "study"
    folder = save_overlap(overlap, pair, out)
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="nothing out there is deleted"):
        remove_overlap(overlap, out)
    assert (tmp_path / "elsewhere" / "fixed.csv").exists()
