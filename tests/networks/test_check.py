"""The facts of a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from onnx_nets import CLASSES, D, gemm_net, save
from samefeatures.networks.check import summarise
from samefeatures.networks.load import load


def test_facts_of_a_network_that_sees_images(tmp_path: Path) -> None:
    network = load(f"onnx:{save(gemm_net(), tmp_path / 'net')}")
    facts = summarise(network)
    assert (facts.name, facts.dim, facts.classes, facts.rows) == ("net", D, CLASSES, None)
    assert facts.source.startswith("onnx:")
    assert facts.preprocessing is not None
    assert facts.preprocessing["input_size"] == (3, 16, 16)
    assert facts.split is not None
    assert facts.split.error < 1e-5
    assert facts.fingerprint == network.fingerprint
    assert facts.parameters == D * 28 + CLASSES * (D + 1)
    assert facts.runtime is not None
    assert facts.runtime.startswith("onnxruntime")


def test_facts_of_features_from_outside(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "x.npz",
        fit_features=np.ones((4, 3), np.float32),
        eval_features=np.ones((2, 3), np.float32),
        eval_labels=np.zeros(2, np.int64),
        head_weight=np.ones((5, 3), np.float32),
        head_bias=np.ones(5, np.float32),
    )
    facts = summarise(load(f"npz:{tmp_path / 'x.npz'}"))
    assert (facts.dim, facts.classes, facts.rows) == (3, 5, (4, 2))
    assert facts.parameters is facts.preprocessing is facts.runtime is facts.split is None
