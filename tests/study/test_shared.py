"""Images that are in the fit set and in the eval set are counted by what they show."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from npz_worlds import make_worlds, write_npz
from samefeatures.features.prints import among
from samefeatures.features.stored import StoredFeatures
from samefeatures.joint.sums import Accumulator
from samefeatures.study.config import parse_config
from samefeatures.study.results import StudyResults
from samefeatures.study.study import Study

WARNING = "eval images are fit images too"


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """70 fit images, 40 eval images of ten classes; 7 of them are copies under other names."""
    rng = np.random.default_rng(0)
    for i in range(70):
        path = tmp_path / "fit" / f"{i:02d}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (28, 28), dtype=np.uint8)).save(path)
    for i in range(40):
        path = tmp_path / "eval" / str(i % 10) / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if i % 6:
            Image.fromarray(rng.integers(0, 256, (28, 28), dtype=np.uint8)).save(path)
        else:
            shutil.copyfile(tmp_path / "fit" / f"{3 + 9 * (i // 6):02d}.png", path)
    return tmp_path


def study(base: Path, fit: Any, **keys: Any) -> Study:
    raw = {
        "networks": ["mini:resnet_v1", "mini:mobilenet_v2"],
        "data": {"fit": fit, "eval": {"source": "eval", "class_map": "sorted"}},
        "methods": ["ols"],
    }
    return Study(parse_config({**raw, **keys}), out=base / "out", base=base)


def said(results: StudyResults) -> list[str]:
    return [warning for warning in results.warnings if WARNING in warning]


@pytest.mark.parametrize("store", [True, False])
def test_copies_under_other_names_are_counted(folders: Path, store: bool) -> None:
    found = study(folders, "fit", store=store, batch_size=16).score()
    assert [warning[:15] for warning in said(found)] == ["7 of the 40 eva"]
    others = {"source": "fashion-mnist:fit", "limit": 50}
    assert said(study(folders, others, store=store).score()) == []


def test_the_same_set_for_both_is_said_whatever_views_are_taken(folders: Path) -> None:
    plain = study(folders, ["fit", {"source": "eval", "name": "again"}]).score()
    assert said(plain)[0].startswith("40 of the 40 eval images")
    assert plain.table("ols")["resnet_v1", "mobilenet_v2"].r2 > 0.9
    views = study(folders, ["fit", {"source": "eval", "views": 3}]).score()
    assert said(views)[0].startswith("40 of the 40 eval images")


def test_it_is_looked_for_once(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = study(folders, "fit").score()
    monkeypatch.setattr(StoredFeatures, "chunks", lambda *_: pytest.fail("rows were read again"))
    assert study(folders, "fit").score() == first
    monkeypatch.undo()
    (folders / "out" / "scores" / "shared.json").write_text("{")
    assert study(folders, "fit").score() == first


def test_a_stopped_pass_without_a_store_knows_the_rows_before(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("samefeatures.joint.stream.chunk_rows", lambda _: 20)
    monkeypatch.setattr("samefeatures.joint.stream.CHECKPOINT_SECONDS", -1.0)
    real, calls = Accumulator.update, []

    def stop_at_third(self: Accumulator, *blocks: np.ndarray) -> None:
        calls.append(len(blocks[0]))
        if len(calls) == 3:
            raise KeyboardInterrupt
        real(self, *blocks)

    monkeypatch.setattr(Accumulator, "update", stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        study(folders, "fit", store=False).fit()
    found = study(folders, "fit", store=False).score()
    assert calls == [20, 20, 20, 20, 10, 40], "40 rows were not taken again; 40 are of the eval set"
    assert said(found)[0].startswith("7 of the 40 eval images")


def test_features_from_files(tmp_path: Path) -> None:
    worlds = make_worlds()
    for world in worlds.values():
        world["fit_features"][100:130] = world["eval_features"][200:230]
    sources = [write_npz(tmp_path, name, world) for name, world in worlds.items()]
    config = parse_config({"networks": sources, "methods": ["ols"]})
    results = Study(config, out=tmp_path / "out", base=tmp_path).score()
    assert said(results)[0].startswith("30 of the 300 eval images")


def test_prints_are_found_up_to_rounding_and_no_further() -> None:
    rng = np.random.default_rng(0)
    known = (1000 + rng.normal(size=(500, 8))).astype(np.float32)
    asked = (1000 + rng.normal(size=(60, 8))).astype(np.float32)
    asked[:20] = known[300:320] * (1 + 1e-6 * rng.choice([-1, 1], size=(20, 8)))
    far = known[40:45].astype(np.float64)
    far[:, 3] += 0.1
    asked[20:25] = far
    assert np.flatnonzero(among(asked, known)).tolist() == list(range(20))
    assert not among(asked, known[:0]).any()
    alike = np.broadcast_to(known[:1], (60, 8))
    assert not among(alike, known).any(), "features that do not vary tell nothing"
    asked[0] = 0
    known[0] = 0
    assert not among(asked, known)[0], "features of zero tell nothing"
