"""Images that are in the fit set and in the eval set are counted by what they show."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from npz_worlds import make_worlds, write_npz
from samefeatures.base.digests import digest
from samefeatures.features.prints import among, prints_of
from samefeatures.features.rows import ArrayRows, JoinedRows
from samefeatures.features.stored import StoredFeatures
from samefeatures.joint.sums import Accumulator
from samefeatures.study.config import parse_config
from samefeatures.study.results import StudyResults
from samefeatures.study.shared import narrowest, shared_images
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


RNG = np.random.default_rng(0)
FIT = {"wide": RNG.normal(size=(60, 6)), "narrow": RNG.normal(size=(60, 4))}
EVAL = {"wide": RNG.normal(size=(40, 6)), "narrow": RNG.normal(size=(40, 4))}
EVAL["wide"][:9] = FIT["wide"][20:29]
EVAL["narrow"][:7] = FIT["narrow"][20:27]
EVAL["narrow"][30] = FIT["narrow"][3]


def rows(values: np.ndarray, name: str, mark: str = "") -> ArrayRows:
    return ArrayRows(name=name, values=values.astype(np.float32), fingerprint=f"{name} {mark}")


def side(values: dict[str, np.ndarray], mark: str, prints: Any = None) -> Any:
    found = {name: rows(each, name, mark) for name, each in values.items()}
    return SimpleNamespace(rows=found, prints=prints)


def part(fingerprint: str) -> Any:
    return SimpleNamespace(images=SimpleNamespace(fingerprint=fingerprint))


def inputs(fit: tuple[str, ...] = (), evaluation: tuple[str, ...] = ()) -> Any:
    networks = [SimpleNamespace(name="wide", dim=6), SimpleNamespace(name="narrow", dim=4)]
    return SimpleNamespace(
        image_networks=networks if fit else [],
        fit=tuple(map(part, fit)),
        eval=tuple(map(part, evaluation)),
    )


def test_the_narrowest_network_that_sees_images_is_looked_at_or_else_all(tmp_path: Path) -> None:
    fit, evaluation = side(FIT, "fit"), side(EVAL, "eval")
    seen, alone = inputs(("f",), ("e",)), inputs()
    assert (narrowest(seen), narrowest(alone)) == ("narrow", None)
    assert shared_images(seen, fit, evaluation, path=tmp_path / "seen.json") == 8
    assert shared_images(alone, fit, evaluation, path=tmp_path / "alone.json") == 7
    said = {name: json.loads((tmp_path / f"{name}.json").read_text()) for name in ("seen", "alone")}
    assert [(each["key"], each["shared"]) for each in said.values()] == [
        (digest("1e-05", "centred", "narrow eval", "narrow fit"), 8),
        (digest("1e-05", "centred", "wide eval", "narrow eval", "wide fit", "narrow fit"), 7),
    ]


def test_rows_are_read_again_only_where_they_are_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    plain = ArrayRows.chunks

    def chunks(self: ArrayRows, count: int) -> Iterator[np.ndarray]:
        read.append(self.fingerprint)
        yield from plain(self, count)

    monkeypatch.setattr(ArrayRows, "chunks", chunks)
    fit, evaluation, path = side(FIT, "fit"), side(EVAL, "eval"), tmp_path / "scores" / "x.json"
    for _ in range(2):
        assert shared_images(inputs(), fit, evaluation, path=path) == 7
    assert sorted(read) == ["narrow eval", "narrow fit", "wide eval", "wide fit"]
    changed = {"wide": EVAL["wide"][::-1], "narrow": EVAL["narrow"]}
    assert shared_images(inputs(), fit, side(changed, "other"), path=path) == 0
    read.clear()
    taken = prints_of([fit.rows["narrow"]])[:25]  # while rows passed
    read.clear()
    streamed = side(FIT, "streamed", prints=taken)
    assert shared_images(inputs(("f",), ("e",)), streamed, evaluation, path=path) == 6
    assert read == ["narrow eval"]


def test_parts_that_are_fitted_on_as_a_whole_count_whole(tmp_path: Path) -> None:
    fit = side(FIT, "fit")
    pieces = [rows(EVAL["narrow"][:30], "narrow", "1"), rows(EVAL["narrow"][30:], "narrow", "2")]
    joined: Any = SimpleNamespace(rows={"narrow": JoinedRows(pieces, ["x", "y"])}, prints=None)
    for k, (fitted, count) in enumerate(
        [(("f",), 8), (("x",), 31), (("y", "f"), 7 + 10), (("x", "y"), 40)]
    ):
        path = tmp_path / f"{k}.json"
        assert shared_images(inputs(fitted, ("x", "y")), fit, joined, path=path) == count
    with pytest.raises(ValueError, match="zip"):
        shared_images(inputs(("f",), ("x",)), fit, joined, path=tmp_path / "other.json")
