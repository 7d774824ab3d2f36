"""Hybrids on disk predict what the study says, or are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from samefeatures.errors import ExportError, MapError
from samefeatures.hybrids import export_hybrid
from samefeatures.maps import AffineMap
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


def make_study(folder: Path, *, seed: int = 0, mean: float = 0.3) -> Study:
    (folder / f"small_net_{seed}.py").write_text(MODULE.format(seed=seed))
    config = parse_config(
        {
            "networks": [
                {
                    "load": f"python:small_net_{seed}:small",
                    "input_size": [3, 28, 28],
                    "crop_pct": 1.0,
                    "mean": [mean] * 3,
                    "std": [0.35] * 3,
                },
                "mini:mobilenet_v2",
            ],
            "data": {
                "fit": {"source": "fashion-mnist:fit", "limit": 200},
                "eval": {"source": "fashion-mnist:eval", "limit": 90},
            },
            "methods": ["ols"],
        }
    )
    return Study(config, out=folder / "out", base=folder)


def test_a_torch_hybrid_as_onnx_and_as_module(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    study.score()
    for name in ("hybrid.onnx", "hybrid.pt2"):
        done = export_hybrid(study, "small", "mobilenet_v2", method="ols", to=tmp_path / name)
        assert done.images == 90
        assert done.path.exists()
    module = torch.export.load(tmp_path / "hybrid.pt2").module()
    assert module(torch.zeros(5, 3, 28, 28)).shape == (5, 10)


def test_what_can_not_be_written_is_refused(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    with pytest.raises(ExportError, match=r"ends in '\.txt'"):
        export_hybrid(study, "small", "mobilenet_v2", method="ols", to=tmp_path / "h.txt")
    with pytest.raises(ExportError):
        export_hybrid(study, "mobilenet_v2", "small", method="ols", to=tmp_path / "h.pt2")
    with pytest.raises(MapError, match="no target 'who'"):
        export_hybrid(study, "small", "who", method="ols", to=tmp_path / "h.onnx")
    assert not list(tmp_path.glob("h.*"))


@pytest.mark.parametrize("change", [{"seed": 1}, {"mean": 0.9}])
def test_other_weights_or_preprocessing_are_fitted_anew(
    tmp_path: Path, change: dict[str, float]
) -> None:
    make_study(tmp_path).score()
    path = tmp_path / "out" / "maps" / "ols" / "small--mobilenet_v2.safetensors"
    before = AffineMap.load(path).weight
    changed = make_study(tmp_path, **change)  # type: ignore[arg-type]
    export_hybrid(changed, "small", "mobilenet_v2", method="ols", to=tmp_path / "h.onnx")
    assert not np.allclose(AffineMap.load(path).weight, before)
