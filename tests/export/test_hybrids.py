"""Hybrids on disk predict what the study says, or are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from samefeatures.base.errors import ExportError, MapError, UnreadableImageError
from samefeatures.export.hybrids import Exported, _kept_if_right, export_hybrid
from samefeatures.features.stored import StoredFeatures
from samefeatures.images import folder
from samefeatures.images.decode import decode
from samefeatures.maps import AffineMap
from samefeatures.networks.record import ImageNetwork
from samefeatures.networks.torch.backend import TorchBackend
from samefeatures.study.config import parse_config
from samefeatures.study.study import Study

MODULE = """
import torch
from torch import nn

def small():
    torch.manual_seed({seed})
    return nn.Sequential(
        nn.Conv2d(3, 12, 5, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        nn.Linear(48, 10),
    )
"""


def make_study(
    base: Path, *, seed: int = 0, mean: float = 0.3, precision: str = "float32"
) -> Study:
    (base / f"small_net_{seed}.py").write_text(MODULE.format(seed=seed))
    small = {
        "load": f"python:small_net_{seed}:small",
        "input_size": [3, 28, 28],
        "crop_pct": 1.0,
        "mean": [mean] * 3,
        "std": [0.35] * 3,
    }
    twin = {**small, "name": "twin"}  # mixed precision is for networks of torch
    config = parse_config(
        {
            "networks": [small, "mini:mobilenet_v2" if precision == "float32" else twin],
            "precision": precision,
            "data": {
                "fit": {"source": "fashion-mnist:fit", "limit": 200},
                "eval": {"source": "fashion-mnist:eval", "limit": 90},
            },
            "methods": ["ols"],
        }
    )
    return Study(config, out=base / "out", base=base)


def export(study: Study, source: str, target: str, *, to: Path) -> Exported:
    """As the command does."""
    fitted, networks = study.map("ols", source, target), study.inputs.networks
    return export_hybrid(
        fitted,
        networks[source],
        networks[target],
        rows=study.eval_features.rows[source],
        parts=study.inputs.eval,
        to=to,
    )


def names_in(path: Path) -> object:
    entries = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    return json.loads(entries.get("samefeatures.class_names", "null"))


def test_a_torch_hybrid_as_onnx_and_as_module(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    study.score()
    for name in ("hybrid.onnx", "hybrid.pt2"):
        done = export(study, "small", "mobilenet_v2", to=tmp_path / name)
        assert done.images == 90
        assert done.path.exists()
    # The target's own names where the study gives none: this one has none either.
    assert names_in(tmp_path / "hybrid.onnx") is None
    target = study.inputs.networks["mobilenet_v2"]
    assert isinstance(target, ImageNetwork)
    letters = tuple("abcdefghij")
    study.inputs.networks["mobilenet_v2"] = replace(target, class_names=letters)
    export(study, "small", "mobilenet_v2", to=tmp_path / "named.onnx")
    assert names_in(tmp_path / "named.onnx") == list(letters)
    module = torch.export.load(tmp_path / "hybrid.pt2").module()
    assert module(torch.zeros(5, 3, 28, 28)).shape == (5, 10)


def test_a_hybrid_of_a_study_in_bfloat16_is_held_against_plain_float32(tmp_path: Path) -> None:
    study = make_study(tmp_path, precision="bfloat16")
    for name in ("h.onnx", "h.pt2"):
        done = export(study, "small", "twin", to=tmp_path / name)
        network = study.inputs.image_networks[0]
        assert isinstance(network.backend, TorchBackend)
        head = study.maps.load("ols", "small", "twin").fold(study.inputs.networks["twin"])
        images = [
            network.preprocessing.pixels(decode(part.images.read(i)))
            for part in study.inputs.eval
            for i in range(len(part.images))
        ]
        exact = network.backend.plain_features(network.preprocessing.normalise(np.stack(images)))
        mixed = study.eval_features.rows["small"].span(0, len(images))
        assert not np.array_equal(exact, mixed)
        differ = head.logits(exact).argmax(axis=1) != head.logits(mixed).argmax(axis=1)
        assert done.otherwise == differ.sum()
        assert done.images == len(images)
    plain = make_study(tmp_path, seed=1)
    assert export(plain, "small", "mobilenet_v2", to=tmp_path / "p.onnx") == (
        Exported(tmp_path / "p.onnx", 90, 0, None)
    )


def test_a_file_that_predicts_otherwise_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(tmp_path)
    kept = tmp_path / "h.onnx"
    export(study, "small", "mobilenet_v2", to=kept)
    before = kept.read_bytes()
    wrong = np.eye(10, dtype=np.float32)
    monkeypatch.setattr(
        "samefeatures.export.hybrids.run_onnx",
        lambda path, **_: lambda x: wrong[np.arange(len(x)) % 10],
    )
    for path in (kept, tmp_path / "fresh.onnx"):
        with pytest.raises(ExportError, match="predicts another class"):
            export(study, "small", "mobilenet_v2", to=path)
    assert kept.read_bytes() == before
    assert [path.name for path in tmp_path.glob("*.onnx")] == ["h.onnx"]


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of eval images that the disk can't read for now, in two folders of ten each."""
    rng = np.random.default_rng(0)
    for part in ("one", "two"):
        (tmp_path / part).mkdir()
        for i in range(10):
            pixels = rng.integers(0, 256, (28, 28), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / part / f"{i}.png")
        rows = "".join(f"{i}.png,{i}\n" for i in range(10))
        (tmp_path / f"{part}.csv").write_text(f"id,label\n{rows}")
    names: set[str] = set()
    read = folder.read_unchanged

    def flaky(path: Path, size: int, time: int) -> bytes:
        if f"{path.parent.name}/{path.name}" in names:
            raise UnreadableImageError("it can't be opened (Input/output error)")
        return read(path, size, time)

    monkeypatch.setattr(folder, "read_unchanged", flaky)
    return names


def in_two_parts(base: Path) -> Study:
    raw = make_study(base).config.model_dump(exclude_none=True, mode="json")
    data = {
        "fit": {"source": "fashion-mnist:fit", "limit": 200},
        "eval": [{"source": part, "labels": f"{part}.csv"} for part in ("one", "two")],
    }
    config = parse_config({"networks": raw["networks"], "data": data, "methods": ["ols"]})
    return Study(config, out=base / "out", base=base)


def test_images_that_the_study_left_out_stay_out_though_they_can_be_read_now(
    tmp_path: Path, failing: set[str]
) -> None:
    failing |= {"one/3.png", "two/0.png"}
    study = in_two_parts(tmp_path)
    study.score()
    failing.clear()
    done = export(study, "small", "mobilenet_v2", to=tmp_path / "h.onnx")
    assert (done.images, done.ties) == (18, 0)


def test_an_image_that_can_not_be_read_any_more_is_named(tmp_path: Path, failing: set[str]) -> None:
    study = in_two_parts(tmp_path)
    study.score()
    failing.add("two/7.png")
    with pytest.raises(ExportError, match=r"features of two/7\.png, but it can't be read now"):
        export(study, "small", "mobilenet_v2", to=tmp_path / "h.onnx")
    assert not list(tmp_path.glob("h.*"))


def test_no_more_rows_are_read_than_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(tmp_path)
    study.score()
    monkeypatch.setattr("samefeatures.export.hybrids.CHECKED_IMAGES", 40)
    monkeypatch.setattr(StoredFeatures, "chunks", lambda *_: pytest.fail("all rows were read"))
    assert export(study, "small", "mobilenet_v2", to=tmp_path / "h.onnx").images == 40


def test_what_can_not_be_written_is_refused(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    with pytest.raises(ExportError, match=r"ends in '\.txt'"):
        export(study, "small", "mobilenet_v2", to=tmp_path / "h.txt")
    with pytest.raises(ExportError):
        export(study, "mobilenet_v2", "small", to=tmp_path / "h.pt2")
    with pytest.raises(MapError, match="no target 'who'"):
        export(study, "small", "who", to=tmp_path / "h.onnx")
    assert not list(tmp_path.glob("h.*"))


@pytest.mark.parametrize("change", [{"seed": 1}, {"mean": 0.9}])
def test_other_weights_or_preprocessing_are_fitted_anew(
    tmp_path: Path, change: dict[str, float]
) -> None:
    make_study(tmp_path).score()
    path = tmp_path / "out" / "maps" / "ols" / "small--mobilenet_v2.safetensors"
    before = AffineMap.load(path).weight
    changed = make_study(tmp_path, **change)  # type: ignore[arg-type]
    export(changed, "small", "mobilenet_v2", to=tmp_path / "h.onnx")
    assert not np.allclose(AffineMap.load(path).weight, before)


def test_a_place_that_can_not_be_written_is_said_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    place = _kept_if_right(tmp_path / "file" / "x.pt2")
    with pytest.raises(ExportError, match="Choose another place with --to"), place:
        pytest.fail("it was made")
