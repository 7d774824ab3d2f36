"""What is kept beside a score: scoring again reads nothing else."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from npz_worlds import make_worlds, write_npz
from samefeatures.base.errors import StoreError
from samefeatures.features import stored
from samefeatures.features.rows import ArrayRows
from samefeatures.images.imageset import image_id
from samefeatures.joint.record import Moments
from samefeatures.maps import AffineMap, LossCurve
from samefeatures.scores.heads import Score
from samefeatures.study.config import parse_config
from samefeatures.study.results import CurveSummary, FitSummary, StudyResults
from samefeatures.study.score_files import KeptScores, MapFacts, ScoreFile
from samefeatures.study.study import Study


def again(study: Study) -> StudyResults:
    """As a second run of the same command."""
    return Study(study.config, out=study.out, base=study.base).score()


def refuse(monkeypatch: pytest.MonkeyPatch, *places: tuple[object, str]) -> None:
    for owner, name in places:
        monkeypatch.setattr(owner, name, lambda *_, **__: pytest.fail("it was done again"))


def test_scoring_again_reads_no_map_no_moments_and_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [write_npz(tmp_path, name, world) for name, world in make_worlds().items()]
    config = parse_config({"networks": sources, "methods": ["ols", "cosine"], "controls": True})
    study = Study(config, out=tmp_path / "out", base=tmp_path)
    first = study.score()
    assert len(first.curves) == 6
    places = ((AffineMap, "load"), (LossCurve, "load"), (Moments, "load"), (ArrayRows, "chunks"))
    refuse(monkeypatch, *places)
    assert again(study) == first


def test_nothing_to_do_makes_no_ids_of_fit_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million fit images would take seconds, for every network."""
    data = {
        "fit": {"source": "fashion-mnist:fit", "limit": 300},
        "eval": {"source": "fashion-mnist:eval", "limit": 50},
    }
    networks = ["mini:resnet_v1", "mini:mobilenet_v2"]
    config = parse_config({"networks": networks, "data": data, "methods": ["ols"]})
    study = Study(config, out=tmp_path / "out", base=tmp_path)
    first = study.score()
    made: list[str] = []

    def noted(name: str, **options: Any) -> str:
        made.append(name)
        return image_id(name, **options)

    monkeypatch.setattr(stored, "image_id", noted)
    assert again(study) == first
    assert len(made) == 50, "ids of predictions, once"


def test_scores_of_earlier_versions_hold_and_learn_what_their_maps_are(
    npz_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = npz_study.score()
    files = sorted((npz_study.out / "scores").rglob("*.npz"))
    assert len(files) == 3 * 5
    for path in files:
        with np.load(path) as kept:
            np.savez(path, predictions=kept["predictions"], correct=kept["correct"])
    monkeypatch.setattr(
        "samefeatures.study.scoring.score_heads", lambda *_, **__: pytest.fail("scored again")
    )
    assert again(npz_study) == first
    refuse(monkeypatch, (AffineMap, "load"))
    assert again(npz_study) == first


@pytest.mark.parametrize("damage", ["cut short", "no JSON", "another basis", "a field too many"])
def test_what_does_not_hold_is_scored_anew(npz_study: Study, damage: str) -> None:
    first = npz_study.score()
    (path,) = (npz_study.out / "scores" / "ols" / "a").glob("*.npz")
    whole = path.read_bytes()
    said = {
        "no JSON": b"{",
        "another basis": b'{"basis": "other labels", "facts": []}',
        "a field too many": b'{"basis": "", "facts": [{"close": {}, "fit": {}, "curve": null}]}',
    }
    if damage in said:
        with np.load(path) as kept:
            wrong = 0 * kept["predictions"]
            facts = np.frombuffer(said[damage], np.uint8)
            np.savez(path, predictions=wrong, correct=kept["correct"], facts=facts)
    else:
        path.write_bytes(whole[:300])
    assert again(npz_study) == first
    assert path.read_bytes() == whole


FIT = FitSummary(method="ols", source="a", target="b", rank=3, loss=math.inf, path=((0.1, 0.5),))
CURVE = CurveSummary(method="ols", source="a", target="b", unit="pass", at=(1, 2), loss=(1.0, 0.5))
SAID = np.array([[0, 1, 1, 4], [2, 2, 1, 0]], np.int32)


@pytest.fixture
def file(tmp_path: Path) -> ScoreFile:
    return ScoreFile(tmp_path / "out" / "scores" / "ols" / "a" / "key-rows.npz", "these labels")


def test_scores_and_facts_come_back(file: ScoreFile) -> None:
    scores = [Score(SAID[0], 0, 4), Score(SAID[1], 3, 4)]
    facts = [MapFacts(measures={"r2": math.inf}, fit=FIT, curve=CURVE)]
    facts += [MapFacts(measures={"r2": 0.25}, fit=FIT, curve=None)]
    assert file.read() is None
    for _ in range(2):  # where its folder is there already, too
        file.write(KeptScores(scores, facts))
    found = file.read()
    assert found is not None
    assert tuple(found.facts) == tuple(facts)
    assert [(s.predictions.tolist(), s.correct, s.correct_top5) for s in found.scores] == [
        ([0, 1, 1, 4], 0, 4),
        ([2, 2, 1, 0], 3, 4),
    ]
    assert found.scores[0].predictions.dtype == np.int32
    assert ScoreFile(file.path, "other labels").read() is None


def test_files_of_earlier_versions_hold_whatever_the_labels_are(file: ScoreFile) -> None:
    """They name no basis, and have no facts."""
    file.path.parent.mkdir(parents=True)
    np.savez(file.path, predictions=SAID, correct=np.array([[0, 4], [3, 4]]))
    found = file.read()
    assert found is not None
    assert ([score.correct for score in found.scores], tuple(found.facts)) == ([0, 3], ())


def test_facts_without_scores_come_back(file: ScoreFile) -> None:
    """Of a source of which every target lacks a head."""
    facts = (MapFacts(measures={}, fit=FIT, curve=None),)
    file.write(KeptScores([], facts))
    found = file.read()
    assert found is not None
    assert (list(found.scores), tuple(found.facts)) == ([], facts)


def test_files_of_other_keys_are_removed_and_nothing_else(file: ScoreFile, tmp_path: Path) -> None:
    folder = file.path.parent
    folder.mkdir(parents=True)
    for name in ("old-rows.npz", "notes.txt"):
        (folder / name).write_text("x")
    file.write(KeptScores([Score(SAID[0], 1, 2)]))
    assert {path.name for path in folder.iterdir()} == {"key-rows.npz", "notes.txt"}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "theirs.npz").write_text("x")
    (folder.parent / "b").symlink_to(elsewhere)
    with pytest.raises(StoreError, match="nothing out there is deleted"):
        ScoreFile(folder.parent / "b" / "key-rows.npz", "").write(KeptScores([]))
    assert (elsewhere / "theirs.npz").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"correct": np.array([[0, 4], [3, 5]])},
        {"correct": np.array([[0, -1], [3, 4]])},
        {"correct": np.array([[0, 4]])},
        {"correct": np.array([[0, 4, 4], [3, 4, 4]])},
        {"correct": np.array([[0.0, 4.0], [3.0, 4.0]])},
        {"predictions": SAID.astype(np.float32)},
        {"predictions": SAID[0]},
        {"correct": np.array([0, 4])},
    ],
)
def test_counts_that_can_not_be_are_made_again_and_it_is_said(
    file: ScoreFile, changes: dict[str, np.ndarray], caplog: pytest.LogCaptureFixture
) -> None:
    facts = np.frombuffer(json.dumps({"basis": file.basis, "facts": []}).encode(), np.uint8)
    sound: dict[str, Any] = {
        "predictions": SAID,
        "correct": np.array([[0, 4], [3, 4]]),
        "facts": facts,
    }
    file.path.parent.mkdir(parents=True)
    np.savez(file.path, **sound)
    assert file.read() is not None
    np.savez(file.path, **(sound | changes))
    assert file.read() is None
    assert "is computed again" in caplog.text
