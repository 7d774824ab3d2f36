"""What is kept beside a score: scoring again reads nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from npz_worlds import make_worlds, write_npz
from samefeatures.features import stored
from samefeatures.features.rows import ArrayRows
from samefeatures.images.imageset import image_id
from samefeatures.joint.record import Moments
from samefeatures.maps import AffineMap, LossCurve
from samefeatures.study.config import parse_config
from samefeatures.study.results import StudyResults
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
