"""Hybrids on disk predict what the study says, or are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from samefeatures.base.errors import ExportError, MapError
from samefeatures.export.hybrids import Exported, export_hybrid
from samefeatures.images.decode import decode
from samefeatures.maps import AffineMap
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
    folder: Path, *, seed: int = 0, mean: float = 0.3, precision: str = "float32"
) -> Study:
    (folder / f"small_net_{seed}.py").write_text(MODULE.format(seed=seed))
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
    return Study(config, out=folder / "out", base=folder)


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


def test_a_torch_hybrid_as_onnx_and_as_module(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    study.score()
    for name in ("hybrid.onnx", "hybrid.pt2"):
        done = export(study, "small", "mobilenet_v2", to=tmp_path / name)
        assert done.images == 90
        assert done.path.exists()
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
