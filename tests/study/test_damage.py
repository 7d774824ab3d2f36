"""Files that are written and read again: what is altered is noticed, bit by bit."""

from __future__ import annotations

import contextlib
import io
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from npz_worlds import make_worlds, write_npz
from samefeatures.base.errors import FileError, MapError, SamefeaturesError, StoreError
from samefeatures.base.records import record
from samefeatures.base.sealed import read_sealed, write_sealed
from samefeatures.gallery.gallery import make_overlaps, read_pair
from samefeatures.joint.journal import Journal
from samefeatures.maps import AffineMap, LossCurve
from samefeatures.scores.overlap import load_overlaps
from samefeatures.study.config import parse_config
from samefeatures.study.predictions import read_predictions, write_predictions
from samefeatures.study.results import StudyResults
from samefeatures.study.study import Study


def flips(data: bytes) -> list[bytes]:
    """Single bits, one after the other: thousands of a small file, some of every part of others."""
    step = max(1, 8 * len(data) // 1500) | 1
    out = []
    for bit in range(0, 8 * len(data), step):
        altered = bytearray(data)
        altered[bit // 8] ^= 1 << bit % 8
        out.append(bytes(altered))
    return out


def same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a)
    return bool(a == b)


def unseen(path: Path, read: Callable[[], Any]) -> int:
    """How many flips change what is read without an error of ours."""
    whole, expected, count = path.read_bytes(), read(), 0
    for altered in flips(whole):
        path.write_bytes(altered)
        try:
            count += not same(read(), expected)
        except SamefeaturesError:
            continue
    path.write_bytes(whole)
    return count


def predictions(path: Path) -> list[str]:
    write_predictions(
        ["a", "b", "c"], np.array([0, 1, 2]), 3, {"own/x": np.array([0, 1, 1], np.int32)}, path
    )
    return ["id", "label", "own/x"]


def test_predictions(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    names = predictions(path)
    assert unseen(path, lambda: read_predictions(path, names)) == 0


def test_predictions_of_earlier_versions_are_read_and_panics_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    names = predictions(path)
    expected = read_predictions(path, names)
    path.write_bytes(path.read_bytes().replace(b"samefeatures.sha256", b"samefeatures_sha256"))
    whole = path.read_bytes()
    assert same(read_predictions(path, names), expected)
    refused = 0
    for altered in flips(whole)[::450]:  # a process each
        path.write_bytes(altered)
        with contextlib.suppress(StoreError):
            read_predictions(path, names)
            refused -= 1
        refused += 1
    assert refused


@dataclass(frozen=True)
class Kept:
    a: tuple[float | None, ...]
    b: dict[str, str | float]


def test_a_record_is_sealed(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_sealed(path, {"a": [1, 2.5, None], "b": {"c": "ä", "n": float("inf")}})
    assert unseen(path, lambda: record(Kept, read_sealed(path))) == 0
    raw = json.loads(path.read_text())
    path.write_text(json.dumps({name: raw[name] for name in ("sha256", "b", "a")}))
    assert read_sealed(path) == {"a": raw["a"], "b": raw["b"]}, "other spaces and order are none"
    path.write_text("[1]")
    with pytest.raises(FileError, match="holds list"):
        read_sealed(path)


def test_maps_and_what_they_say_of_themselves(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    fitted = AffineMap(
        weight=np.arange(6.0).reshape(2, 3),
        bias=np.ones(2),
        source="a",
        target="b",
        method="ols",
        source_fingerprint="f",
        target_fingerprint="g",
    )
    fitted.save(path)

    def read() -> dict[str, Any]:
        found = AffineMap.load(path)
        return {name: getattr(found, name) for name in found.__slots__ if name != "curve"}

    assert unseen(path, read) == 0
    path.write_bytes(path.read_bytes().replace(b"ols", b"cca"))
    with pytest.raises(MapError, match="what it says of itself is not what was written"):
        read()


def test_a_journal_that_is_altered_is_begun_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, layout = tmp_path / "x.json", [(2, 3)]
    journal = Journal.empty(layout)
    journal.note(0, 0, 2, {"x.png": "empty"})
    journal.save(path)

    def read() -> dict[str, Any]:
        found = Journal.read(path, layout)
        return {"none": found is None, "left_out": (found and found.left_out) or journal.left_out}

    whole = path.read_bytes()
    assert read() == {"none": False, "left_out": [{"x.png": "empty"}]}
    for altered in flips(whole)[::7]:
        path.write_bytes(altered)
        assert read()["left_out"] == [{"x.png": "empty"}]
    path.write_bytes(whole.replace(b"2", b"1", 1))
    with caplog.at_level(logging.WARNING):
        assert read()["none"]
    assert "computed again" in caplog.text


@pytest.mark.parametrize(
    "kept",
    [
        {"layout": [[2, 3]], "counts": [[3, 3, 3]], "left_out": [{}]},
        {"layout": [[2, 3]], "counts": [[-1]], "left_out": [{}]},
        {"layout": [[2, 3]], "counts": [], "left_out": [{}]},
        {"layout": [[2, 3]], "counts": [["3"]], "left_out": [{}]},
        {"layout": [[2, 3]], "counts": [[3]], "left_out": [{"x": {}}]},
        {"layout": [[2, 3]], "counts": [[3]], "left_out": [{"1": {}}]},
        {"layout": [[2, 3]], "counts": [[3]], "left_out": [{"0": {"a": 3}}]},
        {"layout": [[2, 0]], "counts": [[]], "left_out": [{}]},
        {"layout": [[2]], "counts": [[]], "left_out": [{}]},
        {"layout": 3, "counts": [[]], "left_out": [{}]},
        [],
        None,
    ],
)
def test_journals_of_other_shapes(tmp_path: Path, kept: object) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(kept))
    assert Journal.read(path, [(2, 3)]) is None


@pytest.fixture
def scored(tmp_path: Path) -> Study:
    sources = [write_npz(tmp_path, name, world) for name, world in make_worlds().items()]
    config = parse_config({"networks": sources[:2], "methods": ["ols"]})
    study = Study(config, out=tmp_path / "out", base=tmp_path)
    study.score()
    return study


def test_results_are_not_believed(scored: Study) -> None:
    path = scored.results_path
    raw = json.loads(path.read_text())
    assert unseen(path, lambda: StudyResults.load(path)) == 0
    del raw["sha256"]
    cell = raw["cells"][1]
    for key, value in (
        ("correct", cell["correct"] + 1),
        ("top1", cell["top1"] + 1),
        ("n", 0),
        ("n", "3"),
        ("source", "../../victim"),
        ("source", "other"),
        ("method", "../../victim"),
        ("r2", "high"),
        ("agreement", None),
        ("fixed", 1.5),
    ):
        cells = [raw["cells"][0], {**cell, key: value}, *raw["cells"][2:]]
        path.write_text(json.dumps({**raw, "cells": cells}))
        with pytest.raises(StoreError, match="Score the study again"):
            StudyResults.load(path)
    for key, value in (("networks", []), ("networks", 3), ("title", 3), ("more", 1), ("cells", {})):
        path.write_text(json.dumps({**raw, key: value}))
        with pytest.raises(StoreError, match="Score the study again"):
            StudyResults.load(path)
    path.write_text(json.dumps(raw))
    assert StudyResults.load(path).cells, "without a checksum, as earlier versions wrote it"


def test_an_overlap_that_is_altered_is_refused(scored: Study) -> None:
    results = StudyResults.load(scored.results_path)
    source, target = (network.name for network in results.networks)
    make_overlaps(
        None, results, out=scored.out, base=scored.base, source=source, target=target, method="ols"
    )
    path = scored.out / "overlap" / "ols" / f"{source}--{target}" / "overlap.json"
    assert unseen(path, lambda: load_overlaps(scored.out)) == 0
    raw = json.loads(path.read_text())
    del raw["sha256"]
    for key, value in (("n", 3), ("format", 1), ("gallery", 3), ("regions", {}), ("asked", "no")):
        path.write_text(json.dumps({**raw, key: value}))
        with pytest.raises(StoreError, match="is not an overlap of this version"):
            load_overlaps(scored.out)


def test_predictions_that_are_not_those_that_were_counted(scored: Study) -> None:
    results = StudyResults.load(scored.results_path)
    source, target = (network.name for network in results.networks)
    pair = read_pair(scored.out, "ols", source, target)
    says = pair.hybrid_says.copy()
    says[0] = (says[0] + 1) % 2
    columns = {f"own/{source}": pair.source_says, f"own/{target}": pair.target_says}
    columns |= {f"ols/{source}/{target}": says, f"ols/{target}/{source}": says}
    path, rows = scored.out / "predictions.parquet", len(pair.ids)
    write_predictions(pair.ids, pair.labels, rows, columns, path)
    with pytest.raises(StoreError, match=r"is not what study\.json counts"):
        make_overlaps(
            None,
            results,
            out=scored.out,
            base=scored.base,
            source=source,
            target=target,
            method="ols",
        )


@pytest.mark.parametrize("place", ["scores/*/*/*.npz", "maps/*/key.json", "scores/shared.json"])
def test_what_is_derived_is_computed_again_and_said(
    scored: Study, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = scored.results_path.read_bytes()
    for path in scored.out.glob(place):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 4
        path.write_bytes(data)
    with caplog.at_level(logging.WARNING):
        Study(scored.config, out=scored.out, base=scored.base).score()
    assert "computed again" in caplog.text
    assert scored.results_path.read_bytes() == before


@pytest.mark.parametrize("which", ["a--b", "*"])
def test_a_damaged_curve_is_made_again_with_its_map(
    tmp_path: Path, which: str, caplog: pytest.LogCaptureFixture
) -> None:
    sources = [write_npz(tmp_path, name, world) for name, world in make_worlds().items()]
    config = parse_config({"networks": sources, "methods": ["cosine"]})
    study = Study(config, out=tmp_path / "out", base=tmp_path)
    study.fit()
    curves = sorted((study.out / "maps" / "cosine").glob(f"{which}.curve.npz"))
    before = [path.read_bytes() for path in curves]
    assert curves
    for path, whole in zip(curves, before, strict=True):
        path.write_bytes(whole[:-40])
    with caplog.at_level(logging.WARNING):
        Study(config, out=study.out, base=tmp_path).score()
    assert caplog.text.count("computed again") == len(curves)
    for path, whole in zip(curves, before, strict=True):
        assert len(path.read_bytes()) == len(whole)
        np.testing.assert_allclose(
            LossCurve.load(path).loss, np.load(io.BytesIO(whole))["loss"], rtol=1e-6
        )
