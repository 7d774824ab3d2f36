"""The facts of a network, for ``samefeatures check``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime

from npz_worlds import make_worlds, write_npz
from onnx_nets import CLASSES, D, gemm_net, save
from samefeatures.networks.load import load
from samefeatures.study.checking import check_networks


def test_facts_of_a_network_that_sees_images(tmp_path: Path) -> None:
    source = f"onnx:{save(gemm_net(), tmp_path / 'net')}"
    (check,) = check_networks([source])
    rows = check.rows()
    assert rows.pop("split").startswith("Gemm 'logits'; head(features(x)) off by ")
    assert rows == {
        "name": "net",
        "source": source,
        "features": str(D),
        "classes": str(CLASSES),
        "parameters": str(D * 28 + CLASSES * (D + 1)),
        "input": "(3, 16, 16), crop_pct 1.0, bilinear, center crop",
        "mean, std": "(0.5, 0.5, 0.5), (0.25, 0.25, 0.25)",
        "runtime": f"onnxruntime {onnxruntime.__version__}",
        "fingerprint": load(source).fingerprint[:16],
    }


def test_facts_of_features_from_outside(tmp_path: Path) -> None:
    world = make_worlds(n=40, m=30)["a"]
    write_npz(tmp_path, "x", world)
    (check,) = check_networks([f"npz:{tmp_path / 'x.npz'}"])
    rows = check.rows()
    assert (rows["features"], rows["classes"], rows["rows"]) == ("8", "5", "40 fit, 30 eval")
    logits = world["eval_features"] @ world["head_weight"].T + world["head_bias"]
    right = int(np.sum(logits.argmax(axis=1) == world["eval_labels"]))
    assert rows["own top-1"] == f"{100 * right / 30:.2f} % ({right} of 30)"
    assert not {"parameters", "input", "runtime", "split"} & set(rows)
