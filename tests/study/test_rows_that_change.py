"""Images that are left out later, and labels that are corrected, of a study that is run again."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from samefeatures.base.errors import FeatureError, UnreadableImageError
from samefeatures.features.stored import StoredFeatures
from samefeatures.images import folder
from samefeatures.networks.record import ImageNetwork
from samefeatures.study import scoring
from samefeatures.study.config import parse_config
from samefeatures.study.inputs import Part
from samefeatures.study.results import StudyResults
from samefeatures.study.sides import fit_side
from samefeatures.study.study import Study

A, B = "mini:mobilenet_v2", "mini:inception_v1"


@pytest.fixture(autouse=True)
def world(tmp_path: Path) -> None:
    """Twelve images in each of four folders, and labels of the eval sets."""
    rng = np.random.default_rng(0)
    for name in ("fit", "more", "eval", "rest"):
        (tmp_path / name).mkdir()
        for i in range(12):
            pixels = rng.integers(0, 256, (28, 28), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{i:02d}.png")
        write_labels(tmp_path, name, [i % 10 for i in range(12)])


def write_labels(base: Path, name: str, labels: list[int]) -> None:
    rows = [f"{i:02d}.png,{label}" for i, label in enumerate(labels)]
    (base / f"{name}.csv").write_text("\n".join(["id,label", *rows]) + "\n")


def study(base: Path, *networks: str, **keys: Any) -> Study:
    data = {
        "fit": [{"source": "fit", "views": 2}, "more"],
        "eval": [{"source": name, "labels": f"{name}.csv"} for name in ("eval", "rest")],
    }
    config = parse_config({"networks": list(networks), "data": data, "methods": ["ols"], **keys})
    return Study(config, out=base / "out", base=base)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Paths that the disk can't read for now, as ``folder/file``."""
    paths: set[str] = set()
    read = folder.read_unchanged

    def flaky(path: Path, size: int, time: int) -> bytes:
        if f"{path.parent.name}/{path.name}" in paths:
            raise UnreadableImageError("it can't be opened (Input/output error)")
        return read(path, size, time)

    monkeypatch.setattr(folder, "read_unchanged", flaky)
    return paths


def left_out(results: StudyResults) -> Collection[str]:
    return {entry.id for data in (results.fit_data, results.eval_data) for entry in data.left_out}


def test_two_networks_whose_runs_could_not_read_different_images(
    tmp_path: Path, failing: set[str]
) -> None:
    """One folder for all of it: maps and scores of more rows must not pass for those of fewer."""
    failing |= {"fit/03.png", "eval/05.png"}
    alone = study(tmp_path, A).score()
    assert left_out(alone) == failing
    failing.clear()
    failing.add("rest/07.png")
    assert left_out(study(tmp_path, B).score()) == failing
    failing.clear()
    both = study(tmp_path, A, B).score()
    assert left_out(both) == {"fit/03.png", "eval/05.png", "rest/07.png"}
    assert (both.fit_data.rows, both.eval_data.rows) == (2 * 11 + 12, 22)
    assert {cell.n for cell in both.cells} == {22}
    assert study(tmp_path, A, B).score().cells == both.cells
    fresh = study(tmp_path, B, A, store=str(tmp_path / "out" / "features")).score()
    assert {(c.source, c.target): c.correct for c in fresh.cells} == {
        (c.source, c.target): c.correct for c in both.cells
    }
    with pytest.raises(UnreadableImageError, match=r"03\.png can't be read"):
        study(tmp_path, B, strict=True).score()


def test_stores_that_leave_out_different_images_are_not_put_side_by_side(tmp_path: Path) -> None:
    made = study(tmp_path, A, B)

    class Torn:
        """Gives stores one of which another process has changed meanwhile."""

        def extract(
            self, networks: Sequence[ImageNetwork], part: Part, *, kind: str
        ) -> list[StoredFeatures]:
            stores = made.runner.extract(networks, part, kind=kind)
            stores[1].store.leave_out(0, {4: "it is gone"})
            return stores

    with pytest.raises(FeatureError, match=r"features of 33 images, mobilenet_v2 of 36"):
        fit_side(made.inputs, Torn())


def test_a_corrected_label_is_counted_and_nothing_extracted(tmp_path: Path) -> None:
    first = study(tmp_path, A, B).score()
    features = {p: p.stat().st_mtime_ns for p in (tmp_path / "out" / "features").rglob("*")}
    (tmp_path / "out" / "extraction.json").unlink()
    scores = {p.parent.name: p for p in (tmp_path / "out" / "scores" / "own").rglob("*.npz")}
    said = {name: np.load(path)["predictions"][0] for name, path in scores.items()}
    labels = [int(label) for label in said["mobilenet_v2"][:12]]
    write_labels(tmp_path, "eval", labels)
    second = study(tmp_path, A, B).score()
    assert not (tmp_path / "out" / "extraction.json").exists(), "no row was computed"
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "out" / "features").rglob("*")} == features
    truth = np.array([*labels, *(i % 10 for i in range(12))])
    own = {n.name: n for n in second.networks}
    for name, predicted in said.items():
        assert own[name].top1 == pytest.approx(100 * np.mean(predicted == truth))
    assert first.eval_data.fingerprint != second.eval_data.fingerprint
    assert first.fit_data == second.fit_data


def test_scores_of_a_time_when_keys_held_labels_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = study(tmp_path, A, B).score()
    for path in (tmp_path / "out" / "scores").rglob("*.npz"):
        with np.load(path) as file:
            kept = {name: file[name] for name in file if name != "labels"}
        np.savez(path, **kept)
    monkeypatch.setattr(scoring, "score_heads", None)
    assert study(tmp_path, A, B).score().cells == first.cells


def test_one_source_as_fit_and_as_eval_is_extracted_once(tmp_path: Path) -> None:
    data = {"fit": "eval", "eval": {"source": "eval", "labels": "eval.csv"}}
    config = parse_config({"networks": [A, B], "data": data, "methods": ["ols"]})
    Study(config, out=tmp_path / "out", base=tmp_path).score()
    rates = json.loads((tmp_path / "out" / "extraction.json").read_text())["networks"]
    assert [rate["rows"] for rate in rates.values()] == [12, 12]
