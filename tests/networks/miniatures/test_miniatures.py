"""The miniatures that ship: their size, their accuracy, and what they score."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import samefeatures as sf
from samefeatures.networks.miniatures.catalogue import MINIATURES, NAMES
from samefeatures.scores.heads import score_heads

PROJECT = Path(__file__).parents[3]
WEIGHTS = Path(sf.__file__).parent / "networks" / "miniatures" / "weights"


def meta(name: str) -> dict[str, object]:
    loaded: dict[str, object] = json.loads((WEIGHTS / name / "meta.json").read_text())
    return loaded


def test_ten_with_different_dimensions_in_eight_megabytes() -> None:
    dims = [spec.feature_dim for spec in MINIATURES.values()]
    assert (
        len(MINIATURES) == len(set(dims)) == len({spec.seed for spec in MINIATURES.values()}) == 10
    )
    assert min(dims) >= 48
    assert sum(p.stat().st_size for p in WEIGHTS.rglob("*.onnx")) < 8e6


@pytest.mark.parametrize("name", NAMES)
def test_accuracy_per_epoch_is_kept_and_reaches_ninety(name: str) -> None:
    history = meta(name)["test_top1_per_epoch"]
    assert isinstance(history, list)
    assert len(history) == 12
    assert history[-1] >= 90
    assert f"{history[-1]:.2f}" in (PROJECT / "docs" / "miniatures.md").read_text()


@pytest.mark.parametrize("name", ["inception_v1", "nasnet"])
def test_the_shipped_network_scores_what_its_history_says(name: str) -> None:
    network = sf.load(f"mini:{name}")
    assert isinstance(network, sf.ImageNetwork)
    images = sf.open_images(sf.ImageSource(source="fashion-mnist:eval", limit=1000), labelled=True)
    pixels = np.stack([np.asarray(images.read(i).convert("RGB")) for i in range(1000)])  # type: ignore[union-attr]
    features = network.backend.features(network.preprocessing.normalise(pixels))
    assert images.labels is not None
    (score,) = score_heads([(features, images.labels)], [network.head])
    history = meta(name)["test_top1_per_epoch"]
    assert isinstance(history, list)
    assert abs(score.top1 - history[-1]) < 3  # a tenth of the test set
