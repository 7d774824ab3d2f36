"""``store: false``: the same moments as through the store, and nothing else left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from npz_worlds import make_worlds, write_npz
from samefeatures.base.errors import ConfigError, OutOfMemoryError, UnreadableImageError
from samefeatures.base.progress import Advance, Rate, Silent
from samefeatures.joint.record import Moments
from samefeatures.joint.streamed import StreamedRows
from samefeatures.joint.sums import Accumulator
from samefeatures.study.config import parse_config
from samefeatures.study.study import Study


@pytest.fixture
def config(tmp_path: Path) -> dict[str, Any]:
    """Two sources, one with views; three images of the second can't be read."""
    rng = np.random.default_rng(0)
    (tmp_path / "more").mkdir()
    for k in range(40):
        pixels = rng.integers(0, 256, (28, 28), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "more" / f"{k:02d}.png")
    for k in (0, 17, 39):
        (tmp_path / "more" / f"{k:02d}.png").write_bytes(b"no picture")
    return {
        "networks": ["mini:resnet_v1", "mini:mobilenet_v2"],
        "data": {
            "fit": [{"source": "fashion-mnist:fit", "limit": 300, "views": 2}, "more"],
            "eval": {"source": "fashion-mnist:eval", "limit": 100},
        },
        "methods": ["ols", "ridge"],
    }


def made(config: dict[str, Any], tmp_path: Path, out: str, **changes: Any) -> Study:
    return Study(parse_config({**config, **changes}), out=tmp_path / out, base=tmp_path)


def small_chunks(patch: pytest.MonkeyPatch) -> None:
    """Chunks of moments that do not meet those of images, so that borders are crossed."""
    for module in ("joint.kept", "joint.stream"):
        patch.setattr(f"samefeatures.{module}.chunk_rows", lambda _dim: 77)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.safetensors")}


def test_the_same_bits_as_through_the_store(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_chunks(monkeypatch)
    stored, streamed = made(config, tmp_path, "a"), made(config, tmp_path, "b", store=False)
    stored.fit()
    streamed.fit()
    assert not (streamed.out / "features").exists(), "fit needs no features of the eval side"
    (one,), (other,) = ((s.out / "moments").glob("fit-*.npz") for s in (stored, streamed))
    assert one.read_bytes() == other.read_bytes()
    assert files(stored.out / "maps") == files(streamed.out / "maps")
    assert len(files(streamed.out / "maps")) == 4
    assert stored.map_keys == streamed.map_keys
    a, b = stored.score(), streamed.score()
    assert a.cells == b.cells
    assert a.fit_data == b.fit_data
    assert [left.id for left in b.fit_data.left_out] == [
        f"more/{k}.png" for k in ("00", "17", "39")
    ]
    assert b.fit_data.rows == 637
    assert all("eval" not in p.name for p in streamed.out.glob("features/*fit*"))


def test_rates_and_halved_batches_are_kept_for_rows_that_are_not(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []

    class Watched(Silent):
        visible = True

        def task(self, description: str, total: int, *, rate: Rate | None = None) -> Advance:
            if not description.startswith("fit: moments"):
                return super().task(description, total, rate=rate)
            assert rate is not None
            return lambda _steps: shown.append(rate())

        def note(self, text: str) -> None:
            shown.append(text)

    study = Study(
        parse_config({**config, "store": False, "batch_size": 32}),
        out=tmp_path / "a",
        base=tmp_path,
        progress=Watched(),
    )
    backend = type(study.inputs.image_networks[0].backend)
    plain = backend.features

    def narrow(self: Any, images: np.ndarray) -> np.ndarray:
        if len(images) > 20:
            raise OutOfMemoryError("The memory is full.")
        return plain(self, images)

    monkeypatch.setattr(backend, "features", narrow)
    study.fit()
    kept = json.loads((study.out / "extraction.json").read_text())["networks"]
    rows = {name: rate["rows"] for name, rate in kept.items()}
    assert rows == {"resnet_v1": 640, "mobilenet_v2": 640}, "300 images twice, and 40"
    assert {rate["halved_to"] for rate in kept.values()} == {16}
    assert sum("goes on with batches of 16" in text for text in shown) == 2, "once per network"
    assert any("images/s" in text for text in shown)


def test_float32_products_have_files_of_their_own(config: dict[str, Any], tmp_path: Path) -> None:
    algebra = {"precision": "float32"}
    double = made(config, tmp_path, "a")
    single = made(config, tmp_path, "a", algebra=algebra)
    double_cells, single_cells = double.score().cells, single.score().cells
    (path,) = (single.out / "moments").glob("fit-*.npz")
    assert Moments.load(path).precision == "float32"
    assert double.map_keys["ols"] != single.map_keys["ols"]
    for one, other in zip(double_cells, single_cells, strict=True):
        assert abs(one.correct - other.correct) <= 1
        assert other.r2 == pytest.approx(one.r2, abs=1e-5)
    streamed = made(config, tmp_path, "b", algebra=algebra, store=False)
    streamed.fit()
    (twin,) = (streamed.out / "moments").glob("fit-*.npz")
    assert twin.read_bytes() == path.read_bytes()
    turned = made(config, tmp_path, "b", networks=config["networks"][::-1], store=False)
    turned.fit()
    names = sorted(p.name.split("-")[0] + p.suffix for p in (turned.out / "moments").iterdir())
    assert names == ["fit.json", "fit.npz", "prints.npz"], "those of the other study go"


@pytest.mark.parametrize("after", [1, 3, 8])
def test_a_stopped_run_goes_on(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    small_chunks(monkeypatch)
    whole = made(config, tmp_path, "whole", store=False)
    whole.fit()
    monkeypatch.setattr("samefeatures.joint.stream.CHECKPOINT_SECONDS", -1.0)
    real, seen = Accumulator.update, []

    def stopping(self: Accumulator, *blocks: np.ndarray) -> None:
        if len(seen) == after:
            raise KeyboardInterrupt
        seen.append(len(blocks[0]))
        real(self, *blocks)

    monkeypatch.setattr(Accumulator, "update", stopping)
    with pytest.raises(KeyboardInterrupt):
        made(config, tmp_path, "out", store=False).fit()
    assert list((tmp_path / "out" / "moments").glob("fit-*.checkpoint.npz"))
    after = -1
    first = sum(seen)
    seen.clear()
    again = made(config, tmp_path, "out", store=False)
    again.fit()
    assert first + sum(seen) == 637, "no row twice, none lost"
    assert files(whole.out / "maps") == files(again.out / "maps")
    assert again.fit_features.summary == whole.fit_features.summary
    names = sorted(p.name.split("-")[0] + p.suffix for p in (again.out / "moments").iterdir())
    assert names == ["fit.json", "fit.npz", "prints.npz"], "checkpoints go when they are not needed"
    seen.clear()
    third = made(config, tmp_path, "out", store=False)
    third.fit()
    assert third.fit_moments().n == 637
    assert not seen, "a finished pass is not taken again"


def test_a_journal_that_is_gone_costs_a_new_pass(config: dict[str, Any], tmp_path: Path) -> None:
    study = made(config, tmp_path, "out", store=False)
    study.fit()
    before = files(study.out / "maps")
    (journal,) = (study.out / "moments").glob("*.journal.json")
    journal.write_text('{"layout": ')
    again = made(config, tmp_path, "out", store=False)
    assert again.fit_moments().n == 637
    again.fit()
    assert files(again.out / "maps") == before


def test_moments_that_another_process_removes_are_taken_again(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of other features, in the same folder, between the end of the pass and the reading."""
    study, real, removed = made(config, tmp_path, "out", store=False), Moments.load, []

    def gone(path: Path) -> Moments:
        if not removed and path.exists():
            removed.append(path)
            path.unlink()
        return real(path)

    monkeypatch.setattr(Moments, "load", gone)
    assert study.fit_moments().n == 637
    assert removed


def test_strict_holds_for_rows_that_are_not_kept(config: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UnreadableImageError, match=r"00\.png"):
        made(config, tmp_path, "a", store=False, strict=True).fit()
    made(config, tmp_path, "b", store=False).fit()
    with pytest.raises(UnreadableImageError, match=r"00\.png"):
        made(config, tmp_path, "b", store=False, strict=True).fit()


def test_what_needs_rows_is_refused_at_once(config: dict[str, Any], tmp_path: Path) -> None:
    for method in ("cosine", {"name": "adam", "label": "mine"}):
        with pytest.raises(ConfigError, match=r"the method '(cosine|mine)' reads .*store: true"):
            parse_config({**config, "store": False, "methods": ["ols", method]})
    auto = {"name": "ridge", "alpha": "auto"}
    with pytest.raises(
        ConfigError, match=r"'ridge' reads .* fold by fold.* a strength, or say 'st"
    ):
        parse_config({**config, "store": False, "methods": ["ols", auto]})
    parse_config({**config, "store": False, "methods": ["ols", "ridge"]})
    with pytest.raises(ConfigError, match="the controls read the fit features again"):
        parse_config({**config, "store": False, "controls": True})
    parse_config({**config, "store": True, "controls": True, "methods": ["cosine"]})
    study = made(config, tmp_path, "out", store=False)
    with pytest.raises(ConfigError, match="one process"):
        Study(study.config, out=tmp_path / "x", base=tmp_path, runner=study.runner)
    rows = StreamedRows(name="a", dim=3, fingerprint="f", rows=1000)
    assert (len(rows), rows.ids, rows.labels) == (1000, None, None)
    for read in (lambda: rows.chunks(10), lambda: rows.span(0, 1)):
        with pytest.raises(ConfigError, match="1,000 fit features of a were not kept"):
            read()


def test_features_from_files_are_refused(config: dict[str, Any], tmp_path: Path) -> None:
    head = {"head_weight": np.zeros((10, 8)), "head_bias": np.zeros(10)}
    source = write_npz(tmp_path, "a", make_worlds()["a"], **head)
    networks = ["mini:resnet_v1", source]
    with pytest.raises(ConfigError, match="a brings its features from a file"):
        made(config, tmp_path, "out", networks=networks, store=False).fit()


def test_a_device_that_is_not_there_stops_before_anything_is_extracted(
    config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for store in (True, False):
        study = made(config, tmp_path, "out", store=store, algebra={"device": "cuda"})
        with pytest.raises(ConfigError, match="torch finds 0 CUDA devices"):
            study.fit()
        assert not (study.out / "features").exists()
